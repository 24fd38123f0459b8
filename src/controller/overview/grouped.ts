import { yieldTurn } from '../../base/index.ts';
import { LINK_STATES } from '../why/answer.ts';
import { SHOWN_OBJECTS, type Trouble } from './trouble.ts';

/** Troubles between two turns of the event loop; each takes about a microsecond. */
const PER_TURN = 5_000;

/** A thousand objects with one cause are one trouble. The worst come first, and of equal ones the newest. */
export async function grouped(troubles: Iterable<Trouble>): Promise<readonly Trouble[]> {
  const groups = new Map<string, Trouble>();
  let seen = 0;
  for (const trouble of troubles) {
    seen += 1;
    if (seen % PER_TURN === 0) await yieldTurn();
    const { code, source = '', text, next, place = '' } = trouble;
    const key = [code, source, place, next?.text, text].join('\0');
    const group = groups.get(key);
    groups.set(key, group ? joined(group, trouble) : trouble);
  }
  return [...groups.values()].sort(
    (a, b) => LINK_STATES.indexOf(a.state) - LINK_STATES.indexOf(b.state) || (b.since ?? 0) - (a.since ?? 0),
  );
}

function joined(group: Trouble, { objects, count, since }: Trouble): Trouble {
  const first = group.since === undefined || since === undefined ? group.since : Math.min(group.since, since);
  return {
    ...group,
    objects: group.objects.length < SHOWN_OBJECTS ? [...group.objects, ...objects].slice(0, SHOWN_OBJECTS) : group.objects,
    count: group.count + count,
    ...(first === undefined ? {} : { since: first }),
  };
}
