import type { SpawnOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ObjectReader } from '../../src/git/object-reader.ts';
import { createRemote, temporaryDirectory } from './support/repository.ts';

/** What the next calls of spawn come to, in place of a process. */
const outcomes = vi.hoisted((): Array<() => object> => []);

vi.mock(import('node:child_process'), async (original) => {
  const real = await original();
  const spawn = (command: string, args: string[], options: SpawnOptions) =>
    outcomes.shift()?.() ?? real.spawn(command, args, options);
  return { ...real, spawn: spawn as typeof real.spawn };
});

/** As Node has it without a free file descriptor: no streams, and an event. */
function withoutStreams(): object {
  const child = Object.assign(new EventEmitter(), { kill: () => false });
  process.nextTick(() => child.emit('error', new Error('spawn git EMFILE')));
  return child;
}

/** As Node has it without memory. */
function thrown(): never {
  throw new Error('spawn ENOMEM');
}

function readerOf() {
  const remote = createRemote();
  const options = { gitDir: remote.path, cwd: remote.path, environment: { PATH: process.env.PATH ?? '' }, maxBytes: 1000 };
  const reader = new ObjectReader({ ...options, onDamage: () => undefined });
  onTestFinished(() => reader.close());
  return { reader, head: remote.git('rev-parse', 'main') };
}

test('a process that could not be made is made a second time', async () => {
  const { reader, head } = readerOf();
  outcomes.push(withoutStreams);
  expect(await reader.resolve('main')).toBe(head);
});

test('one that cannot be made at all is an error of who asks, and the next one gets his own answer', async () => {
  const { reader, head } = readerOf();
  outcomes.push(thrown);
  await expect(reader.resolve('main')).rejects.toMatchObject({ code: 'git/not-run', message: 'git cat-file: spawn ENOMEM' });
  outcomes.push(withoutStreams, thrown);
  await expect(reader.resolve('main')).rejects.toMatchObject({ code: 'git/not-run' });
  expect([await reader.resolve('main~9'), await reader.resolve('main')]).toEqual([undefined, head]);
});

test('one that cannot be made twice in a row is an error that says why', async () => {
  const { reader, head } = readerOf();
  outcomes.push(withoutStreams, withoutStreams);
  await expect(reader.resolve('main')).rejects.toThrow('git cat-file ended: spawn git EMFILE');
  expect(await reader.resolve('main')).toBe(head);
});

test('a git before 2.36 is named as the reason, and the mirror is not blamed', async () => {
  const remote = createRemote();
  const old = temporaryDirectory();
  const says = "error: unknown option `batch-command'\\nusage: git cat-file";
  writeFileSync(join(old, 'git'), `#!/bin/sh\nprintf "${says.replaceAll('`', '\\`')}" >&2\nexit 129\n`, { mode: 0o755 });
  const onDamage = vi.fn();
  const environment = { PATH: `${old}:${process.env.PATH}` };
  const reader = new ObjectReader({ gitDir: remote.path, cwd: remote.path, environment, maxBytes: 1000, onDamage });
  onTestFinished(() => reader.close());
  await expect(reader.resolve('main')).rejects.toMatchObject({
    code: 'git/too-old',
    help: expect.stringContaining('git 2.36 or newer'),
  });
  expect(onDamage).not.toHaveBeenCalled();
});
