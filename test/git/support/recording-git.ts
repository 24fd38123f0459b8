import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './repository.ts';

/** A variable that ends the record of an environment. */
const LAST = 'END_OF_RECORD';

export interface RecordingGit {
  /** A PATH on which `git` writes down its arguments and environment, then is the real one. */
  readonly path: string;
  /** Argument lists so far. */
  calls(): readonly (readonly string[])[];
  /** Names and values of the environments so far. */
  environments(): readonly Readonly<Record<string, string>>[];
}

export function recordingGit(): RecordingGit {
  const directory = temporaryDirectory();
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const [calls, environments] = [join(directory, 'calls'), join(directory, 'environments')];
  // Each record is one write: git runs processes side by side.
  writeFileSync(
    join(directory, 'git'),
    `#!/bin/sh\nend='\n'\nprintf '%s\\0' "$@" "$end" >>'${calls}'\nenv -0 "${LAST}=$end" >>'${environments}'\nexec '${real}' "$@"\n`,
    { mode: 0o755 },
  );
  const records = (file: string, end: string) =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split(end)
      .filter((record) => record !== '')
      .map((record) => record.split('\0').filter((item) => item !== ''));
  return {
    path: `${directory}:${process.env.PATH}`,
    calls: () => records(calls, '\n\0'),
    environments: () =>
      records(environments, `${LAST}=\n\0`).map((entries) =>
        Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])),
      ),
  };
}
