import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { type CommandRunner, createChildProcessRunner } from '../../src/sandbox/index.ts';
import { behavesAsARunner, SMALL_LIMITS } from './behaviours.ts';
import { command, runOf } from './command-files.ts';

let parent: string;
let directory: string;
let runner: CommandRunner;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flux-commands-'));
  directory = join(parent, 'own');
  runner = createChildProcessRunner({
    directory,
    path: `.:${process.env.PATH}::bin:`,
    clock: systemClock,
    logger: silentLogger(),
    limits: SMALL_LIMITS,
  });
});

afterEach(async () => {
  await runner.close();
  expect(await readdir(parent)).toEqual([]);
  await rm(parent, { recursive: true });
});

describe('a child process', () => {
  behavesAsARunner(() => runner);

  test('says what it lacks', () => {
    expect(runner.layers()).toMatchObject({
      kind: 'child-process',
      lacks: expect.arrayContaining([expect.stringMatching(/setsid/)]),
    });
  });

  test('its files are for its user alone', async () => {
    await runner.run(runOf('true'));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  test('a process that leaves the group holds up the run for a moment at most', async () => {
    const outcome = await runner.run(runOf([command('setsid sh -c "echo away; sleep 5" & sleep 0.2')]));
    expect(outcome).toMatchObject({ kind: 'succeeded', outputs: [Buffer.from('away\n')] });
  });

  test('closing ends the run in progress', async () => {
    const running = runner.run(runOf('while :; do sleep 1; done'));
    const ended = expect(running).rejects.toThrow('closed');
    await runner.close();
    await ended;
    await expect(runner.run(runOf('true'))).rejects.toThrow('closed');
  });
});
