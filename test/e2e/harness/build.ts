import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT, runOk } from './process.ts';

const BUILDS = join(ROOT, 'node_modules/.cache/e2e-builds');
const KEPT_MS = 86_400_000;
let made: Promise<string> | undefined;

/**
 * The directory of the commands as they are shipped, built from the sources as they are now: a bundle starts with half of the work.
 * The build is kept under the hash of its sources, so that one worker makes it and the others find it.
 */
export function builtCommands(): Promise<string> {
  made ??= build();
  return made;
}

async function build(): Promise<string> {
  const built = join(BUILDS, hashOfSources());
  const commands = join(built, 'dist');
  if (existsSync(commands)) return commands;
  mkdirSync(BUILDS, { recursive: true });
  for (const name of readdirSync(BUILDS)) {
    const build = join(BUILDS, name);
    const modified = statSync(build, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (modified < Date.now() - KEPT_MS) rmSync(build, { recursive: true, force: true });
  }
  const fresh = mkdtempSync(join(BUILDS, 'making-'));
  // As beside the shipped files: else Node parses each file twice.
  copyFileSync(join(ROOT, 'package.json'), join(fresh, 'package.json'));
  await runOk(process.execPath, [join(ROOT, 'tools/build.mjs'), join(fresh, 'dist')]);
  try {
    renameSync(fresh, built);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(commands)) throw error; // else another worker was first
  }
  return commands;
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const part of ['bin', 'src', 'tools', 'ui', 'package.json', 'package-lock.json']) {
    const at = join(ROOT, part);
    const files = statSync(at).isDirectory() ? readdirSync(at, { recursive: true, encoding: 'utf8' }).sort() : [''];
    for (const file of files.filter((name) => statSync(join(at, name)).isFile())) {
      hash.update(`${part}/${file}\0`).update(readFileSync(join(at, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
