import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, posix } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { kustomizeOf } from '../../src/controller/kustomize-of-flags.ts';
import { findProgram } from '../../src/sandbox/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flux-kustomize-flags-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function folderWith(name: string, mode?: number): Promise<string> {
  const folder = join(directory, name);
  await mkdir(folder);
  if (mode !== undefined) {
    await writeFile(join(folder, 'kustomize'), '#!/bin/sh\necho apiVersion: v1\n');
    await chmod(join(folder, 'kustomize'), mode);
  }
  return folder;
}

const of = (kustomize: 'off' | 'auto', path: string | undefined, withGeneration = false) => {
  const generation = { sandbox: 'best-effort', variables: [], networkFolders: [] } as const;
  return kustomizeOf(
    { kustomize, syncTimeoutMs: 60_000, ...(withGeneration ? { generation } : {}) },
    { directory, memoryDirectory: directory, environment: { PATH: path }, clock: systemClock, log: silentLogger() },
  );
};

test('the first program on the PATH that can be run, and none of a folder that is relative (S-045)', async () => {
  const [none, plain, first, second] = [
    await folderWith('none'),
    await folderWith('plain', 0o644),
    await folderWith('first', 0o755),
    await folderWith('second', 0o755),
  ];
  expect(await findProgram('kustomize', [none, plain, first, second].join(delimiter))).toBe(join(first, 'kustomize'));
  const relative = posix.relative(process.cwd(), first);
  expect(await findProgram('kustomize', ['', '.', relative].join(delimiter))).toBeUndefined();
});

test('without the program, --kustomize=auto fails at the start with what to do', async () => {
  await expect(of('auto', directory)).rejects.toMatchObject({
    code: 'config/no-kustomize',
    help: expect.stringContaining('install kustomize'),
  });
  await expect(of('auto', undefined)).rejects.toMatchObject({ code: 'config/no-kustomize' });
});

test('nothing is built by default; a .flux.yaml may name it, and says then what is missing', async () => {
  expect(await of('off', directory)).toBeUndefined();
  const { kustomize, close } = (await of('off', directory, true)) ?? {};
  expect(kustomize).toMatchObject({ auto: false, timeoutMs: 30_000 });
  const build = kustomize?.program.build('', async () => ({ files: [], links: [] }), { timeoutMs: 1_000, outputBytes: 1024 });
  await expect(build).rejects.toMatchObject({ code: 'kustomize/not-found' });
  await close?.();
});

test('what is found is run', async () => {
  const { kustomize, close } = (await of('auto', await folderWith('a', 0o755))) ?? {};
  expect(kustomize?.auto).toBe(true);
  expect(
    await kustomize?.program.build('', async () => ({ files: [], links: [] }), { timeoutMs: 30_000, outputBytes: 1024 }),
  ).toEqual({
    kind: 'built',
    output: Buffer.from('apiVersion: v1\n'),
  });
  await close?.();
});
