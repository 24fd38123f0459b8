import type { LiveReads } from '../../controller/index.ts';
import { badRequest } from '../status.ts';
import { textParameter } from '../v1/index.ts';
import { MAX_TAIL_LINES, TAIL_LINES } from '../wire/index.ts';

type Question = Parameters<LiveReads['logs']>[0];

/** What a request asks of a log. */
export type AskedLog = Pick<Question, 'pod' | 'container' | 'previous' | 'follow' | 'tailLines' | 'sinceTime'>;

/** RFC 3339, as Kubernetes reads it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** @throws FluxError `api/bad-request`. */
export function logQueryOf(query: URLSearchParams): AskedLog {
  const [pod, container] = [textParameter(query, 'pod'), textParameter(query, 'container')];
  if (pod === undefined || container === undefined)
    throw badRequest('the query does not name a container', { help: 'Give it: &pod=cart-5d4f-x2x9k&container=cart.' });
  const previous = flagOf(query, 'previous');
  const sinceTime = timeOf(query);
  const tailLines = linesOf(query) ?? (sinceTime === undefined ? TAIL_LINES : undefined);
  return {
    pod,
    container,
    previous,
    // A container that ended writes nothing more.
    follow: flagOf(query, 'follow') && !previous,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

function flagOf(query: URLSearchParams, name: string): boolean {
  const value = textParameter(query, name) ?? 'false';
  if (value !== 'true' && value !== 'false') throw badRequest(`${name} is neither true nor false`);
  return value === 'true';
}

function timeOf(query: URLSearchParams): string | undefined {
  const value = textParameter(query, 'sinceTime');
  if (value !== undefined && (!TIME.test(value) || Number.isNaN(Date.parse(value))))
    throw badRequest('sinceTime is no time', { help: 'Give it as in RFC 3339: 2030-01-31T12:00:00Z.' });
  return value;
}

function linesOf(query: URLSearchParams): number | undefined {
  const value = textParameter(query, 'tailLines');
  if (value === undefined) return undefined;
  const lines = Number(value);
  if (!/^\d+$/.test(value) || lines > MAX_TAIL_LINES) throw badRequest(`tailLines is not a number from 0 to ${MAX_TAIL_LINES}`);
  return lines;
}
