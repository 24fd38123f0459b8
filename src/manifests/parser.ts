import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { FluxError, messageOf, turn, withDeadline } from '../base/index.ts';
import { type ParsedFile, refusedFile } from './finding.ts';
import { MAX_INLINE_LENGTH, READ_MEMORY_MIB, READ_MS } from './limits.ts';
import { type FileContent, parseFile } from './parse-file.ts';
import { type ParserOrder, type Piece, unpackPiece } from './piece.ts';

/** Beside this file among the sources, and in the bundle. */
const PROGRAM = new URL(`./parser-thread${extname(import.meta.url)}`, import.meta.url);
/** A thread that has had nothing to do for this long ends, and gives back its memory. */
const IDLE_MS = 30_000;

export interface ParserOptions {
  /** How long the thread may work on one file. */
  readonly readMs?: number;
  /** What runs on the thread. */
  readonly program?: URL;
}

/**
 * Reads the content of files, which may be made to cost far more than its length. A short file is read at once. Any other is read by
 * a thread of its own (parser-thread.ts) within a limit of time: content that exceeds it is refused, and ends nothing but that thread.
 * The thread starts with the first such file, and keeps no process alive.
 */
export class Parser {
  readonly #options: Required<ParserOptions>;
  readonly #oneAtATime = pLimit(1);
  #worker: Worker | undefined;
  #rest: AbortController | undefined;

  constructor({ readMs = READ_MS, program = PROGRAM }: ParserOptions = {}) {
    this.#options = { readMs, program };
  }

  /**
   * What is wrong with the content is in the result.
   * @throws the signal's reason; FluxError `manifests/not-read` when the thread was lost twice
   */
  async parse(content: FileContent, signal?: AbortSignal): Promise<ParsedFile> {
    if (isCheap(content.bytes)) return parseFile(content);
    return this.#oneAtATime(async () => {
      try {
        return await this.#parseApart(content, signal);
      } catch {
        signal?.throwIfAborted();
      }
      // A thread may be lost once, for whatever reason.
      return await this.#parseApart(content, signal);
    });
  }

  async #parseApart(content: FileContent, signal: AbortSignal | undefined): Promise<ParsedFile> {
    signal?.throwIfAborted();
    this.#rest?.abort();
    const worker = this.#start();
    worker.ref();
    using deadline = withDeadline(this.#options.readMs, signal);
    try {
      return await readApart(worker, content, deadline.signal);
    } catch (error) {
      // It is in the middle of a file.
      this.#end(worker);
      signal?.throwIfAborted();
      if (deadline.signal.aborted) return refusedFile(tooSlow(this.#options.readMs));
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
      env: {},
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
    const rest = withDeadline(IDLE_MS, signal);
    rest.signal.addEventListener('abort', () => {
      if (!signal.aborted) this.#end(worker);
    });
  }
}

async function readApart(worker: Worker, content: FileContent, signal: AbortSignal): Promise<ParsedFile> {
  const pieces: ParsedFile[] = [];
  for (let order: ParserOrder = { read: content }; ; order = 'more') {
    const piece = await ask(worker, order, signal);
    pieces.push(unpackPiece(piece));
    if (piece.isLast) break;
    await turn(signal);
  }
  return {
    objects: pieces.flatMap(({ objects }) => objects),
    errors: pieces.flatMap(({ errors }) => errors),
    warnings: pieces.flatMap(({ warnings }) => warnings),
  };
}

/** @throws what ended the thread, or the signal's reason */
async function ask(worker: Worker, order: ParserOrder, signal: AbortSignal): Promise<Piece> {
  signal.throwIfAborted();
  const answer = Promise.withResolvers<Piece>();
  const onExit = (code: number) => answer.reject(new Error(`the thread that reads files ended (${code})`));
  const onAbort = () => answer.reject(signal.reason);
  worker.once('message', answer.resolve).once('error', answer.reject).once('exit', onExit);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    worker.postMessage(order);
    return await answer.promise;
  } finally {
    worker.off('message', answer.resolve).off('error', answer.reject).off('exit', onExit);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Aliases multiply what a text costs. */
function isCheap(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_INLINE_LENGTH && !(bytes.includes(AMPERSAND) && bytes.includes(ASTERISK));
}

const AMPERSAND = '&'.charCodeAt(0);
const ASTERISK = '*'.charCodeAt(0);

function tooSlow(readMs: number): FluxError {
  return new FluxError(`reading the file takes more than ${readMs / 1000} s`, {
    code: 'manifests/too-costly',
    fault: 'user',
    help: 'The whole file is refused. Manifests never take as long to read; look for a generator gone wrong, or split the file up.',
  });
}
