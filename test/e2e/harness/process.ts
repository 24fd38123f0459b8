import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');

/** A program that ended, with what it wrote. */
export interface Finished {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Replaces the environment but for PATH, so that nothing of the developer's machine gets in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Starts a program; what it writes is collected, also while it runs. */
export function start(program: string, args: readonly string[], options: RunOptions = {}) {
  const child: ChildProcess = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    // Node's compiled code is kept from run to run: a daemon then starts in a third of the time.
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin?.on('error', () => {}); // it may end without reading its input
  child.stdin?.end(options.input);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? undefined, stdout, stderr }));
  });
  const exited = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', () => resolve());
  });
  return {
    pid: child.pid,
    finished,
    /** The program has ended; children of its own may still hold its output open. */
    exited,
    output: () => stdout + stderr,
    running: () => child.exitCode === null && child.signalCode === null,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  };
}

/** Runs a program to its end, whatever its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return start(program, args, options).finished;
}

/** Runs a program that has to succeed, and gives what it wrote to stdout. */
export async function runOk(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
