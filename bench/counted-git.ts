import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../test/e2e/harness/process.ts';

/** A git process. */
export interface GitCall {
  /** When it began, ms since the epoch. */
  readonly at: number;
  /** Its subcommand, such as `fetch`. */
  readonly command: string;
}

export interface CountedGit {
  /** A PATH on which git counts what it is asked for. */
  readonly path: string;
  /** In the order in which they began. */
  calls(): readonly GitCall[];
  fetches(): number;
  remove(): void;
}

/** Stands before the real git and writes down each command. */
export async function countedGit(): Promise<CountedGit> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-bench-git-'));
  const real = (await runOk('sh', ['-c', 'command -v git'], { env: { PATH: process.env.PATH ?? '' } })).trim();
  const log = join(directory, 'log');
  writeFileSync(log, '');
  // The subcommand is the first argument that is no option of git itself; `-c` is followed by a value.
  writeFileSync(
    join(directory, 'git'),
    `#!/bin/sh
skip=
for word do
  [ -n "$skip" ] && { skip=; continue; }
  case "$word" in -c|-C) skip=1 ;; -*) ;; *) break ;; esac
done
echo "$(date +%s%3N) $word" >> ${log}
exec ${real} "$@"
`,
  );
  chmodSync(join(directory, 'git'), 0o755);
  const calls = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line): readonly GitCall[] => {
        const [at, command] = line.split(' ');
        return at && command ? [{ at: Number(at), command }] : [];
      });
  return {
    path: `${directory}:${process.env.PATH}`,
    calls,
    fetches: () => calls().filter(({ command }) => command === 'fetch').length,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
