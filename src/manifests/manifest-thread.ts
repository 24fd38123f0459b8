import { extname } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import {
  type Clock,
  FluxError,
  hasCode,
  messageOf,
  systemClock,
  threadEnvironment,
  waitOrAbort,
  yieldTurn,
} from '../base/index.ts';
import { MAX_INLINE_LENGTH as MAX_INLINE_SOPS } from './decryption/layout/layout.ts';
import { metadataOf, type SopsFile, withMetadata } from './decryption/layout/layout-of.ts';
import type { Metadata } from './decryption/metadata.ts';
import { changeFile, type FileChange } from './file-change.ts';
import type { ParsedFile } from './finding.ts';
import { type ProposalRequest, type Proposals, proposeEdits } from './helm/edit/propose.ts';
import { type ValuesText, valuesFile } from './helm/values-file.ts';
import { MAX_INLINE_LENGTH, READ_MEMORY_MIB, READ_MS } from './limits.ts';
import { type FileContent, parseFile } from './parse-file.ts';
import { errorFrom, type ManifestAnswer, type ManifestOrder, unpackPiece } from './piece.ts';
import { mayHaveVariables } from './substitution/variables.ts';

/** Beside this file in the sources and in the bundles. The fluxctl that is one file carries it. */
function programFile(): URL {
  if (!isSea()) return new URL(`./manifest-program${extname(import.meta.url)}`, import.meta.url);
  return new URL(`data:text/javascript;base64,${Buffer.from(getAsset('./manifest-program.js')).toString('base64')}`);
}

/** Idle time after which the thread ends and frees its memory. */
const IDLE_MS = 30_000;

export interface ManifestThreadOptions {
  /** Clock for the timeout of a file; the system's by default. */
  readonly clock?: Pick<Clock, 'deadline'>;
  /** The program of the thread. */
  readonly program?: URL;
}

/**
 * Reads and edits files, whose content may be crafted to cost far more than its length suggests. A short file is processed directly. Any
 * other file is processed by a separate thread (manifest-program.ts) with a timeout: content that exceeds it is refused, and ends only
 * that thread. The thread starts with the first such file, and does not keep the process alive.
 */
export class ManifestThread {
  readonly #clock: Pick<Clock, 'deadline'>;
  readonly #program: URL | undefined;
  readonly #oneAtATime = pLimit(1);
  #worker: Worker | undefined;
  #rest: AbortController | undefined;

  constructor({ clock = systemClock, program }: ManifestThreadOptions = {}) {
    this.#clock = clock;
    this.#program = program;
  }

  /**
   * Reads a file. Errors in its content are part of the result.
   * @throws the signal's reason; FluxError `manifests/too-costly`; `manifests/not-read` if the thread failed twice
   */
  async parse(content: FileContent, signal?: AbortSignal): Promise<ParsedFile> {
    const { variables, ...others } = content;
    const used = variables && mayHaveVariables(content.bytes);
    const wanted = used ? content : others;
    // Each of many variables may have a long value.
    if (!used && isCheap(content.bytes, content.patches ?? '', content.encrypted?.length)) return parseFile(wanted);
    return this.#apart((worker, deadline) => readOn(worker, wanted, deadline), signal);
  }

  /**
   * The complete new text of a file.
   * @throws FluxError as `changeFile` does; `manifests/too-costly`; `manifests/not-read` if the thread failed twice
   */
  async change(text: string, change: FileChange, signal?: AbortSignal): Promise<string> {
    const other = change.kind === 'patches' ? change.generated : change.kind === 'text' ? change.text : '';
    if (isCheap(text, other)) return changeFile(text, change);
    const answer = await this.#apart((worker, deadline) => ask(worker, { kind: 'change', text, change }, deadline), signal);
    if (answer.kind === 'changed') return answer.text;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('unexpected response from the thread');
  }

  /**
   * Edits of values that may change an image.
   * @throws FluxError as `proposeEdits` does; `manifests/too-costly`; `manifests/not-read` if the thread failed twice
   */
  async propose(request: ProposalRequest, signal?: AbortSignal): Promise<Proposals> {
    const texts = [...request.charts.flatMap(({ chart, values }) => [chart, values]), ...request.texts.map(({ text }) => text)];
    if (texts.reduce((sum, { length }) => sum + length, 0) <= MAX_INLINE_LENGTH && isCheap(texts.join(''), ''))
      return proposeEdits(request);
    const answer = await this.#apart((worker, deadline) => ask(worker, { kind: 'propose', request }, deadline), signal);
    if (answer.kind === 'proposed') return answer.proposals;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('unexpected response from the thread');
  }

  /**
   * A text of an object as a file of values.
   * @throws FluxError as `valuesFile` does; `manifests/too-costly`; `manifests/not-read` if the thread failed twice
   */
  async valuesFile({ name, text, targetPath, literal }: ValuesText, signal?: AbortSignal): Promise<string> {
    const values = { name, text, targetPath, literal };
    if (isCheap(text, '')) return valuesFile(values);
    const answer = await this.#apart((worker, deadline) => ask(worker, { kind: 'values-file', values }, deadline), signal);
    if (answer.kind === 'changed') return answer.text;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('unexpected response from the thread');
  }

  /**
   * What sops wrote about a file; undefined if it wrote nothing.
   * @throws FluxError `decryption/bad-metadata`; `manifests/too-costly`; `manifests/not-read` if the thread failed twice
   */
  async metadataOf(file: SopsFile, signal?: AbortSignal): Promise<Metadata | undefined> {
    if (file.text.length <= MAX_INLINE_SOPS) return metadataOf(file);
    const answer = await this.#apart((worker, deadline) => ask(worker, { kind: 'find-metadata', file }, deadline), signal);
    if (answer.kind === 'metadata') return answer.metadata;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('unexpected response from the thread');
  }

  /**
   * A file of which sops wrote something else.
   * @throws as `metadataOf`
   */
  async withMetadata(file: SopsFile, metadata: Metadata, signal?: AbortSignal): Promise<string> {
    if (file.text.length <= MAX_INLINE_SOPS) return withMetadata(file, metadata);
    const order = { kind: 'put-metadata', file, metadata } as const;
    const answer = await this.#apart((worker, deadline) => ask(worker, order, deadline), signal);
    if (answer.kind === 'changed') return answer.text;
    throw answer.kind === 'refused' ? errorFrom(answer.error) : new Error('unexpected response from the thread');
  }

  /** Runs work on the thread, and retries it once on a new thread if that one is lost. */
  #apart<T>(work: (worker: Worker, deadline: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#oneAtATime(async () => {
      try {
        return await this.#attempt(work, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (hasCode(error, 'manifests/too-costly')) throw error;
      }
      return await this.#attempt(work, signal);
    });
  }

  async #attempt<T>(work: (worker: Worker, deadline: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    this.#rest?.abort();
    const worker = this.#start();
    worker.ref();
    using deadline = this.#clock.deadline(READ_MS, signal);
    try {
      return await work(worker, deadline.signal);
    } catch (error) {
      // The thread is still busy with the file.
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
    const worker = new Worker(this.#program ?? programFile(), {
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: READ_MEMORY_MIB, maxYoungGenerationSizeMb: 16 },
    });
    // The caller gets the error; without a listener it would end the daemon.
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
    const rest = this.#clock.deadline(IDLE_MS, signal);
    rest.signal.addEventListener('abort', () => {
      if (!signal.aborted) this.#end(worker);
    });
  }
}

async function readOn(worker: Worker, content: FileContent, signal: AbortSignal): Promise<ParsedFile> {
  const pieces: ParsedFile[] = [];
  for (let order: ManifestOrder = { kind: 'read', content }; ; order = { kind: 'more' }) {
    const answer = await ask(worker, order, signal);
    if (answer.kind !== 'piece') throw new Error('unexpected response from the thread');
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

/** @throws the error that ended the thread, or the signal's reason */
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

/** Whether texts that are processed together are short, and have no aliases, which multiply the cost of a text. */
function isCheap(text: string | Uint8Array, other: string, more = 0): boolean {
  if (text.length + other.length + more > MAX_INLINE_LENGTH) return false;
  const bytes = Buffer.concat([typeof text === 'string' ? Buffer.from(text) : text, Buffer.from(other)]);
  return bytes.length <= MAX_INLINE_LENGTH && !(bytes.includes('&') && bytes.includes('*'));
}

function tooSlow(): FluxError {
  return new FluxError(`reading the file timed out after ${READ_MS / 1000} s`, {
    code: 'manifests/too-costly',
    fault: 'user',
    help: 'The whole file is refused, and retried in ten minutes. Manifests never take that long to read; check the tool that generated the file, or split the file up.',
  });
}
