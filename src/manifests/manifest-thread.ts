import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { type Clock, FluxError, messageOf, systemClock, threadEnvironment, waitOrAbort, yieldTurn } from '../base/index.ts';
import { changeFile, type FileChange } from './file-change.ts';
import type { ParsedFile } from './finding.ts';
import { MAX_INLINE_LENGTH, READ_MEMORY_MIB, READ_MS } from './limits.ts';
import { type FileContent, parseFile } from './parse-file.ts';
import { errorFrom, type ManifestAnswer, type ManifestOrder, unpackPiece } from './piece.ts';

/** Beside this file among the sources, and in the bundle. */
const PROGRAM = new URL(`./manifest-program${extname(import.meta.url)}`, import.meta.url);
/** A thread that has had nothing to do for this long ends, and gives back its memory. */
const IDLE_MS = 30_000;

export interface ManifestThreadOptions {
  /** Measures how long the thread works on a file. Default: the system's. */
  readonly clock?: Pick<Clock, 'deadline'>;
  /** What runs on the thread. */
  readonly program?: URL;
}

/**
 * Reads and changes files, whose content may be made to cost far more than its length. A short file is worked on at once. Any other
 * is by a thread of its own (manifest-program.ts) within a limit of time: content that exceeds it is refused, and ends nothing but
 * that thread. The thread starts with the first such file, and keeps no process alive.
 */
export class ManifestThread {
  readonly #options: Required<ManifestThreadOptions>;
  readonly #oneAtATime = pLimit(1);
  #worker: Worker | undefined;
  #rest: AbortController | undefined;

  constructor({ clock = systemClock, program = PROGRAM }: ManifestThreadOptions = {}) {
    this.#options = { clock, program };
  }

  /**
   * What is wrong with the content is in the result.
   * @throws the signal's reason; FluxError `manifests/too-costly`; `manifests/not-read` when the thread was lost twice
   */
  async parse(content: FileContent, signal?: AbortSignal): Promise<ParsedFile> {
    if (isCheap(content.bytes)) return parseFile(content);
    return this.#apart((worker, deadline) => readOn(worker, content, deadline), signal);
  }

  /**
   * The whole new text of a file.
   * @throws FluxError as `changeFile` does; `manifests/too-costly`; `manifests/not-read` when the thread was lost twice
   */
  async change(text: string, change: FileChange, signal?: AbortSignal): Promise<string> {
    if (text.length <= MAX_INLINE_LENGTH && isCheap(Buffer.from(text))) return changeFile(text, change);
    const answer = await this.#apart((worker, deadline) => ask(worker, { kind: 'change', text, change }, deadline), signal);
    if (answer.kind === 'changed') return answer.text;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('the thread answered another question');
  }

  /** Does work on the thread, and once more on another when that one is lost, for whatever reason. */
  #apart<T>(work: (worker: Worker, deadline: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#oneAtATime(async () => {
      try {
        return await this.#attempt(work, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof FluxError && error.code === 'manifests/too-costly') throw error;
      }
      return await this.#attempt(work, signal);
    });
  }

  async #attempt<T>(work: (worker: Worker, deadline: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    this.#rest?.abort();
    const worker = this.#start();
    worker.ref();
    using deadline = this.#options.clock.deadline(READ_MS, signal);
    try {
      return await work(worker, deadline.signal);
    } catch (error) {
      // It is in the middle of a file.
      this.#end(worker);
      signal?.throwIfAborted();
      if (deadline.signal.aborted) throw tooSlow();
      throw new FluxError(`reading the file failed: ${messageOf(error)}`, { code: 'manifests/not-read', cause: error });
    } finally {
      worker.unref();
      this.#rest = new AbortController();
      this.#endAfterRest(worker, this.#rest.signal);
    }
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#options.program, {
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: READ_MEMORY_MIB, maxYoungGenerationSizeMb: 16 },
    });
    // An error is told to the one who asks; without a listener it would end the daemon.
    worker.on('error', () => this.#end(worker));
    worker.on('exit', () => this.#end(worker));
    this.#worker = worker;
    return worker;
  }

  #end(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    void worker.terminate();
  }

  #endAfterRest(worker: Worker, signal: AbortSignal): void {
    const rest = this.#options.clock.deadline(IDLE_MS, signal);
    rest.signal.addEventListener('abort', () => {
      if (!signal.aborted) this.#end(worker);
    });
  }
}

async function readOn(worker: Worker, content: FileContent, signal: AbortSignal): Promise<ParsedFile> {
  const pieces: ParsedFile[] = [];
  for (let order: ManifestOrder = { kind: 'read', content }; ; order = { kind: 'more' }) {
    const answer = await ask(worker, order, signal);
    if (answer.kind !== 'piece') throw new Error('the thread answered another question');
    pieces.push(unpackPiece(answer.piece));
    if (answer.piece.isLast) break;
    await yieldTurn(signal);
  }
  return {
    objects: pieces.flatMap(({ objects }) => objects),
    errors: pieces.flatMap(({ errors }) => errors),
    warnings: pieces.flatMap(({ warnings }) => warnings),
  };
}

/** @throws what ended the thread, or the signal's reason */
async function ask(worker: Worker, order: ManifestOrder, signal: AbortSignal): Promise<ManifestAnswer> {
  signal.throwIfAborted();
  const answer = Promise.withResolvers<ManifestAnswer>();
  const onExit = (code: number) => answer.reject(new Error(`the thread that reads files ended (${code})`));
  worker.once('message', answer.resolve).once('error', answer.reject).once('exit', onExit);
  try {
    worker.postMessage(order);
    return await waitOrAbort(answer.promise, signal);
  } finally {
    worker.off('message', answer.resolve).off('error', answer.reject).off('exit', onExit);
  }
}

/** Aliases multiply what a text costs. */
function isCheap(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_INLINE_LENGTH && !(bytes.includes(AMPERSAND) && bytes.includes(ASTERISK));
}

const AMPERSAND = '&'.charCodeAt(0);
const ASTERISK = '*'.charCodeAt(0);

function tooSlow(): FluxError {
  return new FluxError(`reading the file takes more than ${READ_MS / 1000} s`, {
    code: 'manifests/too-costly',
    fault: 'user',
    help: 'The whole file is refused, and tried again in ten minutes. Manifests never take as long to read; look for a generator gone wrong, or split the file up.',
  });
}
