import { badRequest } from '../status.ts';

/** Limit of a parameter, in characters. */
const MAX_LENGTH = 4096;

/**
 * A text in the query of a URL; undefined if it is absent or empty.
 * @throws FluxError `api/bad-request` for a long one.
 */
export function textParameter(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name) ?? '';
  if (value.length > MAX_LENGTH) throw badRequest(`${name} is longer than ${MAX_LENGTH} characters`);
  return value === '' ? undefined : value;
}
