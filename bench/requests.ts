import type { Recorded } from '../test/e2e/harness/api-proxy.ts';

/** What one request asks for. */
export type Sort =
  /** Metadata or whole objects of one kind, in pages or as the first events of a watch. */
  | 'list'
  /** A further page of a list. */
  | 'page'
  /** A watch from a version that is known; the daemon reopens each every 45 s. */
  | 'watch'
  /** One object is read. */
  | 'object read'
  /** One object is written. */
  | 'object write'
  /** Discovery, version, readiness. */
  | 'other';

const COLLECTION = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?[^/]+$/;
const OBJECT = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?[^/]+\/[^/]+(?:\/[^/]+)?$/;
const NAMESPACE = /^\/api\/v1\/namespaces\/[^/]+$/;

export function sortOf({ method, path, query, watch }: Pick<Recorded, 'method' | 'path' | 'query' | 'watch'>): Sort {
  if (method !== 'GET') return 'object write';
  if (watch) return query.get('sendInitialEvents') === 'true' ? 'list' : 'watch';
  if (NAMESPACE.test(path)) return 'object read';
  if (COLLECTION.test(path)) return query.has('continue') ? 'page' : 'list';
  return OBJECT.test(path) ? 'object read' : 'other';
}

export type RequestCounts = Readonly<Partial<Record<Sort, number>>>;

export function countRequests(requests: readonly Recorded[]): RequestCounts {
  const counts: Partial<Record<Sort, number>> = {};
  for (const request of requests) counts[sortOf(request)] = (counts[sortOf(request)] ?? 0) + 1;
  return counts;
}

/** How many requests there were of everything but watches that were opened again, which time brings and not work. */
export function total({ watch: _, ...counts }: RequestCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function perObject(counts: RequestCounts): number {
  return (counts['object read'] ?? 0) + (counts['object write'] ?? 0);
}

/** Lists of each collection. */
export function listsByKind(requests: readonly Recorded[]): ReadonlyMap<string, number> {
  const lists = new Map<string, number>();
  for (const request of requests) {
    if (sortOf(request) === 'list') lists.set(request.path, (lists.get(request.path) ?? 0) + 1);
  }
  return lists;
}

export function describeCounts(counts: RequestCounts): string {
  const parts = Object.entries(counts).map(([sort, count]) => `${count} ${sort}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}
