import { randomUUID } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Deadline, FluxError, messageOf, threadEnvironment, withDeadline } from '../base/index.ts';
import { killMarked, marked } from './process-tree.ts';
import type { Selection } from './selection.ts';

/** One git process to run. */
export interface GitCall {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Its complete environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string | Uint8Array;
  /** Output limit in bytes; a process that exceeds it is ended. */
  readonly maxBytes: number;
  /** Limit of the memory of the process and what it starts, in bytes. */
  readonly maxMemoryBytes: number;
  /** Selects the output to keep, and bounds it; all by default. */
  readonly select?: Selection;
}

export type Limit = 'output' | 'messages' | 'memory';

/** The result of a git process. The exit code is negative if it could not be started, and absent if a signal ended it. */
export interface GitResult {
  readonly exitCode: number | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** The limit that it exceeded: of its output, of the messages of git and the remote, or of its memory. The output is then missing. */
  readonly exceeded?: Limit | undefined;
}

/** Messages to the thread. The environment of a call is marked with its id. */
export type GitOrder =
  | { readonly id: string; readonly call: GitCall }
  | { readonly interrupt: string }
  | { readonly abandon: string }
  | { readonly weigh: string };

/** Messages from the thread. */
export type GitAnswer = { readonly id: string } & ({ readonly result: GitResult } | { readonly failure: Error });

/** Git removes its lock files when interrupted; after this grace period in milliseconds it is killed. */
export const GRACE_MS = 300;
/** How often the memory of a call is read. Most calls end before. */
const WEIGH_MS = 1_000;
/** Beside this file in the sources and in the bundle of fluxd. */
const programFile = () => new URL(`./git-program${extname(import.meta.url)}`, import.meta.url);

/**
 * Runs git processes from a separate thread (git-program.ts), so that creating a process does not block the daemon. The thread starts with the
 * first call, does not keep the process alive while idle, and is replaced when it ends.
 */
export class GitThread {
  readonly #program: URL | undefined;
  readonly #waiting = new Map<string, PromiseWithResolvers<GitResult>>();
  #worker: Worker | undefined;

  constructor(program?: URL) {
    this.#program = program;
  }

  /**
   * Runs a command to completion. When the signal aborts, git is interrupted, or else killed with all its child processes, and then the
   * signal's reason is thrown.
   * @throws FluxError `git/not-run` if the thread failed
   */
  async run(call: GitCall, signal: AbortSignal): Promise<GitResult> {
    signal.throwIfAborted();
    const id = randomUUID();
    const ended = Promise.withResolvers<GitResult>();
    const worker = this.#start();
    const onAbort = () => {
      this.#send(worker, { interrupt: id });
      withDeadline(GRACE_MS).signal.addEventListener('abort', () => this.#send(worker, { abandon: id }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.set(id, ended);
    worker.ref();
    let stopWeighing = () => {};
    try {
      this.#send(worker, { id, call: { ...call, env: { ...call.env, ...marked(id) } } });
      stopWeighing = this.#weigh(worker, id);
      return await ended.promise;
    } catch (error) {
      signal.throwIfAborted();
      throw new FluxError(`git ${call.args[0]}: ${messageOf(error)}`, { code: 'git/not-run', cause: error });
    } finally {
      stopWeighing();
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker?.unref();
    }
  }

  /** What arrives is kept in memory by git, the more the more objects there are. Returns a function that ends it. */
  #weigh(worker: Worker, id: string): () => void {
    let next: Deadline | undefined;
    const wait = () => {
      next = withDeadline(WEIGH_MS);
      next.signal.addEventListener('abort', () => {
        this.#send(worker, { weigh: id });
        wait();
      });
    };
    wait();
    return () => next?.[Symbol.dispose]();
  }

  #send(worker: Worker, order: GitOrder): void {
    worker.postMessage(order);
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    // Child processes inherit the environment of the call.
    const worker = new Worker(this.#program ?? programFile(), { env: threadEnvironment() });
    this.#worker = worker;
    let why: unknown;
    worker.on('message', (answer: GitAnswer) => {
      if ('result' in answer) this.#waiting.get(answer.id)?.resolve(answer.result);
      else this.#waiting.get(answer.id)?.reject(answer.failure);
    });
    worker.on('error', (error) => {
      why = error;
    });
    worker.on('exit', (code) => {
      this.#worker = undefined;
      for (const [id, { reject }] of this.#waiting) {
        killMarked(id);
        reject(new Error(`the thread that runs git ended (${code})`, { cause: why }));
      }
      this.#waiting.clear();
    });
    return worker;
  }
}
