/** The parents of each commit that is not in the history of an accepted revision. */
export type Range = ReadonlyMap<string, readonly string[]>;

/** A commit in the order in which it is verified. */
export interface OrderedCommit {
  readonly commit: string;
  /** Whether the branch may stop at it, once it and all before it are valid. */
  readonly isState: boolean;
}

export interface OrderOptions {
  readonly head: string;
  /** The accepted revision; undefined for the whole history. */
  readonly from: string | undefined;
  readonly mode: 'first-parent' | 'all';
}

/**
 * The order in which the commits of a range are verified. The branch is followed along first parents, since only these commits were its
 * head; each comes after the commits that it merged. The branch may not stop at one that lacks the accepted revision, which would take
 * back what is accepted.
 */
export function acceptanceOrder(
  range: Range,
  { head, from, mode }: OrderOptions,
): { readonly total: number; readonly commits: Iterable<OrderedCommit> } {
  const chain: string[] = [];
  for (let at: string | undefined = head; at !== undefined && range.has(at); at = range.get(at)?.[0]) chain.push(at);
  chain.reverse();
  return { total: mode === 'all' ? range.size : chain.length, commits: inOrder() };

  function* inOrder(): Iterable<OrderedCommit> {
    const seen = new Set<string>();
    let contains = from === undefined || !descendsFrom(range, from);
    for (const commit of chain) {
      for (const brought of broughtBy(commit, range, seen)) {
        contains ||= from !== undefined && range.get(brought)?.includes(from) === true;
        if (brought === commit) yield { commit, isState: contains };
        else if (mode === 'all') yield { commit: brought, isState: false };
      }
    }
  }
}

/** Whether the head of the range has the accepted revision in its history. */
export function descendsFrom(range: Range, accepted: string): boolean {
  for (const parents of range.values()) if (parents.includes(accepted)) return true;
  return false;
}

/** The commits of the range that came with this one, parents first, so that it is the last. */
function* broughtBy(commit: string, range: Range, seen: Set<string>): Iterable<string> {
  const open: { readonly commit: string; next: number }[] = [];
  const enter = (each: string) => {
    seen.add(each);
    open.push({ commit: each, next: 0 });
  };
  enter(commit);
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const parent = range.get(last.commit)?.[last.next];
    last.next += 1;
    if (parent !== undefined) {
      if (range.has(parent) && !seen.has(parent)) enter(parent);
    } else {
      open.pop();
      yield last.commit;
    }
  }
}
