import type { Unverified } from '../../repository/index.ts';
import type { NextStep } from './answer.ts';

/** What to do about deletions that are held. */
export const APPROVE: NextStep = { text: 'fluxctl gc lists what is held, and approves it.' };

/** What to do about a number of replicas that another manager holds. */
export const SCALE_ONCE: NextStep = {
  text: 'Scale the object to the number in Git once, or remove spec.replicas from the file.',
};

/** What happens to an object that is applied after others. */
export const AFTER_OTHERS: NextStep = { text: 'It is applied as soon as what it waits for allows it.' };

/** What to do about a signature that is refused. */
export function haveSigned({ tag }: Pick<Unverified, 'tag'>): NextStep {
  return { text: `Have the ${tag === undefined ? 'commit' : 'tag'} signed by a trusted key, or trust its key.` };
}
