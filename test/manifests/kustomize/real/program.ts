import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger, systemClock } from '../../../../src/base/index.ts';
import { createManifests, type Decrypter } from '../../../../src/manifests/index.ts';
import { createKustomize } from '../../../../src/sandbox/index.ts';
import { type Entries, revisionOf } from '../checkout.ts';

const PROGRAM = process.env.TEST_KUSTOMIZE ?? '';

export function folder(parent = tmpdir()): string {
  const path = mkdtempSync(join(parent, 'flux-real-kustomize-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface OpenOptions {
  readonly timeoutMs?: number;
  readonly origins?: boolean;
  readonly verbatim?: boolean;
  readonly decrypter?: Decrypter;
}

/** Manifests that are built by the program of each folder that no other refers to, and the folders that it built so far. */
export function open({ timeoutMs = 60_000, origins = false, verbatim = false, decrypter }: OpenOptions = {}) {
  const kustomize = createKustomize({
    program: PROGRAM,
    directory: join(folder(), 'own'),
    memoryDirectory: join(folder(decrypter && '/dev/shm'), 'own'),
    clock: systemClock,
    logger: silentLogger(),
  });
  onTestFinished(kustomize.close);
  const built: string[] = [];
  const program: Pick<typeof kustomize, 'build'> = {
    build(directory, files, options) {
      built.push(directory);
      return kustomize.build(directory, files, options);
    },
  };
  const manifests = createManifests({
    kustomize: { program, auto: true, timeoutMs, origins, verbatim },
    ...(decrypter ? { decrypter } : {}),
  });
  return {
    built,
    manifests,
    async read(entries: Entries) {
      const { files, blob } = revisionOf(entries);
      return manifests.read(files, blob);
    },
  };
}

/** Writes a checkout of files and links. */
export async function checkOut(root: string, entries: Entries): Promise<void> {
  for (const [path, entry] of Object.entries(entries)) {
    const { mode, content } = typeof entry === 'string' ? { mode: '100644', content: entry } : entry;
    const to = join(root, path);
    await mkdir(dirname(to), { recursive: true });
    if (mode === '120000') await symlink(`${content}`, to);
    else await writeFile(to, content);
  }
}

/** `kustomize build` in a folder of a complete checkout, as a person runs it. */
export async function buildIn(cwd: string, environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(PROGRAM, ['build', '.'], {
    cwd,
    env: { PATH: '/nonexistent', HOME: cwd, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, output: Buffer.concat(output), stderr: `${Buffer.concat(stderr)}` };
}
