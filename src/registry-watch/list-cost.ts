import { FluxError } from '../base/index.ts';
import type { ImageTarget } from '../image/index.ts';
import { BudgetSpent, type Spending, type Use } from './spending.ts';

/** What the next tag list of a repository takes of the budget of its host, as far as is known. */
export interface ListCost {
  /** Its requests: those of the last one, or about as many if that was left before its end. */
  readonly requests: number;
  /** Whether it has had its turn: its requests were charged, but none was sent. */
  readonly isPaid: boolean;
}

export const UNKNOWN_COST: ListCost = { requests: 1, isPaid: false };

/** What the `sent`-th request of a list takes: the first one begins those that are known, and more come one by one. */
export function partOf({ requests, isPaid }: ListCost, sent: number): Pick<Use, 'requests' | 'isBegun'> {
  const rest = requests - sent + 1;
  return { requests: rest > 0 ? rest : undefined, isBegun: isPaid || sent > 1 };
}

/** What is known after a list of which so many requests were tried, and which ended with the error, if it did. */
export function costAfter(cost: ListCost, sent: number, error?: unknown): ListCost {
  const { requests } = cost;
  if (error === undefined) return { requests: sent, isPaid: false };
  if (!(error instanceof BudgetSpent)) return { requests, isPaid: false };
  // Its end is not known: twice as many at a time, until it is.
  if (sent > requests) return { requests: 2 * sent, isPaid: false };
  return { requests, isPaid: error.isPaid || cost.isPaid || sent > 1 };
}

/** The turn of the next tag list of a repository. One that its share of a window cannot pay comes last, of what others leave. */
export function listTurn({ requests, isPaid }: ListCost, { isIdle = false }: ImageTarget, spending: Spending): Use {
  const purpose = isIdle ? 'other' : 'running';
  return { kind: 'tags', purpose: spending.fits(purpose, requests) ? purpose : 'spare', requests, isBegun: isPaid };
}

/** Why the tag list of a repository is not read: it takes more requests than its host leaves. Undefined if it is read in time. */
export function tooLarge(cost: ListCost, target: ImageTarget, spending: Spending): FluxError | undefined {
  const { budget } = spending;
  const turn = listTurn(cost, target, spending);
  if (!budget || turn.purpose !== 'spare' || Number.isFinite(spending.waitFor(turn))) return undefined;
  return new FluxError(
    `the tag list of ${target.name} has too many pages for the limit of its host: ${budget.limit} requests in ${spanOf(budget.windowMs)}`,
    {
      code: 'registry/list-too-large',
      fault: 'user',
      help: 'Delete old tags, or give fluxd a credential for which the registry allows more requests. Other images of this host are scanned first.',
    },
  );
}

function spanOf(ms: number): string {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? ['s', 1000];
  return `${Math.round(ms / length)} ${unit}`;
}

const UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
] as const;
