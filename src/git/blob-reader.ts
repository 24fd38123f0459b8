import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { FluxError } from '../base/index.ts';
import { isObjectId } from './names.ts';

export interface BlobReaderOptions {
  readonly gitDir: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A larger blob is refused, its bytes thrown away as they come. */
  readonly maxBytes: number;
  /** Called when what is stored is not what its id says, or is not there. */
  readonly onDamage: () => void;
}

interface Request {
  readonly id: string;
  readonly resolve: (content: Buffer) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}

/** The answer being received: its chunks while it is wanted, the bytes still to come (content and a newline). */
interface Answer {
  readonly size: number;
  readonly chunks: Buffer[] | undefined;
  remaining: number;
}

/**
 * Reads blobs by id through one `git cat-file --batch` that stays open: thousands of files cost one process. simple-git runs a
 * command to its end and cannot hold a conversation, so this one process is spawned here, with the same environment as all
 * others. Answers come in the order of the requests; a process that dies is replaced and asked again once.
 */
export class BlobReader {
  readonly #options: BlobReaderOptions;
  #process: ChildProcessWithoutNullStreams | undefined;
  #queue: Request[] = [];
  #header = '';
  #answer: Answer | undefined;
  /** Processes in a row that ended without one answer. */
  #barren = 0;
  #closed = false;

  constructor(options: BlobReaderOptions) {
    this.#options = options;
  }

  /** @throws FluxError `git/blob-too-large`, `git/blob-missing`, `git/mirror-broken` */
  read(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closed) throw new FluxError('blob reader: closed', { code: 'git/closed' });
      if (!isObjectId(id))
        throw new FluxError(`"${id.slice(0, 80)}" is not a blob id`, { code: 'git/bad-revision', fault: 'user' });
      const onAbort = () => reject(signal?.reason);
      const settle = (outcome: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        outcome();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      // An aborted request keeps its place: its answer is still to come and must not be taken for the next one's.
      const request: Request = {
        id,
        attempts: 1,
        resolve: (content) => settle(() => resolve(content)),
        reject: (error) => settle(() => reject(error)),
      };
      this.#queue.push(request);
      this.#start().stdin.write(`${id}\n`);
    });
  }

  /** Ends the process; the next read starts one anew, on the mirror as it is then. */
  restart(): void {
    this.#process?.kill('SIGKILL');
  }

  close(): void {
    this.#closed = true;
    this.#process?.kill('SIGKILL');
  }

  #start(): ChildProcessWithoutNullStreams {
    if (this.#process) return this.#process;
    const { gitDir, cwd, environment } = this.#options;
    const child = spawn('git', ['cat-file', '--batch'], { cwd, env: { ...environment, GIT_DIR: gitDir }, windowsHide: true });
    this.#process = child;
    this.#header = '';
    this.#answer = undefined;
    let said = '';
    let failure: Error | undefined;
    // First of all: a process that could not even be made has no streams, and says so only here.
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
    // A write to a process that has died is answered by its `close` event.
    child.stdin.on('error', () => undefined);
    child.on('close', () => this.#ended(child, failure?.message ?? said.trim()));
    return child;
  }

  #ended(child: ChildProcessWithoutNullStreams, why: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    const waiting = this.#queue;
    this.#queue = [];
    this.#barren += 1;
    const hopeless = this.#closed || this.#barren > 2;
    for (const request of waiting) {
      // The first one is what it died of; the others have not had their turn.
      if (request === waiting[0]) request.attempts += 1;
      if (!hopeless && request.attempts <= 2) {
        this.#queue.push(request);
        this.#start().stdin.write(`${request.id}\n`);
        continue;
      }
      if (!this.#closed) this.#options.onDamage();
      request.reject(
        this.#closed
          ? new FluxError('blob reader: closed', { code: 'git/closed' })
          : broken(`blob ${request.id}: git cat-file ended${why ? `: ${why}` : ''}`),
      );
    }
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
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
      this.#answer.chunks?.push(part);
      this.#answer.remaining -= part.length;
      if (this.#answer.remaining === 0) this.#onContent(this.#answer);
    }
  }

  #onHeader(header: string): void {
    this.#barren = 0;
    const [, type = '', length = ''] = header.split(' ');
    const request = this.#queue[0];
    if (type === 'missing') {
      this.#queue.shift();
      this.#options.onDamage();
      request?.reject(new FluxError(`blob ${request.id}: not in the mirror`, { code: 'git/blob-missing', fault: 'missing' }));
      return;
    }
    const size = Number(length);
    if (!Number.isSafeInteger(size) || !request) {
      this.#process?.kill('SIGKILL');
      return;
    }
    const { maxBytes } = this.#options;
    const wanted = type === 'blob' && size <= maxBytes;
    this.#answer = { size, chunks: wanted ? [] : undefined, remaining: size + 1 };
    if (wanted) return;
    request.reject(
      type === 'blob'
        ? new FluxError(`blob ${request.id}: ${size} bytes are more than the ${maxBytes} that are read`, {
            code: 'git/blob-too-large',
            fault: 'user',
            help: 'Split the file, or keep it outside of the paths that are synced.',
          })
        : new FluxError(`blob ${request.id}: it is a ${type}`, { code: 'git/bad-revision', fault: 'user' }),
    );
  }

  #onContent({ size, chunks }: Answer): void {
    this.#answer = undefined;
    const request = this.#queue.shift();
    if (!request || !chunks) return;
    const content = Buffer.concat(chunks).subarray(0, size);
    const algorithm = request.id.length === 64 ? 'sha256' : 'sha1';
    // Git does not compare content with its id when it reads; a flipped bit on disk must not reach the cluster.
    const actual = createHash(algorithm).update(`blob ${size}\0`).update(content).digest('hex');
    if (actual === request.id) {
      request.resolve(content);
      return;
    }
    this.#options.onDamage();
    request.reject(broken(`blob ${request.id}: its content does not match its id`));
  }
}

function broken(message: string): FluxError {
  return new FluxError(message, { code: 'git/mirror-broken', help: 'The mirror is damaged; the next fetch builds it anew.' });
}
