import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorkingDirectory } from '../../src/controller/working-directory.ts';

function unexpected(path: string, error: unknown): never {
  throw new Error(`${path} was left`, { cause: error });
}

test('R-038: what killed daemons left behind is swept, what living ones use is not', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'working-directory-'));
  for (const name of ['flux-gitclone-7-dead', 'flux-gitclone-8-alive', 'flux-gitclone-9-own', 'flux-gitclone-x', 'other-7-file'])
    await mkdir(join(parent, name, 'mirror'), { recursive: true });
  const directory = await createWorkingDirectory({ parent, pid: 9, isAlive: (pid) => pid === 8, onLeft: unexpected });
  expect((await readdir(parent)).sort()).toEqual(
    [directory.path.slice(parent.length + 1), 'flux-gitclone-8-alive', 'flux-gitclone-x', 'other-7-file'].sort(),
  );
  await directory.remove();
  expect(await readdir(parent)).toHaveLength(3);
});

test('a git process that outlived its daemon may write for a moment longer', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'working-directory-'));
  const refs = join(parent, 'flux-gitclone-7-dead', 'refs');
  let writes = 0;
  await mkdir(refs, { recursive: true });
  const writing = setInterval(() => {
    mkdirSync(refs, { recursive: true });
    writeFileSync(join(refs, `ref-${++writes}`), '');
    if (writes === 20) clearInterval(writing);
  });
  const directory = await createWorkingDirectory({ parent, pid: 9, isAlive: () => false, onLeft: unexpected });
  clearInterval(writing);
  expect(await readdir(directory.path)).toEqual([]);
});

test('what cannot be removed is told, and keeps nobody from starting', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'working-directory-'));
  await mkdir(join(parent, 'flux-gitclone-7-dead'));
  const left: string[] = [];
  const directory = await createWorkingDirectory({
    parent,
    pid: 9,
    isAlive: () => false,
    onLeft: (path, error) => left.push(`${path.slice(parent.length + 1)}: ${error}`),
    remove: () => Promise.reject(new Error('not empty')),
  });
  expect(left).toEqual(['flux-gitclone-7-dead: Error: not empty']);
  expect(await readdir(directory.path)).toEqual([]);
});
