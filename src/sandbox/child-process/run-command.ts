import type { Clock } from '../../base/index.ts';
import type { ShellCommand } from '../../repository/index.ts';
import { type Ended, runProcess } from './run-process.ts';

export interface Place {
  /** The folder in which the command starts. */
  readonly cwd: string;
  /** `PATH`, `HOME` and `TMPDIR`. */
  readonly environment: Readonly<Record<string, string>>;
  /** How much it may still write to standard output, of how much at all, in bytes. */
  readonly outputLeft: number;
  readonly outputBytes: number;
  readonly fileBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** A first shell sets limits, since Node cannot, and enters the folder, which may be gone. It becomes the second, which runs the text. */
const LIMITED = 'cd -- "$1" && ulimit -c 0 && ulimit -f "$2" && exec /bin/sh -c "$3"';

/** Runs `/bin/sh -c <text>`. @throws as `runProcess` does */
export function runCommand({ text, environment, timeoutMs }: ShellCommand, place: Place): Promise<Ended> {
  const { cwd, fileBytes, outputLeft, outputBytes, clock, signal } = place;
  return runProcess(
    {
      file: '/bin/sh',
      args: ['-c', LIMITED, 'sh', cwd, String(Math.ceil(fileBytes / 512)), text],
      cwd: '/',
      environment: { ...environment, ...place.environment },
    },
    { timeoutMs, outputLeft, outputBytes },
    { clock, signal },
  );
}
