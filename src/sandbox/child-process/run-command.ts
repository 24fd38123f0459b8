import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, FluxError, hasErrno } from '../../base/index.ts';
import type { CommandFailure, ShellCommand } from '../../repository/index.ts';
import { inBytes, inSeconds } from '../limits.ts';
import { StderrTail } from '../stderr-tail.ts';

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

export type Ended =
  | { readonly kind: 'succeeded'; readonly output: Buffer }
  | { readonly kind: 'failed'; readonly failure: CommandFailure; readonly stderr: string };

/** What still comes from a pipe after everything known was killed is waited for so long; only what left the group can hold it open. */
const DRAIN_MS = 500;

/** A first shell sets limits, since Node cannot, and enters the folder, which may be gone. It becomes the second, which runs the text. */
const LIMITED = 'cd -- "$1" && ulimit -c 0 && ulimit -f "$2" && exec /bin/sh -c "$3"';

/**
 * Runs `/bin/sh -c <text>` in a process group of its own, which is killed when the command ends, at a limit, and when the signal aborts.
 * @throws the signal's reason; FluxError `sandbox/failed` when it cannot be started
 */
export async function runCommand({ text, environment, timeoutMs }: ShellCommand, place: Place): Promise<Ended> {
  const { cwd, outputLeft, outputBytes, fileBytes, clock, signal } = place;
  const child = spawn('/bin/sh', ['-c', LIMITED, 'sh', cwd, String(Math.ceil(fileBytes / 512)), text], {
    cwd: '/',
    env: { ...environment, ...place.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let limit: CommandFailure | undefined;
  const stop = (failure?: CommandFailure) => {
    limit ??= failure;
    killGroup(child.pid);
  };
  using deadline = clock.deadline(timeoutMs);
  deadline.signal.addEventListener('abort', () => stop({ kind: 'limit', limit: 'time', bound: inSeconds(timeoutMs) }));
  const onAbort = () => stop();
  signal?.addEventListener('abort', onAbort);
  const output: Buffer[] = [];
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= outputLeft) output.push(chunk);
    else stop({ kind: 'limit', limit: 'output', bound: inBytes(outputBytes) });
  });
  const stderr = new StderrTail();
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  try {
    const { status, killedBy } = await endOf(child, clock);
    signal?.throwIfAborted();
    const failure = limit ?? failureOf(status, killedBy);
    return failure ? { kind: 'failed', failure, stderr: stderr.text() } : { kind: 'succeeded', output: Buffer.concat(output) };
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function failureOf(status: number | null, killedBy: string | null): CommandFailure | undefined {
  if (killedBy !== null) return { kind: 'signal', signal: killedBy };
  return status === 0 ? undefined : { kind: 'exit', status: status ?? 1 };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Resolves when the command has ended, its group is killed, and its pipes are read. */
function endOf(child: Child, clock: Clock): Promise<{ readonly status: number | null; readonly killedBy: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new FluxError('/bin/sh cannot be started for a command', { code: 'sandbox/failed', cause })),
    );
    child.on('exit', () => {
      killGroup(child.pid);
      const closed = new AbortController();
      child.on('close', () => closed.abort());
      clock.sleep(DRAIN_MS, { signal: closed.signal }).then(
        () => {
          child.stdout.destroy();
          child.stderr.destroy();
        },
        () => undefined, // closed
      );
    });
    child.on('close', (status, killedBy) => resolve({ status, killedBy }));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!hasErrno(error, 'ESRCH', 'EPERM')) throw error; // EPERM: macOS, of a group of zombies
  }
}
