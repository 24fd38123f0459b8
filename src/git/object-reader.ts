import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type Cancellable, FluxError, messageOf } from '../base/index.ts';
import { isObjectId } from './names.ts';

export interface ObjectReaderOptions {
  readonly gitDir: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Size limit of a blob. */
  readonly maxBytes: number;
  /** Called if an object is missing, or its content does not match its id. */
  readonly onDamage: () => void;
}

interface Request {
  /** Id of the blob to read, or an expression to resolve. */
  readonly name: string;
  readonly wants: 'content' | 'info';
  readonly resolve: (found: Found | undefined) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
  /** The request was aborted. */
  abandoned: boolean;
}

interface Info {
  readonly id: string;
  readonly type: string;
  readonly size: number;
}

interface Found extends Info {
  /** Empty if only information is wanted. */
  readonly content: Buffer;
}

/** The content being received: its chunks, and the number of outstanding bytes (content and a newline). */
interface Answer extends Info {
  readonly chunks: Buffer[];
  remaining: number;
}

/**
 * Reads blobs by id and resolves names through one long-running `git cat-file --batch-command`: thousands of files need one process, and
 * resolving a ref none. simple-git runs commands to completion and cannot hold a dialogue, so this process is spawned here, with the
 * same environment as all others. Responses arrive in the order of requests. A process that dies is replaced and the request repeated
 * once; a process that does not respond until a timeout is replaced as well.
 */
export class ObjectReader {
  readonly #options: ObjectReaderOptions;
  #process: ChildProcessWithoutNullStreams | undefined;
  #queue: Request[] = [];
  #header = '';
  #answer: Answer | undefined;
  /** Incremented with each piece of a response. */
  #heard = 0;
  /** Number of consecutive processes that ended without a response. */
  #barren = 0;
  #closed = false;

  constructor(options: ObjectReaderOptions) {
    this.#options = options;
  }

  /** @throws FluxError `git/blob-too-large`, `git/blob-missing`, `git/mirror-broken` */
  async read(id: string, options: Cancellable = {}): Promise<Buffer> {
    if (!isObjectId(id))
      throw new FluxError(`"${id.slice(0, 80)}" is not a blob id`, { code: 'git/bad-revision', fault: 'user' });
    // Asked first, since a few bytes can expand to gigabytes (S-013).
    const { maxBytes } = this.#options;
    const info = await this.#ask(id, 'info', options);
    if (info && (info.type !== 'blob' || info.size > maxBytes)) throw unreadable(id, info, maxBytes);
    const found = info && (await this.#ask(id, 'content', options));
    if (!found) {
      if (!info) this.#options.onDamage();
      throw blobMissing(id);
    }
    return found.content;
  }

  /**
   * The object of an expression, if it exists. The expression must be one line without a space (names.ts).
   * @throws FluxError `git/mirror-broken`
   */
  async resolve(expression: string, options: Cancellable = {}): Promise<string | undefined> {
    return (await this.#ask(expression, 'info', options))?.id;
  }

  /** @throws FluxError `git/blob-missing`, `git/mirror-broken` */
  async sizeOf(id: string, options: Cancellable = {}): Promise<number> {
    const info = await this.#ask(id, 'info', options);
    if (!info) throw blobMissing(id);
    return info.size;
  }

  #ask(name: string, wants: Request['wants'], { signal }: Cancellable): Promise<Found | undefined> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closed) throw new FluxError('git objects: closed', { code: 'git/closed' });
      const heard = this.#heard;
      const onAbort = () => {
        request.abandoned = true;
        reject(signal?.reason);
        if (signal?.reason?.name === 'TimeoutError' && heard === this.#heard) this.#giveUp();
      };
      const settle = (outcome: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        outcome();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      // An aborted request keeps its place: its response is still to come and must not be mistaken for that of the next one.
      const request: Request = {
        name,
        wants,
        attempts: 1,
        abandoned: false,
        resolve: (found) => settle(() => resolve(found)),
        reject: (error) => settle(() => reject(error)),
      };
      this.#put(request);
    });
  }

  /** A request that could not be sent gets no response, and must not receive that of the next one. */
  #put(request: Request): void {
    try {
      this.#send(`${request.wants === 'info' ? 'info' : 'contents'} ${request.name}\n`);
    } catch (error) {
      request.reject(new FluxError(`git cat-file: ${messageOf(error)}`, { code: 'git/not-run', cause: error }));
      return;
    }
    this.#queue.push(request);
  }

  /** Concurrent requests are sent by one write, which costs more than the rest of a request. */
  #send(command: string): void {
    const { stdin } = this.#start();
    // The process could not be created; its error event follows.
    if (!stdin) return;
    if (stdin.writableCorked === 0) {
      stdin.cork();
      process.nextTick(() => stdin.uncork());
    }
    stdin.write(command);
  }

  /** Ends the process; the next read starts another one on the current mirror. */
  restart(): void {
    this.#process?.kill('SIGKILL');
  }

  /** Replaces a process that does not respond; waiting requests are sent again. */
  #giveUp(): void {
    const child = this.#process;
    child?.kill('SIGKILL');
    if (child) this.#ended(child, 'no response in time');
  }

  close(): void {
    this.#closed = true;
    this.#process?.kill('SIGKILL');
  }

  #start(): ChildProcessWithoutNullStreams {
    if (this.#process) return this.#process;
    const { gitDir, cwd, environment } = this.#options;
    const child = spawn('git', ['cat-file', '--batch-command'], {
      cwd,
      env: { ...environment, GIT_DIR: gitDir },
      windowsHide: true,
    });
    this.#process = child;
    this.#header = '';
    this.#answer = undefined;
    let said = '';
    let failure: Error | undefined;
    // Registered first: a process that could not be created has no streams, and reports its error only here.
    child.on('error', (error) => {
      failure = error;
      if (!child.stdout) this.#ended(child, error.message);
    });
    if (!child.stdout) return child;
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#process === child) this.#receive(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-1000);
    });
    // A write to a dead process is handled by its `close` event.
    child.stdin.on('error', () => undefined);
    child.on('close', () => this.#ended(child, failure?.message ?? said.trim()));
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams, why: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    const waiting = this.#queue.filter(({ abandoned }) => !abandoned);
    this.#queue = [];
    this.#barren += 1;
    const hopeless = this.#closed || this.#barren > 2;
    for (const request of waiting) {
      // The first request may have caused the exit; the others have not been processed.
      if (request === waiting[0]) request.attempts += 1;
      if (!hopeless && request.attempts <= 2) {
        this.#put(request);
        continue;
      }
      request.reject(this.#failed(request.name, why));
    }
  }

  #failed(name: string, why: string): FluxError {
    if (this.#closed) return new FluxError('git objects: closed', { code: 'git/closed' });
    if (why.includes("unknown option `batch-command'"))
      return new FluxError('this git has no `cat-file --batch-command`', {
        code: 'git/too-old',
        help: 'Install git 2.36 or newer on the PATH of fluxd.',
      });
    this.#options.onDamage();
    return broken(`object ${name}: git cat-file ended${why ? `: ${why}` : ''}`);
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
    this.#heard += 1;
    while (rest.length > 0) {
      if (!this.#answer) {
        const end = rest.indexOf(0x0a);
        this.#header += rest.subarray(0, end < 0 ? rest.length : end).toString('latin1');
        if (end < 0) return;
        rest = rest.subarray(end + 1);
        this.#onHeader(this.#header);
        this.#header = '';
        continue;
      }
      const part = rest.subarray(0, this.#answer.remaining);
      rest = rest.subarray(part.length);
      this.#answer.chunks.push(part);
      this.#answer.remaining -= part.length;
      if (this.#answer.remaining === 0) this.#onContent(this.#answer);
    }
  }

  #onHeader(header: string): void {
    this.#barren = 0;
    const [id = '', type = '', length = ''] = header.split(' ');
    const request = this.#queue[0];
    // A short expression may be an ambiguous id, which resolves to nothing.
    if (type === 'missing' || type === 'ambiguous') {
      this.#queue.shift();
      if (request?.wants === 'content') this.#options.onDamage();
      request?.resolve(undefined);
      return;
    }
    const size = Number(length);
    if (!Number.isSafeInteger(size) || !isObjectId(id) || !request) {
      this.#process?.kill('SIGKILL');
      return;
    }
    if (request.wants === 'info') {
      this.#queue.shift();
      request.resolve({ id, type, size, content: NOTHING });
      return;
    }
    this.#answer = { id, type, size, chunks: [], remaining: size + 1 };
  }

  #onContent({ type, size, chunks }: Answer): void {
    this.#answer = undefined;
    const request = this.#queue.shift();
    if (!request) return;
    const content = Buffer.concat(chunks).subarray(0, size);
    const algorithm = request.name.length === 64 ? 'sha256' : 'sha1';
    // Git does not verify ids when reading; a flipped bit on disk must not reach the cluster.
    const actual = createHash(algorithm).update(`blob ${size}\0`).update(content).digest('hex');
    if (actual === request.name) {
      request.resolve({ id: actual, type, size, content });
      return;
    }
    this.#options.onDamage();
    request.reject(broken(`blob ${request.name}: its content does not match its id`));
  }
}

const NOTHING = Buffer.alloc(0);

function unreadable(id: string, { type, size }: Info, maxBytes: number): FluxError {
  return type === 'blob'
    ? new FluxError(`blob ${id}: ${size} bytes exceed the limit of ${maxBytes}`, {
        code: 'git/blob-too-large',
        fault: 'user',
        help: 'Split the file, or move it out of the synced paths.',
      })
    : new FluxError(`blob ${id}: it is a ${type}`, { code: 'git/bad-revision', fault: 'user' });
}

function blobMissing(id: string): FluxError {
  return new FluxError(`blob ${id}: not in the mirror`, { code: 'git/blob-missing', fault: 'missing' });
}

function broken(message: string): FluxError {
  return new FluxError(message, { code: 'git/mirror-broken', help: 'The mirror is damaged; the next fetch rebuilds it.' });
}
