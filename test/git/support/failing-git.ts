import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './repository.ts';

export interface FailingGit {
  /** A PATH on which `git` is the real one, but for those of its processes that were told to fail. */
  readonly path: string;
  /** Argument lists so far, in the order in which the processes began. */
  calls(): readonly string[];
  /**
   * Has the nth process from now on, or the first one of a command (`push`), run this shell script instead; `$GIT` is the real program,
   * `$@` are the arguments.
   */
  replace(which: number | string, script: string): void;
}

export function failingGit(): FailingGit {
  const directory = temporaryDirectory();
  const [calls, scripts] = [join(directory, 'calls'), join(directory, 'scripts')];
  for (const folder of [calls, scripts]) mkdirSync(folder);
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  // Whoever makes the file first has its number, however many begin at once.
  writeFileSync(
    join(directory, 'git'),
    `#!/bin/sh
n=1
set -C
until { command : >'${calls}'/$n; } 2>/dev/null; do n=$((n+1)); done
set +C
printf '%s ' "$@" >'${calls}'/$n
[ -e '${scripts}'/"$1" ] && mv '${scripts}'/"$1" '${scripts}'/$n
[ -e '${scripts}'/$n ] || exec '${real}' "$@"
export GIT='${real}'
exec /bin/sh '${scripts}'/$n "$@"
`,
    { mode: 0o755 },
  );
  const count = () => readdirSync(calls).length;
  return {
    path: `${directory}:${process.env.PATH}`,
    calls: () => Array.from({ length: count() }, (_, n) => read(join(calls, String(n + 1)))),
    replace: (which, script) => writeFileSync(join(scripts, typeof which === 'string' ? which : String(count() + which)), script),
  };
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
