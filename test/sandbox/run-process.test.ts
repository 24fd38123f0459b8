import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { runProcess } from '../../src/sandbox/child-process/run-process.ts';
import { until } from '../support/until.ts';

const LIMITS = { timeoutMs: 60_000, outputLeft: 10_000_000, outputBytes: 10_000_000 };

const run = (script: string, { clock = systemClock, limits = LIMITS } = {}) =>
  runProcess({ file: '/bin/sh', args: ['-c', script], cwd: '/', environment: { PATH: '/usr/bin:/bin' } }, limits, {
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

test('a process that left the group, and never stops writing, does not hold up the end', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-run-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [go, begun] = [join(directory, 'go'), join(directory, 'begun')];
  // From the time at which what is left is read, each look finds more; the limit of its output would end it later, as a failure.
  const sleep = async () => {
    writeFileSync(go, '');
    await until('it writes', () => existsSync(begun));
    slow();
  };
  // The pipe is full again at each turn of the event loop.
  const slow = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    slowing = setImmediate(slow);
  };
  let slowing: NodeJS.Immediate | undefined;
  onTestFinished(() => clearImmediate(slowing));
  const writer = `x=$(printf %060000d 0); until [ -e ${go} ]; do sleep 0.01; done; : > ${begun}; while :; do echo $x; done`;
  // More than is read until the end is given up, however fast it writes: 2 MiB in a turn.
  const limits = { ...LIMITS, outputLeft: 500_000_000, outputBytes: 500_000_000 };
  const ended = await run(`setsid sh -c '${writer}' & echo done`, { clock: { ...systemClock, sleep }, limits });
  expect(ended.kind === 'succeeded' && ended.output.toString().slice(0, 5)).toBe('done\n');
});
