import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, FluxError, systemClock, yieldTurn } from '../../src/base/index.ts';
import { type Keyboard, main } from '../../src/cli/index.ts';

export interface Request {
  readonly method: string;
  /** Path with query, below `/api`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What a scripted daemon answers: JSON with status 200, status and body, or nothing ever. */
export type Answer = unknown | { readonly silent: true } | { readonly status: number; readonly body: string | object };

/** `GET /flux/v6/services` to the answers given one after the other; the last one stays. */
export type Script = Readonly<Record<string, readonly Answer[]>>;

/** The time that every answer states; a test that looks at clocks starts its own there. */
export const SERVED_AT = 'Thu, 26 Nov 2026 12:00:00 GMT';

export class ScriptedDaemon {
  readonly requests: Request[] = [];
  readonly #server: Server;
  readonly #script: Script;
  readonly #asked = new Map<string, number>();

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.#script = script;
  }

  static async start(script: Script): Promise<ScriptedDaemon> {
    const server = createServer();
    const daemon = new ScriptedDaemon(server, script);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const body = Buffer.concat(chunks).toString();
        const path = url.replace(/^\/api/, '');
        daemon.requests.push({ method, path, headers, body });
        response.setHeader('date', SERVED_AT);
        const answer = daemon.#answer(`${method} ${path.split('?')[0]}`);
        if (isSilence(answer)) return;
        if (answer === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
        else if (isRaw(answer)) {
          response.writeHead(answer.status).end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
        } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return daemon;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/flux`;
  }

  /** Bodies of the requests to a route, decoded. */
  sent(route: string): unknown[] {
    return this.requests
      .filter(({ method, path }) => `${method} ${path.split('?')[0]}` === route)
      .map(({ body }) => (body === '' ? undefined : JSON.parse(body)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(route: string): Answer | undefined {
    const answers = this.#script[route];
    if (!answers) return undefined;
    const asked = this.#asked.get(route) ?? 0;
    this.#asked.set(route, asked + 1);
    return answers[Math.min(asked, answers.length - 1)];
  }
}

function isSilence(answer: Answer): boolean {
  return typeof answer === 'object' && answer !== null && 'silent' in answer;
}

function isRaw(answer: Answer): answer is { readonly status: number; readonly body: string | object } {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'body' in answer;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order written; each line marked `1` or `2`. */
  readonly lines: string;
}

interface RunOptions {
  /** Of standard output. */
  readonly isTTY?: boolean;
  /** Of standard error; for commands that wait for nothing, as the clock here never lets a frame pass. */
  readonly isErrorTTY?: boolean;
  readonly columns?: number;
  readonly keyboard?: () => Keyboard;
  /** What the clock shows first, in milliseconds since the epoch. */
  readonly startAt?: number;
  /** Default a minute, as what is waited for here comes, or fails by itself, however busy the machine is. */
  readonly deadline?: Clock['deadline'];
  /** Default none at all; a command that waits for another program sleeps beside it. */
  readonly sleep?: Clock['sleep'];
}

function noKeyboard(): never {
  throw new FluxError('--interactive needs a terminal, and there is none', { code: 'cli/no-terminal', fault: 'user' });
}

/** Runs a fluxctl command line with a clock that does not wait. */
export async function fluxctl(
  line: readonly string[],
  env: Readonly<Record<string, string>> = {},
  {
    isTTY = false,
    isErrorTTY = false,
    columns,
    keyboard = noKeyboard,
    startAt = 0,
    deadline = (_ms, parent) => systemClock.deadline(60_000, parent),
    sleep,
  }: RunOptions = {},
): Promise<Ran> {
  const written: [1 | 2, string][] = [];
  let now = startAt;
  const code = await main({
    argv: line,
    env: { HOME: '/nonexistent', PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', ...env },
    stdout: { isTTY, ...(columns === undefined ? {} : { columns }), write: (text) => written.push([1, text]) },
    keyboard,
    stderr: { isTTY: isErrorTTY, write: (text) => written.push([2, text]) },
    version: '9.9.9',
    clock: {
      ...systemClock,
      now: () => now,
      monotonic: () => now,
      deadline,
      async sleep(ms, { signal } = {}) {
        now += ms;
        if (sleep) return sleep(ms, { ...(signal ? { signal } : {}) });
        // What watches a process sleeps until that ends.
        await yieldTurn(signal);
      },
    },
  });
  const only = (stream: 1 | 2) => written.flatMap(([to, text]) => (to === stream ? [text] : [])).join('');
  const lines = written
    .map(([to, text]) =>
      text
        .replace(/\n$/, '')
        .split('\n')
        .map((each) => `${to} ${each}\n`)
        .join(''),
    )
    .join('');
  return { code, stdout: only(1), stderr: only(2), lines };
}
