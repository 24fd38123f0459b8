import { type Clock, timeOfDay } from '../base/index.ts';
import type { ImageTarget, RegistryBudget, RegistryHost } from '../image/index.ts';
import type { Credential } from './credentials/index.ts';
import type { RepositoryState } from './repository.ts';
import type { Scan } from './scan.ts';

interface Scanned {
  readonly host: string;
  readonly target: ImageTarget;
  readonly state: RepositoryState;
}

/** Sums up the scans of all repositories by host, and the budgets by account. */
export function hostsOf(
  entries: Iterable<Scanned>,
  { scan, clock }: { readonly scan: Pick<Scan, 'spending' | 'blockedUntil'>; readonly clock: Clock },
): readonly RegistryHost[] {
  const summed = [...Map.groupBy(entries, ({ host }) => host)].map(([name, each]): RegistryHost => {
    const accounts = new Map(each.map((entry) => [entry.state.accepted?.id, entry]));
    const blockedUntil = scan.blockedUntil(each[0]?.target.name ?? '');
    return {
      name,
      repositories: each.length,
      failed: each.filter(({ state }) => state.error !== undefined).length,
      ...(blockedUntil > clock.monotonic() ? { blockedUntil: timeOfDay(clock, blockedUntil) } : {}),
      budgets: [...accounts.values()].flatMap(({ state, target }) => budgetOf(state, target, scan, clock)),
    };
  });
  return summed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function budgetOf(
  state: RepositoryState,
  target: ImageTarget,
  scan: Pick<Scan, 'spending'>,
  clock: Clock,
): readonly RegistryBudget[] {
  const spending = scan.spending(state, target);
  const { budget } = spending;
  if (!budget) return [];
  const { limit, remaining, windowMs, resetAt } = budget;
  return [
    {
      ...(state.accepted ? { account: accountOf(state.accepted) } : {}),
      limit,
      remaining,
      windowMs,
      ...(resetAt === undefined ? {} : { resetAt: timeOfDay(clock, resetAt) }),
      countsLists: spending.isCounted('tags'),
    },
  ];
}

function accountOf({ username, source }: Credential): string {
  return `${username} (${source})`;
}
