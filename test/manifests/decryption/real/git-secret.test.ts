import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../../src/base/index.ts';
import { createGpgDecrypter, createManifests } from '../../../../src/manifests/index.ts';
import { blobId } from '../../../../src/manifests/units/tree.ts';
import { createGpg } from '../../../../src/sandbox/index.ts';
import { gpg, gpgHome } from '../../../git/support/signing-keys.ts';

const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  password: hunter2\n';

test('what git-secret itself hides is read as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flux-git-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  gpg(['--passphrase', '', '--quick-generate-key', 'hidden@example.org', 'future-default', 'default', 'never']);
  const env = { PATH: process.env.PATH ?? '', HOME: folder, GNUPGHOME: gpgHome() };
  const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { cwd: folder, env, stdio: 'pipe' });
  run('git', 'init', '--quiet');
  run('git', 'secret', 'init');
  run('git', 'secret', 'tell', 'hidden@example.org');
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/login.yaml'), SECRET);
  run('git', 'secret', 'add', 'app/login.yaml');
  run('git', 'secret', 'hide');
  rmSync(join(folder, 'app/login.yaml'));

  const contents = new Map<string, Buffer>();
  const files = ['.gitsecret/paths/mapping.cfg', 'app/login.yaml.secret'].map((path) => {
    const bytes = readFileSync(join(folder, path));
    contents.set(blobId(bytes), bytes);
    return { path, mode: '100644', blob: blobId(bytes), size: bytes.length };
  });
  const program = createGpg({
    program: '/usr/bin/gpg',
    home: gpgHome(),
    directory: join(folder, 'runs'),
    memoryDirectory: join(folder, 'runs'),
    clock: systemClock,
    logger: silentLogger(),
  });
  onTestFinished(() => program.close());
  const manifests = createManifests({ hiddenFiles: createGpgDecrypter({ program, timeoutMs: 60_000 }) });
  const state = await manifests.read(files, async (id) => contents.get(id) ?? Buffer.alloc(0));
  expect(state.errors).toEqual([]);
  expect(state.manifests.map(({ object }) => object.stringData)).toEqual([{ password: 'hunter2' }]);
});
