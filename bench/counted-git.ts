import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../test/e2e/harness/process.ts';

export interface CountedGit {
  /** A PATH on which git counts what it is asked for. */
  readonly path: string;
  fetches(): number;
  remove(): void;
}

/** Stands before the real git and writes down each command. */
export async function countedGit(): Promise<CountedGit> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-bench-git-'));
  const real = (await runOk('sh', ['-c', 'command -v git'], { env: { PATH: process.env.PATH ?? '' } })).trim();
  const log = join(directory, 'log');
  writeFileSync(log, '');
  writeFileSync(join(directory, 'git'), `#!/bin/sh\necho "$*" >> ${log}\nexec ${real} "$@"\n`);
  chmodSync(join(directory, 'git'), 0o755);
  return {
    path: `${directory}:${process.env.PATH}`,
    fetches: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => / fetch /.test(` ${line} `)).length,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
