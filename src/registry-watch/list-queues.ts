import type { Clock } from '../base/index.ts';
import { listTurn } from './list-cost.ts';
import type { Scan } from './scan.ts';
import type { Queues } from './turns.ts';
import type { Watched } from './watched.ts';

/** Queues of repositories whose tag lists count against the same budget, and have not had their turn. */
export function listQueues(scan: Pick<Scan, 'spending'>, clock: Clock): Queues<Watched> {
  const spendingOf = ({ target, state }: Watched) => scan.spending(state, target);
  const turnOf = (entry: Watched) => listTurn(entry.state.listCost, entry.target, spendingOf(entry));
  return {
    keyOf(entry) {
      const { purpose, isBegun } = turnOf(entry);
      return `${entry.host} ${isBegun ? 'begun' : purpose} ${entry.state.accepted?.id ?? ''}`;
    },
    queueOf(entry) {
      const spending = spendingOf(entry);
      const turn = turnOf(entry);
      if (turn.isBegun || !spending.isCounted('tags')) return undefined;
      return { opensAt: clock.monotonic() + spending.waitFor(turn), spacingMs: spending.spacing(turn.purpose) };
    },
    requestsOf: ({ state }) => state.listCost.requests,
  };
}
