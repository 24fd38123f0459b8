import type { LiveObjectWire } from '../../src/api/wire/index.ts';
import { plural } from '../text/sentence.ts';

export type LiveField = LiveObjectWire['fields'][number];

export const TOO_LARGE = 'The object is too large to be compared field by field.';
export const HIDDEN = 'Its values are not shown, because the object is a Secret, or made of encrypted files.';

/** What a person would look at first: neither what is as in Git, nor what the API server filled in. */
export function isDifferent({ state }: LiveField): boolean {
  return state !== 'same' && state !== 'default';
}

/** How the object in the cluster compares with Git, in one or two sentences. */
export function summaryOf({ exists, hidden, fields, isCut }: LiveObjectWire): string {
  if (!exists) return 'The cluster does not have this object.';
  if (isCut && fields.length === 0) return TOO_LARGE;
  if (hidden !== undefined) return HIDDEN;
  const count = (state: string) => fields.filter((field) => field.state === state).length;
  const [differs, missing, added, defaults] = [count('differs'), count('missing'), count('added'), count('default')];
  const parts = [
    ...(differs > 0 ? [`${plural(differs, 'field')} ${differs === 1 ? 'differs' : 'differ'} from Git`] : []),
    ...(missing > 0 ? [`${plural(missing, 'field')} of Git ${missing === 1 ? 'is' : 'are'} missing`] : []),
    ...(added > 0 ? [`${plural(added, 'field')} ${added === 1 ? 'was' : 'were'} set by others`] : []),
  ];
  const none = isCut ? 'Every field that is shown is as in Git.' : 'Every field is as in Git.';
  const first = parts.length === 0 ? none : `${parts.join(', ')}.`;
  return defaults === 0 ? first : `${first} The API server filled in ${plural(defaults, 'default')}.`;
}
