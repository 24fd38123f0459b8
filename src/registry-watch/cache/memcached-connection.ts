import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { MAX_VALUE_BYTES } from './store.ts';

/** Longer lines are in no answer. */
const MAX_LINE = 4096;

/** A connection to a memcached server, by its text protocol. Requests are answered in order. */
export class MemcachedConnection {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /** Connects to `host:port`. The connection ends when the signal aborts. */
  static async open(host: string, port: number, signal: AbortSignal): Promise<MemcachedConnection> {
    const socket = createConnection({ host, port });
    socket.setNoDelay(true).unref();
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
    // Errors end the reading, which says so.
    socket.on('error', () => undefined);
    return new MemcachedConnection(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The values of keys, none of which has white space. */
  async get(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#socket.write(`get ${keys.join(' ')}\r\n`);
    const found = new Map<string, Uint8Array>();
    for (let left = keys.length; left >= 0; left -= 1) {
      const line = await this.#line();
      if (line === 'END') return found;
      const [, key = '', bytes = ''] = /^VALUE (\S+) \d+ (\d+)$/.exec(line) ?? [];
      const length = Number(bytes);
      if (key === '') break;
      if (length <= MAX_VALUE_BYTES) found.set(key, await this.#bytes(length));
      else await this.#skip(length);
      if ((await this.#line()) !== '') break;
    }
    throw unexpected('an answer to get');
  }

  /** Sets values, which expire after as many seconds. @throws Error with what the server says if it stores one of them not */
  async set(entries: readonly { readonly key: string; readonly value: Uint8Array }[], seconds: number): Promise<void> {
    for (const { key, value } of entries) {
      this.#socket.write(`set ${key} 0 ${seconds} ${value.length}\r\n`);
      this.#socket.write(value);
      this.#socket.write('\r\n');
    }
    let refusal = '';
    for (const _ of entries) {
      const line = await this.#line();
      if (line !== 'STORED') refusal ||= line;
    }
    if (refusal !== '') throw unexpected(refusal);
  }

  /** Sets a value unless there is one; whether it did. */
  async add(key: string, value: string, seconds: number): Promise<boolean> {
    this.#socket.write(`add ${key} 0 ${seconds} ${value.length}\r\n${value}\r\n`);
    const line = await this.#line();
    if (line !== 'STORED' && line !== 'NOT_STORED') throw unexpected(line);
    return line === 'STORED';
  }

  async #line(): Promise<string> {
    let end = this.#rest.indexOf('\r\n');
    while (end < 0) {
      if (this.#rest.length > MAX_LINE) throw unexpected('a line without end');
      this.#rest = Buffer.concat([this.#rest, await this.#chunk()]);
      end = this.#rest.indexOf('\r\n');
    }
    const line = this.#rest.toString('latin1', 0, end);
    this.#rest = this.#rest.subarray(end + 2);
    return line;
  }

  async #skip(length: number): Promise<void> {
    let left = length;
    for (; left > this.#rest.length; this.#rest = await this.#chunk()) left -= this.#rest.length;
    this.#rest = this.#rest.subarray(left);
  }

  async #bytes(length: number): Promise<Buffer> {
    const chunks = [this.#rest];
    let read = this.#rest.length;
    while (read < length) {
      const chunk = await this.#chunk();
      chunks.push(chunk);
      read += chunk.length;
    }
    const all = Buffer.concat(chunks);
    this.#rest = all.subarray(length);
    return all.subarray(0, length);
  }

  async #chunk(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Error('the server closed the connection');
    return value;
  }
}

function unexpected(line: string): Error {
  return new Error(`unexpected answer: ${line.slice(0, 200)}`);
}
