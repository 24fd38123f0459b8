import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { askHelper } from '../../src/registry-watch/credentials/credential-helper.ts';
import { runProcess } from '../../src/sandbox/child-process/run-process.ts';

/** What the next call of spawn comes to, in place of a process. */
const outcome = vi.hoisted((): { next: (() => object) | undefined } => ({ next: undefined }));

vi.mock(import('node:child_process'), async (original) => {
  const real = await original();
  const spawn = (...args: Parameters<typeof real.spawn>) => outcome.next?.() ?? real.spawn(...args);
  return { ...real, spawn: spawn as typeof real.spawn };
});
afterEach(() => {
  outcome.next = undefined;
});

/** As Node has it without a free file descriptor: no streams, and an event. */
function withoutStreams(): object {
  const child = Object.assign(new EventEmitter(), { kill: () => false });
  process.nextTick(() => child.emit('error', new Error('spawn EMFILE')));
  return child;
}

/** As Node has it without memory. */
function thrown(): never {
  throw new Error('spawn ENOMEM');
}

test.each([
  ['without a free file descriptor', withoutStreams, 'spawn EMFILE'],
  ['without memory', thrown, 'spawn ENOMEM'],
])('a program that cannot be started %s is an error of its run', async (_, next, message) => {
  const run = () =>
    runProcess(
      { file: '/bin/echo', args: ['a'], cwd: '/', environment: {} },
      { timeoutMs: 60_000, outputLeft: 100, outputBytes: 100 },
      { clock: systemClock, signal: undefined },
    );
  outcome.next = next;
  await expect(run()).rejects.toMatchObject({ code: 'sandbox/failed', cause: { message } });
  outcome.next = undefined;
  expect(await run()).toEqual({ kind: 'succeeded', output: Buffer.from('a\n') });
});

test.each([
  ['without a free file descriptor', withoutStreams],
  ['without memory', thrown],
])('nor does a credential helper end the daemon %s', async (_, next) => {
  outcome.next = next;
  const options = { directory: '/nowhere', environment: {}, clock: systemClock };
  await expect(askHelper('a', 'example.org', options)).rejects.toMatchObject({ code: 'registry/no-credential' });
});
