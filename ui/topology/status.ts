import type { TopologyNodeWire } from '../../src/api/wire/index.ts';

/** The worst first. */
export const STATUSES: readonly string[] = ['failed', 'held', 'unknown', 'waiting', 'ok', 'skipped'];

const WORDS: Readonly<Record<string, string>> = { ok: 'in order' };

export function statusWord(status: string): string {
  return WORDS[status] ?? status;
}

/** How a node is, or the worst in it; undefined for what is not known to be in any way. */
export function statusOf(node: TopologyNodeWire): string | undefined {
  if ('status' in node) return node.status;
  if (!('counts' in node)) return undefined;
  const { counts } = node;
  return STATUSES.find((status) => (counts[status] ?? 0) > 0);
}

/** Where a node stands among others: the most troubled first. What is no trouble is all the same. */
export function rankOf(node: TopologyNodeWire): number {
  const status = statusOf(node) ?? 'ok';
  return status === 'skipped' ? STATUSES.indexOf('ok') : STATUSES.indexOf(status);
}
