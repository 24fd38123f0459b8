import { beforeAll, describe, expect, test } from 'vitest';
import { isForeignPage } from '../src/api/access/caller.ts';
import { localCaller } from '../src/api/access/local-caller.ts';
import { PageSessions } from '../src/api/access/page-sessions.ts';
import { tokenOf } from '../src/api/access/token.ts';
import { decodeBody } from '../src/api/body.ts';
import { oneLine } from '../src/api/client/one-line.ts';
import { fingerprintsOf } from '../src/api/identity/fingerprint.ts';
import { parseFirstJson } from '../src/api/legacy/first-value.ts';
import { decodePolicyUpdates, decodeUpdateSpec } from '../src/api/legacy/update-spec.ts';
import { negotiate } from '../src/api/negotiate.ts';
import { findRoute } from '../src/api/route.ts';
import { parseWaitMs } from '../src/api/v1/wait.ts';
import {
  createLogger,
  cut,
  dumpYaml,
  FluxError,
  formatScalar,
  goJson,
  matchGlob,
  messageOf,
  parseCsvLine,
  parseDuration,
  redact,
  retryAfterMs,
  suggest,
  systemClock,
} from '../src/base/index.ts';
import { diffLines } from '../src/base/text-diff.ts';
import { describeError } from '../src/cli/errors.ts';
import { printable, printableJson, printableLine } from '../src/cli/printable.ts';
import { painter } from '../src/cli/style.ts';
import { formatTable } from '../src/cli/table.ts';
import { errorFromStatus } from '../src/cluster/connection/status-error.ts';
import { commitMessage, parseAuthor } from '../src/git/message.ts';
import { parseLock } from '../src/manifests/helm/lock.ts';
import { REMOTE_CHART } from '../src/manifests/helm/remote-chart.ts';
import { setText } from '../src/manifests/helm/set-text.ts';
import { valuesFile } from '../src/manifests/helm/values-file.ts';
import { parseSignaturePolicy, parseSignatureRule, parseVersionRange } from '../src/policy/index.ts';
import { parseDockerConfig } from '../src/registry-watch/credentials/docker-config.ts';
import { processorMs } from './support/processor.ts';
import { sampled } from './support/sampled.ts';

/** What a text is made of: blanks, line ends, what begins something and does not end it, and what repeats a part of a pattern. */
const UNITS = [
  ...[
    ' ',
    '\n',
    '\r\n',
    ' \n',
    'a',
    'a ',
    '0',
    '"',
    "'",
    '\\',
    '\\"',
    '{',
    '[',
    '<',
    '/',
    '*',
    ',',
    '=',
    ':',
    '://',
    '@',
    '%',
    '- ',
    '.',
  ],
  ...['https://a:b', '&a ', '\0', '\u001b', '\u001b[', '\u001b]', '\u009b', '\ud800'],
  ...['bearer ', 'token=', '"token":"', ' is invalid: ', 'Invalid value: ', ': x', '\n@@ ', '1h', 'GMT '],
];

type Handle = (text: string) => unknown;
const paint = painter({ env: {}, colour: false }, { isTTY: false, write: () => true });
const path = '/api/v1/syncs/{id}';
const callerWith = (text: string) => ({
  localAddress: '127.0.0.1',
  remoteAddress: '127.0.0.1',
  encrypted: false,
  hosts: [text],
  headers: { origin: text, 'sec-fetch-site': text },
});
const pageSessions = new PageSessions(systemClock);
const route = { methods: ['GET'], path, access: 'authorized', handle: () => ({ status: 200 }) } as const;
let log: Handle;
beforeAll(async () => {
  const { PassThrough } = await import('node:stream');
  const logger = await createLogger({ format: 'fmt', destination: new PassThrough().resume() });
  log = (text) => logger.info({ [text.slice(0, 100)]: text, err: text }, text);
});

/** Every function of base, api and cli that is given text from outside, and those of other rooms that look through it with patterns. */
const HANDLERS: Readonly<Record<string, Handle>> = {
  printable,
  printableLine,
  oneLine,
  printableJson: (text) => printableJson(JSON.stringify(text)),
  formatTable: (text) => formatTable([[text, 'b']]),
  diffLines: (text) => diffLines(text.split('\n'), `${text}\nb`.split('\n')),
  describeError: (text) => describeError(new FluxError(text, { code: 'api/remote', help: text }), 'fluxctl', paint),
  cut,
  redact,
  messageOf: (text) => messageOf(new Error(text)),
  goJson,
  dumpYaml: (text) => dumpYaml({ a: text }),
  formatScalar: (text) => formatScalar(text),
  matchGlob: (text) => matchGlob('*a*b*/c*', text),
  matchGlobPattern: (text) => matchGlob(text, 'example.org/shop/cart:1.2.3'),
  parseCsvLine,
  parseDuration,
  retryAfterMs: (text) => retryAfterMs(text, { now: 0, maxMs: 1 }),
  suggest: (text) => suggest(text, ['list-workloads', 'release']),
  log: (text) => log(text),
  decodeBody: (text) => decodeBody(Buffer.from(text)),
  parseFirstJson,
  parseFirstJsonOfText: (text) => parseFirstJson(JSON.stringify(text) + text),
  decodeUpdateSpec: (text) => decodeUpdateSpec(JSON.stringify({ type: text, cause: { Message: text, User: text }, spec: text })),
  decodePolicyUpdates: (text) => decodePolicyUpdates(JSON.stringify({ [text]: { add: { [text]: text } } })),
  fingerprintsOf,
  negotiate: (text) => negotiate(text, ['application/json', 'text/plain']),
  tokenOf: (text) => tokenOf({ authorization: text }),
  bearerOf: (text) => tokenOf({ authorization: `Bearer ${text}` }),
  localCaller: (text) => localCaller({ sessions: pageSessions, may: 'full' })(callerWith(text)),
  pageSession: (text) => pageSessions.has(text, text),
  pageCode: (text) => pageSessions.exchange(text, text),
  isForeignPage: (text) => isForeignPage(callerWith(text)),
  findRoute: (text) => findRoute([route], 'GET', `/api/v1/syncs/${text}`, new URLSearchParams()),
  parseWaitMs,
  commitMessage: (text) => commitMessage(text, text, 'job'),
  parseAuthor: (text) => parseAuthor(text, { name: 'a', email: 'b' }),
  parseSignaturePolicy: (text) => parseSignaturePolicy(`cosign-keyless:${text}@https://a`),
  parseSignatureRule: (text) => parseSignatureRule(`a.b/${text}=cosign:a`),
  parseVersionRange: (text) => parseVersionRange(text)?.(text),
  ociChart: (text) => REMOTE_CHART.safeParse(`oci://a/${text}`),
  repositoryChart: (text) => REMOTE_CHART.safeParse({ repository: `https://a/${text}`, name: text }),
  parseLock,
  setText: (text) => setText([text], text, false),
  valuesFile: (text) => valuesFile({ name: 'a', text, literal: false }),
  parseDockerConfig: (text) =>
    parseDockerConfig(JSON.stringify({ auths: { [text]: { auth: Buffer.from(`${text}x`).toString('base64') } } }), 'x'),
  errorFromStatus: (text) =>
    errorFromStatus(422, { kind: 'Status', message: text, details: { causes: [{ message: text }] } }, '/'),
};

const KIB = 1024;
/** A megabyte that is done in this time needs no comparison: what is quadratic takes seconds. */
const AT_ONCE_MS = 150;
/** What else the machine does falls on one of two times; not always on the same. */
const TRIES = 10;

const textOf = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);

function take(handle: Handle, text: string): void {
  try {
    handle(text);
  } catch (error) {
    // What is refused takes time as well.
    if (!(error instanceof Error)) throw error;
  }
}

/** Why its time grows faster than its text; undefined when it does not. */
function excess(handle: Handle, unit: string): string | undefined {
  const [small, large] = [textOf(unit, 100 * KIB), textOf(unit, KIB * KIB)];
  const first = processorMs(() => take(handle, small));
  if (first > 1000) return `100 KiB take ${first.toFixed()} ms`;
  let why = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    const largeMs = processorMs(() => take(handle, large));
    if (largeMs <= AT_ONCE_MS) return undefined;
    // Of as much text in ten pieces, which leaves as much garbage.
    const tenMs = processorMs(() => {
      for (let n = 0; n < 10; n += 1) take(handle, small);
    });
    if (largeMs <= 1.2 * tenMs) return undefined;
    why = `100 KiB take ${(tenMs / 10).toFixed(1)} ms, 1 MiB takes ${largeMs.toFixed()} ms`;
  }
  return why;
}

describe('S-032: the time for text from outside grows with its length, and not faster', () => {
  const units = sampled('kinds of text', UNITS, 3);

  test.each(Object.entries(HANDLERS))('%s', (_, handle) => {
    const slow = units.flatMap((unit) => {
      const why = excess(handle, unit);
      return why === undefined ? [] : [`${JSON.stringify(unit)}: ${why}`];
    });
    expect(slow).toEqual([]);
  });
});
