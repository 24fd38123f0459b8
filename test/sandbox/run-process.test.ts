import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { runProcess } from '../../src/sandbox/child-process/run-process.ts';

const LIMITS = { timeoutMs: 60_000, outputLeft: 10_000_000, outputBytes: 10_000_000 };

const run = (script: string, { clock = systemClock } = {}) =>
  runProcess({ file: '/bin/sh', args: ['-c', script], cwd: '/', environment: { PATH: '/usr/bin:/bin' } }, LIMITS, {
    clock,
    signal: undefined,
  });

test('all that a program wrote is read, also where the event loop was blocked for longer than the pause after its end', async () => {
  // As after such a block, the pause is over before anything was read.
  const clock = { ...systemClock, sleep: async () => {} };
  // Node reaps all that ended when one did, also what ended after it last looked at the pipes.
  const runs = Array.from({ length: 60 }, () => run('sleep 0.05; printf "%0500d" 1', { clock }));
  const lengths = (await Promise.all(runs)).map((ended) => (ended.kind === 'succeeded' ? ended.output.length : ended));
  expect(new Set(lengths)).toEqual(new Set([500]));
});

test('a process that left the group, and writes for ever, does not hold up the end', async () => {
  const ended = await run("setsid sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo y; sleep 0.1; done; exec yes' & echo done");
  expect(ended.kind === 'succeeded' && ended.output.toString()).toContain('done\n');
});
