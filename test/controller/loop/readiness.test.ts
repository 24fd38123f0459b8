import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { following, leading, UNDECIDED, unknown } from '../../../src/controller/leadership/leadership.ts';
import { readinessOf } from '../../../src/controller/loop/readiness.ts';

const error = (code: string, message: string) => new FluxError(message, { code });
const down = error('git/unreachable', 'could not read from remote');
const noBranch = error('git/branch-missing', "configured branch 'main' does not exist");
const readOnly = error('git/not-writable', 'attempt to push: denied');
const noServer = error('cluster/unreachable', 'API server https://10.0.0.1: connect ECONNREFUSED');
const LEADS = [UNDECIDED, leading(new AbortController().signal)];
const ready = { status: 'ready' } as const;

test.each([
  [
    'before the first fetch',
    { applied: undefined, failure: undefined },
    { status: 'new' },
    'Git: the repository was not fetched yet',
  ],
  ['before the first sync', { applied: undefined, failure: undefined }, ready, 'the first sync has not ended yet'],
  [
    'Git was never there',
    { applied: undefined, failure: undefined },
    { status: 'unreachable', error: down },
    `Git: ${down.message}`,
  ],
  [
    'Git is gone after syncs',
    { applied: 'a', failure: undefined },
    { status: 'unreachable', error: down },
    `Git: ${down.message}`,
  ],
  ['the branch is gone', { applied: 'a', failure: undefined }, { status: 'cloned', error: noBranch }, `Git: ${noBranch.message}`],
  ['the API server is gone', { applied: 'a', failure: noServer }, ready, `last sync: ${noServer.message}`],
  [
    'both are gone',
    { applied: 'a', failure: noServer },
    { status: 'unreachable', error: down },
    `Git: ${down.message}; last sync: ${noServer.message}`,
  ],
] as const)('not ready: %s', (_case, progress, state, reason) => {
  for (const leadership of LEADS) expect(readinessOf(progress, state, leadership)).toEqual({ ready: false, reason });
});

test.each([
  ['after a sync', { applied: 'a', failure: undefined }, ready],
  ['without a repository', { applied: undefined, failure: undefined }, { status: 'unconfigured' }],
  ['when Git takes no pushes', { applied: 'a', failure: undefined }, { status: 'cloned', error: readOnly }],
] as const)('ready: %s', (_case, progress, state) => {
  for (const leadership of LEADS) expect(readinessOf(progress, state, leadership)).toEqual({ ready: true, reason: '' });
});

test('who waits for a window is ready, and says so', () => {
  const waiting = 'revision abc waits';
  for (const applied of [undefined, 'a'])
    expect(readinessOf({ applied, failure: undefined, waiting }, ready, UNDECIDED)).toEqual({ ready: true, reason: waiting });
  expect(readinessOf({ applied: 'a', failure: noServer, waiting }, ready, UNDECIDED)).toEqual({
    ready: false,
    reason: `last sync: ${noServer.message}; ${waiting}`,
  });
});

const waits = following('flux-1');

test('who waits for another to stop is ready once it has fetched, so that a rolling update ends', () => {
  const nothing = { applied: undefined, failure: undefined };
  expect(readinessOf(nothing, ready, waits)).toEqual({ ready: true, reason: '' });
  expect(readinessOf({ applied: 'a', failure: noServer }, ready, waits)).toEqual({ ready: true, reason: '' });
  const reason = `Git: ${down.message}`;
  expect(readinessOf(nothing, { status: 'unreachable', error: down }, waits)).toEqual({ ready: false, reason });
});

test('who can neither lead nor find out who does is not ready', () => {
  const cutOff = unknown(noServer);
  const reason = `lease: ${noServer.message}`;
  expect(readinessOf({ applied: 'a', failure: undefined }, ready, cutOff)).toEqual({ ready: false, reason });
  expect(readinessOf({ applied: undefined, failure: undefined }, ready, cutOff)).toEqual({ ready: false, reason });
});
