import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { HostKind } from '../../../src/git-host/index.ts';
import { azureDevops } from './azure-devops.ts';
import { bitbucketCloud } from './bitbucket-cloud.ts';
import { bitbucketServer } from './bitbucket-server.ts';
import { gitea } from './gitea.ts';
import { github, graphql } from './github.ts';
import { gitlab } from './gitlab.ts';
import { Refusal } from './refusal.ts';

/** A request as the imitations keep it, in no host's words. */
export interface Pull {
  readonly number: number;
  readonly head: string;
  readonly base: string;
  title: string;
  body: string;
  state: 'open' | 'merged' | 'closed';
  labels: string[];
  reviewers: string[];
  autoMerge: boolean;
  version: number;
  /** Its branch is one of a fork of the repository. */
  isOfFork: boolean;
  isBranchDeleted: boolean;
}

/** An answer: a status, and a body of JSON unless it has none. */
export type Reply = readonly [status: number, body?: unknown];

export interface Asked {
  readonly method: string;
  readonly pathname: string;
  /** Decoded segments below the API. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly headers: http.IncomingHttpHeaders;
}

/** What the host knows: one repository `acme/shop`. */
export interface HostState {
  readonly token: string;
  /** Its own origin. */
  readonly origin: string;
  readonly pulls: Pull[];
  /** @throws Refusal if the branches have an open one. */
  open(pull: Pick<Pull, 'head' | 'base' | 'title' | 'body'>): Pull;
}

/** One API: what it answers, or undefined if it has no such thing. Throws for a request that the reference does not allow. */
export interface Dialect {
  /** Path of the API below the origin. */
  readonly at: string;
  answer(asked: Asked, state: HostState): Reply | undefined;
  refused(refusal: Refusal): unknown;
  /** Whether the request shows the token as the reference says. */
  admits(asked: Asked, token: string): boolean;
}

const DIALECTS: Readonly<Record<HostKind, Dialect>> = {
  github,
  gitlab,
  gitea,
  'bitbucket-cloud': bitbucketCloud,
  'bitbucket-server': bitbucketServer,
  'azure-devops': azureDevops,
};

export interface Imitation {
  readonly origin: string;
  readonly api: string;
  readonly pulls: Pull[];
  /** `GET /repos/acme/shop/pulls 200`, with what was refused and why. */
  readonly log: string[];
  /** Set to break the connection of the nth request from now, before or after it is served. */
  lose: ((n: number) => 'before' | 'after' | undefined) | undefined;
  /** Set to answer in its place. */
  intercept: ((asked: Asked) => { status: number; headers?: Record<string, string>; body?: unknown } | undefined) | undefined;
  close(): Promise<void>;
}

export const TOKEN = 'canary-token-of-the-host';

/** An imitation of one host's API, which checks what it is sent and holds state. Closed after the test, if there is one. */
export async function startImitation(kind: HostKind, token = TOKEN): Promise<Imitation> {
  const dialect = DIALECTS[kind];
  const pulls: Pull[] = [];
  const log: string[] = [];
  let requests = 0;
  let numbers = 11;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      const lost = imitation.lose?.(requests);
      if (lost === 'before') return void request.socket.destroy();
      const { status, headers = {}, body } = answer(request, Buffer.concat(chunks).toString('utf8'));
      log.push(`${request.method} ${request.url} ${status}${status >= 400 ? ` ${JSON.stringify(body)}` : ''}`);
      if (lost === 'after') return void request.socket.destroy();
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: HostState = {
    token,
    origin,
    pulls,
    open(wanted) {
      if (pulls.some(({ head, base, state: its }) => its === 'open' && head === wanted.head && base === wanted.base))
        throw new Refusal(409, 'there is an open request of these branches');
      numbers += 1;
      const pull: Pull = {
        ...wanted,
        number: numbers,
        state: 'open',
        labels: [],
        reviewers: [],
        autoMerge: false,
        version: 0,
        isOfFork: false,
        isBranchDeleted: false,
      };
      pulls.unshift(pull);
      return pull;
    },
  };

  function answer(
    request: http.IncomingMessage,
    text: string,
  ): { status: number; headers?: Record<string, string>; body?: unknown } {
    const url = new URL(request.url ?? '/', origin);
    const asked: Asked = {
      method: request.method ?? '',
      pathname: url.pathname,
      path: url.pathname
        .slice(dialect.at.length)
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent),
      query: url.searchParams,
      body: text === '' ? undefined : JSON.parse(text),
      headers: request.headers,
    };
    const own = imitation.intercept?.(asked);
    if (own) return own;
    try {
      if (!asked.headers['user-agent']) throw new Refusal(403, 'no user agent');
      if (text !== '' && asked.headers['content-type'] !== 'application/json') throw new Refusal(415, 'the body is not JSON');
      if (!dialect.admits(asked, token)) throw new Refusal(401, 'bad credentials');
      if (kind === 'github' && url.pathname === '/api/graphql') return graphql(asked.body, pulls);
      if (!url.pathname.startsWith(`${dialect.at}/`)) throw new Refusal(404, 'not in the API');
      const reply = dialect.answer(asked, state);
      if (!reply) throw new Refusal(404, 'not found');
      const [status, body] = reply;
      return { status, body };
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(400, String(error));
      return { status: refusal.status, body: dialect.refused(refusal) };
    }
  }

  const imitation: Imitation = {
    origin,
    api: `${origin}${dialect.at}`,
    pulls,
    log,
    lose: undefined,
    intercept: undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return imitation;
}

/** The same, closed after the test. */
export async function imitationInTest(kind: HostKind, token = TOKEN): Promise<Imitation> {
  const imitation = await startImitation(kind, token);
  onTestFinished(() => imitation.close());
  return imitation;
}
