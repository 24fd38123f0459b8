import * as z from 'zod';
import { badRequest } from '../status.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * The page size, from the parameter `limit`.
 * @throws FluxError `api/bad-request`.
 */
export function parseLimit(query: URLSearchParams): number {
  const limit = query.get('limit');
  if (limit === null) return DEFAULT_LIMIT;
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT)
    throw badRequest(`limit ${JSON.stringify(limit.slice(0, 20))} is not a number from 1 to ${MAX_LIMIT}`);
  return Number(limit);
}

/** The start of the next page, as an opaque string. */
export function formatCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position from the parameter `cursor`, or undefined for the first page.
 * @throws FluxError `api/bad-request` for a cursor that we did not issue.
 */
export function parseCursor<T>(query: URLSearchParams, schema: z.ZodType<T>): T | undefined {
  const cursor = query.get('cursor');
  if (cursor === null) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw badRequest('invalid cursor', {
      help: 'Send the value of `next` of the previous page unchanged, or no cursor for the first page.',
      cause,
    });
  }
}

const keyCursor = z.object({ after: z.string() });

/** A page of a list sorted by key. Continues after the last key, so that entries that stay in the list are neither repeated nor skipped. */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (entry: T) => string,
  query: URLSearchParams,
): { readonly entries: readonly T[]; readonly next?: string } {
  const limit = parseLimit(query);
  const after = parseCursor(query, keyCursor)?.after;
  const start = after === undefined ? 0 : sorted.findIndex((entry) => keyOf(entry) > after);
  const entries = start < 0 ? [] : sorted.slice(start, start + limit);
  const last = entries.at(-1);
  const isLast = start < 0 || last === undefined || start + limit >= sorted.length;
  return { entries, ...(isLast ? {} : { next: formatCursor({ after: keyOf(last) }) }) };
}
