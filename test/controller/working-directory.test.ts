import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorkingDirectory } from '../../src/controller/working-directory.ts';

test('R-038: what killed daemons left behind is swept, what living ones use is not', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'working-directory-'));
  for (const name of ['flux-gitclone-7-dead', 'flux-gitclone-8-alive', 'flux-gitclone-9-own', 'flux-gitclone-x', 'other-7-file'])
    await mkdir(join(parent, name, 'mirror'), { recursive: true });
  const directory = await createWorkingDirectory(parent, 9, (pid) => pid === 8);
  expect((await readdir(parent)).sort()).toEqual(
    [directory.path.slice(parent.length + 1), 'flux-gitclone-8-alive', 'flux-gitclone-x', 'other-7-file'].sort(),
  );
  await directory.remove();
  expect(await readdir(parent)).toHaveLength(3);
});
