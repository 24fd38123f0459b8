import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type Clock, FluxError, hasErrno, yieldTurn } from '../../base/index.ts';
import type { ProcessFailure } from '../../repository/index.ts';
import { inBytes, inSeconds } from '../limits.ts';
import { StderrTail } from '../stderr-tail.ts';
import { residentBytes } from './resident-bytes.ts';

/** A program by its absolute path, with its arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads from its standard input; nothing by default. */
  readonly input?: Uint8Array;
}

export interface ProcessLimits {
  readonly timeoutMs: number;
  /** How much it may still write to standard output, of how much at all, in bytes. */
  readonly outputLeft: number;
  readonly outputBytes: number;
  /** Of the process itself, where the system says what it takes; unlimited without it. */
  readonly memoryBytes?: number;
}

export type Ended =
  | { readonly kind: 'succeeded'; readonly output: Buffer }
  | { readonly kind: 'failed'; readonly failure: ProcessFailure; readonly stderr: string };

/** What still comes from a pipe after everything known was killed is waited for so long; only what left the group can hold it open. */
const DRAIN_MS = 500;
/** 64 KiB are read in a turn, and a pipe holds a MiB at most. */
const DRAIN_TURNS = 32;
/** A process of Go takes tens of milliseconds to allocate 100 MiB. */
const WEIGH_MS = 100;

/**
 * Runs a program in a process group of its own, which is killed when the program ends, at a limit, and when the signal aborts.
 * @throws the signal's reason; FluxError `sandbox/failed` when it cannot be started
 */
export async function runProcess(
  { file, args, cwd, environment, input }: Program,
  limits: ProcessLimits,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<Ended> {
  const { timeoutMs, outputLeft, outputBytes, memoryBytes } = limits;
  const child = start(file, args, { cwd, env: environment, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'], detached: true });
  const end = endOf(child, file, clock);
  // Without a free file descriptor Node makes no streams, and says why by an event.
  if (!child.stdout || !child.stderr) {
    await end;
    throw cannotStart(file);
  }
  // It may end before it has read everything; its exit code says so.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  let limit: ProcessFailure | undefined;
  const stop = (failure?: ProcessFailure) => {
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
  const ended = new AbortController();
  if (memoryBytes !== undefined)
    void weigh(child, memoryBytes, clock, ended.signal, () =>
      stop({ kind: 'limit', limit: 'memory', bound: inBytes(memoryBytes) }),
    );
  try {
    const { status, killedBy } = await end;
    signal?.throwIfAborted();
    const failure = limit ?? failureOf(status, killedBy);
    return failure ? { kind: 'failed', failure, stderr: stderr.text() } : { kind: 'succeeded', output: Buffer.concat(output) };
  } finally {
    ended.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function weigh(
  { pid }: ChildProcess,
  maxBytes: number,
  clock: Clock,
  signal: AbortSignal,
  onExceeded: () => void,
): Promise<void> {
  while (pid !== undefined) {
    try {
      await clock.sleep(WEIGH_MS, { signal });
    } catch {
      return; // ended
    }
    if (residentBytes(pid) > maxBytes) return onExceeded();
  }
}

function failureOf(status: number | null, killedBy: string | null): ProcessFailure | undefined {
  if (killedBy !== null) return { kind: 'signal', signal: killedBy };
  return status === 0 ? undefined : { kind: 'exit', status: status ?? 1 };
}

function start(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(file, args, options);
  } catch (error) {
    throw cannotStart(file, error);
  }
}

function cannotStart(file: string, cause?: unknown): FluxError {
  return new FluxError(`${file} cannot be started`, { code: 'sandbox/failed', cause });
}

/** Resolves when the program has ended, its group is killed, and its pipes are read. */
function endOf(
  child: ChildProcess,
  file: string,
  clock: Clock,
): Promise<{ readonly status: number | null; readonly killedBy: string | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(cannotStart(file, cause)));
    child.on('exit', () => {
      killGroup(child.pid);
      const closed = new AbortController();
      child.on('close', () => closed.abort());
      const drain = async () => {
        await clock.sleep(DRAIN_MS, { signal: closed.signal });
        await untilRead(child);
        child.stdout?.destroy();
        child.stderr?.destroy();
      };
      drain().catch(() => undefined); // closed
    });
    child.on('close', (status, killedBy) => resolve({ status, killedBy }));
  });
}

/**
 * Resolves after a turn of the event loop in which nothing came: what the program wrote is in the pipes, but a loop that was blocked has
 * not read it yet, and its timers go first. A pipe holds less than is read in these turns.
 */
async function untilRead({ stdout, stderr }: ChildProcess): Promise<void> {
  let came = true;
  const onData = () => {
    came = true;
  };
  for (const pipe of [stdout, stderr]) pipe?.on('data', onData);
  for (let turn = 0; came && turn < DRAIN_TURNS; turn += 1) {
    came = false;
    await yieldTurn();
    await yieldTurn();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!hasErrno(error, 'ESRCH', 'EPERM')) throw error; // EPERM: macOS, of a group of zombies
  }
}
