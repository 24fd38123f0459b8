import * as z from 'zod';
import { badRequest } from '../status.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * How many entries a page holds: the parameter `limit`.
 * @throws FluxError `api/bad-request`.
 */
export function parseLimit(query: URLSearchParams): number {
  const limit = query.get('limit');
  if (limit === null) return DEFAULT_LIMIT;
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT)
    throw badRequest(`limit ${JSON.stringify(limit.slice(0, 20))} is not a number from 1 to ${MAX_LIMIT}`);
  return Number(limit);
}

/** Where the next page begins, as text that means nothing to clients. */
export function formatCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position in the parameter `cursor`, or undefined for the first page.
 * @throws FluxError `api/bad-request` for what no answer of ours named.
 */
export function parseCursor<T>(query: URLSearchParams, schema: z.ZodType<T>): T | undefined {
  const cursor = query.get('cursor');
  if (cursor === null) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw badRequest('the cursor is none that an answer named', {
      help: 'Send the value of `next` of the page before, as it is, or none for the first page.',
      cause,
    });
  }
}

const keyCursor = z.object({ after: z.string() });

/** A page of a list that is sorted by its keys. Goes on after the last key, so nothing is told twice or left out that stays in the list. */
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
