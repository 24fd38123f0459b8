import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createKustomize } from '../../../src/sandbox/index.ts';

/** A folder on a disk, unless all of the repository is in memory. */
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache');
mkdirSync(CACHE, { recursive: true });

/** A program that shows where it runs, where it may leave files, and what it was given. */
function open(memoryParent: string) {
  const parent = mkdtempSync(join(tmpdir(), 'flux-decrypted-'));
  const memory = mkdtempSync(join(memoryParent, 'flux-decrypted-'));
  const program = join(parent, 'kustomize');
  writeFileSync(program, '#!/bin/sh\npwd\necho "$HOME"\necho "$TMPDIR"\n/bin/cat a\n', { mode: 0o755 });
  const [directory, memoryDirectory] = [join(parent, 'runs'), join(memory, 'runs')];
  const kustomize = createKustomize({ program, directory, memoryDirectory, clock: systemClock, logger: silentLogger() });
  onTestFinished(async () => {
    await kustomize.close();
    for (const each of [parent, memory]) rmSync(each, { recursive: true });
  });
  return {
    memory,
    left: () => readdirSync(memoryDirectory),
    async build(content: string | Buffer) {
      const files = { files: [{ path: 'a', content: Buffer.from(content) }], links: [], isConfidential: true };
      const outcome = await kustomize.build('', async () => files, { timeoutMs: 30_000, outputBytes: 32 << 20 });
      return outcome.kind === 'built' ? outcome.output.toString('utf8').split('\n') : [];
    },
  };
}

test('decrypted files are in memory alone, however long, and gone after the run', async () => {
  const { build, left, memory } = open('/dev/shm');
  const long = 'x'.repeat(6 << 20);
  const [cwd, home, tmp, given] = await build(`${long}\n`);
  for (const folder of [cwd, home, tmp]) expect(folder).toContain(`${memory}/`);
  expect(given?.length).toBe(long.length);
  expect(left()).toEqual([]);
});

test('more of them than there is room for is refused, and the next run works', async () => {
  const { build, left } = open('/dev/shm');
  await expect(build(Buffer.alloc(13 << 20))).rejects.toMatchObject({
    code: 'kustomize/no-memory',
    message: 'files for kustomize cannot be kept in memory: they have more than 12 MiB',
    help: expect.stringContaining('/dev/shm'),
  });
  expect(await build('given\n')).toContain('given');
  expect(left()).toEqual([]);
});

test('where there is no memory for files, they are refused', async () => {
  const { build, left } = open(CACHE);
  await expect(build('x')).rejects.toMatchObject({
    code: 'kustomize/no-memory',
    message: expect.stringMatching(/ is on a disk$/),
  });
  expect(left()).toEqual([]);
});
