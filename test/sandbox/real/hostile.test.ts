import { statfs } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandOutcome } from '../../../src/repository/index.ts';
import { DEFAULT_LIMITS } from '../../../src/sandbox/index.ts';
import { until } from '../../support/until.ts';
import { command, filesOf, runOf } from '../command-files.ts';
import { ATTACKS } from './attacks.ts';
import { MEMORY, type Sandbox, startSandbox } from './helper.ts';
import { SECRET } from './planted.ts';
import { openTrial, type Trial } from './trial.ts';
import { type Seen, watching } from './watch.ts';

let sandbox: Sandbox;
let trial: Trial;
let entriesOf: Trial['entries'];
let isWell: Trial['isWell'];

beforeAll(async () => {
  sandbox = await startSandbox({ ...DEFAULT_LIMITS, changedFiles: 100 }, { secret: SECRET });
  trial = await openTrial(sandbox);
  ({ entries: entriesOf, isWell } = trial);
});

afterAll(async () => {
  await trial.close();
  await sandbox.stop();
});

describe('a hostile command (S-040)', () => {
  test('there are many', () => {
    expect(ATTACKS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(ATTACKS.map(({ name }) => name)).size).toBe(ATTACKS.length);
  });

  test.each(ATTACKS)('cannot $name', async (attack) => {
    expect(await trial.confined(attack)).toEqual([]);
    await isWell();
  });

  test.each(ATTACKS.filter((attack) => attack.unconfined !== 'not tried'))(
    'that is not confined $unconfined: $name',
    async (attack) => {
      const found = await trial.unconfined(attack);
      expect(found.length > 0 ? 'works' : 'fails', found.join(', ')).toBe(attack.unconfined);
    },
  );
});

describe('a command that uses too much (S-040, S-041)', () => {
  const use = async (text: string, timeoutMs = 20_000): Promise<readonly [CommandOutcome, Seen]> =>
    watching(sandbox, sandbox.runner.run(runOf([command(text, { timeoutMs })], { entries: entriesOf() })));
  const filesInMemory = async () => {
    const { blocks, bfree, bsize, files, ffree } = await statfs(`/proc/${sandbox.pid}/root/tmp`);
    // The kernel counts files on each processor, and adds up when there is time.
    return { bytes: (blocks - bfree) * bsize, hundredsOfFiles: Math.round((files - ffree) / 100) };
  };

  test.each([
    ['a fork bomb', "bash -c 'f() { f | f & }; f; wait'; exit 1", { kind: expect.anything() }],
    ['processes that wait', 'while :; do sleep 100 & done', { kind: expect.anything() }],
    ['memory of one process', './attack memory 0x40000000', { kind: expect.anything() }],
    ['shared memory of one process', './attack shared 0x40000000; sleep 1', { kind: expect.anything() }],
    ['memory of many processes', 'for i in 1 2 3 4 5 6 7 8 9 10; do ./attack memory 0x2000000 & done; wait', { limit: 'memory' }],
    ['files in memory', 'i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero >"$TMPDIR/$i"; done', { limit: 'memory' }],
    ['a large file', 'cat /dev/zero >"$TMPDIR/x"', { kind: expect.anything() }],
    ['a sparse file', 'truncate -s 100G "$TMPDIR/x"', { kind: 'exit' }],
    ['a million files', './attack files 1000000', { limit: 'changes', bound: '100000 new files' }],
    ['output', 'cat /dev/zero', { limit: 'output', bound: '64 MiB' }],
    ['time of the processor', 'while :; do :; done', { limit: 'time' }],
  ])('%s: is bounded, and nothing is left', async (_, text, failure) => {
    await isWell();
    const before = await filesInMemory();
    const [outcome, seen] = await use(text, 4_000);
    expect(outcome).toMatchObject({ kind: 'failed', failure });
    expect(seen.processes).toBeLessThanOrEqual(260);
    expect(await filesInMemory()).toEqual(before);
    await isWell();
  });

  test('folders nested far beyond the longest path are removed', async () => {
    await isWell();
    const before = await filesInMemory();
    expect(await use('./attack deep 5000 "$TMPDIR"')).toMatchObject([{ kind: 'succeeded' }, {}]);
    expect(await filesInMemory()).toEqual(before);
    const writable = runOf([command('./attack deep 5000 .')], { entries: entriesOf(), writable: true });
    expect(await sandbox.runner.run(writable)).toMatchObject({ kind: 'failed', failure: { kind: 'change' } });
    // The next run waits until its copy is removed.
    await isWell();
    expect(await filesInMemory()).toEqual(before);
  });

  test('more memory than there is for the files of a repository: it is said, and the next run works', async () => {
    const large = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `f${index}`,
        { mode: '100644' as const, content: Buffer.alloc(15 * 1024 ** 2, index) },
      ]),
    );
    await expect(sandbox.runner.run(runOf('true', { entries: large }))).rejects.toMatchObject({ code: 'sandbox/failed' });
    await isWell();
    expect((await filesInMemory()).bytes).toBeLessThan(MEMORY);
  });

  test('a cancelled run is ended within a moment, with all that it has started', async () => {
    const controller = new AbortController();
    const text = 'trap \'\' TERM; ./attack daemon "$TMPDIR/x"; ./attack ignore & while :; do sleep 0.1; done';
    const run = sandbox.runner.run(runOf([command(text)], { entries: entriesOf() }), { signal: controller.signal });
    const ended = expect(run).rejects.toThrow('enough');
    await until('its processes run', async () => (await sandbox.others()).length >= 3);
    controller.abort(new Error('enough'));
    await ended;
    await until('all have ended', async () => (await sandbox.others()).length === 0, 1_000);
    await isWell();
  });

  test('odd names in a repository are given to commands as they are', async () => {
    const names = ['-rf', 'a b', 'a\nb', 'a\u001b[31m', '$(touch x)', '`id`', "a'b", 'a"b', '*', 'ü', '\\', '~', 'CON'];
    const files = filesOf(Object.fromEntries(names.map((name) => [`d/${name}`, name])));
    const outcome = await sandbox.runner.run(runOf('for f in d/*; do cat "$f"; echo "|"; done | sort | wc -l; ls', { files }));
    expect(outcome).toMatchObject({ kind: 'succeeded', outputs: [Buffer.from(`${names.length + 1}\nd\n`)] });
  });
});
