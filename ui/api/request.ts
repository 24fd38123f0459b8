import type { ErrorWire, ProblemWire } from '../../src/api/wire/index.ts';
import { type Answer, UNREADABLE } from './answer.ts';

/** Relative to the page, which may be behind the path of a proxy. */
const API = '../api';
const PATIENCE_MS = 10_000;

export interface Request {
  /** That of Flux v1, or by default the new one. */
  readonly api?: 'flux' | 'v1';
  /** Below `/api/v1`, with a query. */
  readonly path: string;
  /** For `Authorization: Bearer`; absent before there is a session. */
  readonly token?: string | undefined;
  /** Sent as JSON by POST. */
  readonly body?: object;
  readonly method?: 'DELETE';
  /** How long the answer may take, in milliseconds. */
  readonly patienceMs?: number;
  /** Lists that an answer has to have, or it cannot be read. */
  readonly lists?: readonly string[];
}

/** Sends a request and reads the answer. Never throws: what fails is part of the answer. */
export async function request<T>({
  api = 'v1',
  path,
  token,
  body,
  method,
  patienceMs = PATIENCE_MS,
  lists = [],
}: Request): Promise<Answer<T>> {
  try {
    const response = await fetch(`${API}/${api}${path}`, {
      method: method ?? (body ? 'POST' : 'GET'),
      headers: { Accept: 'application/json', ...headersOf(token), ...(body ? { 'Content-Type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(patienceMs),
    });
    const answer = await answerOf<T>(response);
    return answer.kind !== 'ok' || hasLists(answer.value, lists) ? answer : { kind: 'unreachable', problem: UNREADABLE };
  } catch {
    return { kind: 'unreachable' };
  }
}

export function headersOf(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** A proxy answers in place of a daemon that is gone, in other words than ours. */
export async function answerOf<T>(response: Response): Promise<Answer<T>> {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.status === 204) return { kind: 'ok', value: undefined as T };
  if (response.ok && type.startsWith('application/json')) return { kind: 'ok', value: (await response.json()) as T };
  const problem = await problemOf(response, type);
  if (!problem) return { kind: 'unreachable' };
  if (typeof problem.detail !== 'string' || typeof problem.code !== 'string') return { kind: 'unreachable', problem: UNREADABLE };
  return problem.status >= 500 || problem.status === 429 ? { kind: 'unreachable', problem } : { kind: 'refused', problem };
}

/** Undefined for what is no error of fluxd. */
async function problemOf(response: Response, type: string): Promise<ProblemWire | undefined> {
  if (type.startsWith('application/problem+json')) return (await response.json()) as ProblemWire;
  if (response.ok || !type.startsWith('application/json')) return undefined;
  const body: Partial<ErrorWire> = Object(await response.json());
  // Flux v1's errors; their help repeats the message. Errors of proxies are JSON as well.
  if (typeof body.type !== 'string' || typeof body.help !== 'string') return undefined;
  return { type: 'about:blank', title: '', status: response.status, detail: body.error ?? body.help, code: 'api/flux-v1' };
}

function hasLists(value: unknown, lists: readonly string[]): boolean {
  const fields = new Map(Object.entries(Object(value)));
  return lists.every((name) => Array.isArray(fields.get(name)));
}

/** A stream of events at a path below `/api/v1`, which stays open, or why there is none. Never throws. */
export async function openEvents(path: string, token: string, signal: AbortSignal): Promise<Answer<ReadableStream<Uint8Array>>> {
  try {
    const response = await fetch(`${API}/v1${path}`, { headers: headersOf(token), signal, cache: 'no-store' });
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok && response.body !== null && type.startsWith('text/event-stream'))
      return { kind: 'ok', value: response.body };
    const answer = await answerOf<unknown>(response);
    return answer.kind === 'ok' ? { kind: 'unreachable', problem: UNREADABLE } : answer;
  } catch {
    return { kind: 'unreachable' };
  }
}

/** Pages of one list; a list that is longer is cut. */
const MAX_PAGES = 60;

/** A page of a list, whose entries are in `Key`. */
export type Paged<Key extends string> = { readonly next?: string | undefined } & { readonly [K in Key]: readonly unknown[] };

/** Reads all pages of a list one after the other, and puts the entries of all in the last one. */
export async function readAll<Key extends string, Page extends Paged<Key>>(
  path: string,
  token: string,
  key: Key,
): Promise<Answer<Page>> {
  const entries: unknown[] = [];
  let cursor: string | undefined;
  for (let pages = 0; ; pages += 1) {
    const from: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await request<Page>({ path: `${path}?limit=1000${from}`, token, lists: [key] });
    if (answer.kind !== 'ok') return answer;
    entries.push(...answer.value[key]);
    cursor = answer.value.next;
    if (cursor === undefined || pages === MAX_PAGES) return { kind: 'ok', value: { ...answer.value, [key]: entries } };
  }
}
