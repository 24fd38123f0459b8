import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { GitThread } from '../../src/git/git-thread.ts';
import { until } from '../support/until.ts';
import { processesWith } from './support/processes.ts';
import { temporaryDirectory } from './support/repository.ts';

const never = new AbortController().signal;

/** A `git` that is this script, and what a call of it takes. */
function scripted(script: string) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const path = `${directory}:${process.env.PATH}`;
  return {
    directory,
    call: (input?: string) => ({
      args: ['status'],
      maxBytes: 1000,
      maxMemoryBytes: 2 ** 30,
      cwd: directory,
      env: { PATH: path },
      ...(input === undefined ? {} : { input }),
    }),
  };
}

test('standard input, both outputs and the exit code pass as they are', async () => {
  const { call } = scripted(`cat; printf '\\377\\000'; echo trouble >&2; exit 3`);
  const { exitCode, stdout, stderr } = await new GitThread().run(call('say é'), never);
  expect([exitCode, Buffer.from(stdout).toString('hex'), stderr]).toEqual([
    3,
    Buffer.concat([Buffer.from('say é'), Buffer.from([0xff, 0])]).toString('hex'),
    'trouble\n',
  ]);
});

test('the caller’s thread makes no process: one is made while it does something else', async () => {
  const { directory, call } = scripted('touch ran');
  const ended = new GitThread().run(call(), never);
  const clock = new Int32Array(new SharedArrayBuffer(4));
  // Nothing on this thread goes on meanwhile.
  for (let n = 0; n < 4000 && !existsSync(join(directory, 'ran')); n += 1) Atomics.wait(clock, 0, 0, 5);
  expect(existsSync(join(directory, 'ran'))).toBe(true);
  expect((await ended).exitCode).toBe(0);
});

test('an abort ends the command and what it started, before its reason is thrown', async () => {
  const { directory, call } = scripted(`trap '' INT TERM; sleep 300 & touch started; wait`);
  const abort = new AbortController();
  const reason = new Error('no longer wanted');
  const ended = new GitThread().run(call(), abort.signal);
  const outcome = expect(ended).rejects.toBe(reason);
  await until('it runs', () => existsSync(join(directory, 'started')));
  expect(processesWith(directory)).not.toEqual([]);
  abort.abort(reason);
  await outcome;
  await until('all of it is gone', () => processesWith(directory).length === 0);
});

test('one that ignores the interrupt is ended well within a second', async () => {
  const took: number[] = [];
  // The quickest of ten tells of the grace, not of the machine; mostly the first is.
  for (let run = 0; run < 10; run += 1) {
    const { directory, call } = scripted(`trap '' INT TERM; sleep 300 & touch started; wait`);
    const abort = new AbortController();
    const ended = new GitThread().run(call(), abort.signal).catch(() => performance.now());
    await until('it runs', () => existsSync(join(directory, 'started')));
    const abortedAt = performance.now();
    abort.abort(new Error('the daemon stops'));
    took.push(Number(await ended) - abortedAt);
    if (Math.min(...took) < 800) break;
  }
  expect(Math.min(...took)).toBeLessThan(800);
});

test.each([
  ['bytes', 'while :; do echo y; done', {}],
  [
    'records',
    "printf '%0200d' 0 | tr 0 '\\000'; sleep 300",
    { select: { names: /x/, below: [], records: 100, kept: { records: 100, bytes: 1000 } } },
  ],
])('more %s of output than the bound end the command, and none of it is kept', async (_, script, selection) => {
  const { directory, call } = scripted(script);
  const result = await new GitThread().run({ ...call(), ...selection }, never);
  expect(result).toMatchObject({ exceeded: 'output' });
  expect(result.stdout).toHaveLength(0);
  await until('it is gone', () => processesWith(directory).length === 0);
});

test('messages without end end the command (S-013)', async () => {
  const { directory, call } = scripted('while :; do echo "remote: counting" >&2; done');
  const result = await new GitThread().run(call(), never);
  expect(result).toMatchObject({ exceeded: 'messages', stderr: '' });
  await until('it is gone', () => processesWith(directory).length === 0);
});

test('more memory than the limit, of the command and what it started, ends both (S-013)', async () => {
  const { directory, call } = scripted(
    `'${process.execPath}' -e 'globalThis.x = Buffer.alloc(2e8, 1); setInterval(() => x, 1e6)'`,
  );
  const result = await new GitThread().run({ ...call(), maxMemoryBytes: 150e6 }, never);
  expect(result).toMatchObject({ exceeded: 'memory' });
  await until('it is gone', () => processesWith(directory).length === 0);
});

test('a thread that ends takes its commands with it, their callers are told, and the next call gets another thread', async () => {
  const { directory, call } = scripted('sleep 300');
  const program = join(directory, 'program.mjs');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
    import { existsSync, writeFileSync } from 'node:fs';
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, call }) => {
      if (existsSync('${directory}/crashed')) return parentPort.postMessage({ id, result: { exitCode: 0, stdout: Buffer.alloc(0), stderr: '' } });
      spawn('git', [], call);
      writeFileSync('${directory}/crashed', '');
      throw new Error('out of order');
    });`,
  );
  const thread = new GitThread(pathToFileURL(program));
  await expect(thread.run(call(), never)).rejects.toMatchObject({
    code: 'git/not-run',
    message: expect.stringContaining('git status'),
  });
  await until('its command is gone', () => processesWith(directory).length === 0);
  expect((await thread.run(call(), never)).exitCode).toBe(0);
});
