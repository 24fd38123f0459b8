import { existsSync, renameSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import { sampled } from '../support/sampled.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { processesWith } from './support/processes.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

const PASSWORD = 'the-password';
/** What stands in the place of the socket from then on answers so, and so on. */
type OnSocket = (socket: Socket) => void;

/** What happens to the nth request of git, or to what git asks the daemon because of it. */
type Fault =
  | { readonly request: (request: IncomingMessage, response: ServerResponse) => void }
  | { readonly answer: true }
  | { readonly socket: 'gone' | 'refuses' | OnSocket };

const WAYS: readonly (readonly [string, Fault])[] = [
  ['the request is answered 503', { request: (_, response) => response.writeHead(503).end('trouble') }],
  ['the request loses its connection', { request: (request) => request.socket.destroy() }],
  [
    'the request is cut in its answer',
    {
      request: (_, response) => {
        response.writeHead(200, { 'content-length': '5000', 'content-type': 'application/x-git-upload-pack-advertisement' });
        response.write('001e# service=git-upl', () => response.destroy());
      },
    },
  ],
  ['the request is never answered', { request: () => undefined }],
  ['the request is answered by another document', { request: (_, response) => response.writeHead(200).end('<h1>Hello</h1>') }],
  ['the request is led nowhere', { request: (_, response) => response.writeHead(302, { location: '/login' }).end() }],
  ['the request is carried out and its answer lost', { answer: true }],
  ['the socket for the password is gone', { socket: 'gone' }],
  ['the socket for the password refuses', { socket: 'refuses' }],
  ['the socket for the password closes without an answer', { socket: (socket) => socket.destroy() }],
  ['the socket for the password gives half of an answer', { socket: (socket) => socket.end('username=ann\npassword=the-pa') }],
  ['the socket for the password never answers', { socket: () => undefined }],
  [
    'the socket for the password answers late',
    { socket: (socket) => void setTimeout(() => socket.end(`username=ann\npassword=${PASSWORD}\n`), 300) },
  ],
];

/** A repository that was renamed twice and wants a password: what is done in it, while something is lost at the nth request. */
async function live(n: number, fault: Fault, isSilent: boolean) {
  const remote = createRemote();
  const directory = join(temporaryDirectory(), 'mirror');
  const names: Readonly<Record<string, string>> = { '/old': '/old.git', '/old.git': '/remote.git' };
  let requests = 0;
  /** Requests that ask for a password. */
  const refused: number[] = [];
  const server = await serveGitOverHttp(rootOf(remote.path), {
    user: 'ann',
    password: PASSWORD,
    intercept: (request, response) => {
      requests += 1;
      if (request.headers.authorization === undefined) refused.push(requests);
      if (requests === n && 'socket' in fault) replaceSocket(join(directory, 'credentials'), fault.socket);
      if (requests === n && 'request' in fault) {
        fault.request(request, response);
        return true;
      }
      const url = request.url ?? '';
      const from = Object.keys(names).find((name) => url.startsWith(`${name}/`));
      if (from === undefined || request.headers.authorization === undefined) return false;
      response.writeHead(301, { location: `${names[from]}${url.slice(from.length)}` }).end();
      return true;
    },
    breakAnswer: () => requests === n && 'answer' in fault,
  });
  let now = 0;
  const source = sourceOf(`${server.origin.replace('//', `//ann:${PASSWORD}@`)}/old`, {
    directory,
    timeoutMs: isSilent ? 4_000 : 60_000,
    clock: { ...systemClock, now: () => now, monotonic: () => now, sleep: () => new Promise<void>(() => undefined) },
  });
  const failures: string[] = [];
  /** As the loop does: what failed is tried again after a while. */
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    const failed = await work().then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    now += 61_000;
    if ('result' in failed) return failed.result;
    const { code, message, help, stack } = await failureOf(Promise.reject(failed.error));
    expect(code).toMatch(/^git\//);
    expect(`${message}${help}${stack}`).not.toContain(PASSWORD.slice(0, 6));
    failures.push(`${code}`);
    if (failures.length > 2) throw failed.error;
    return again(work);
  };
  const base = await again(() => source.fetch());
  const request = { base, edits: [{ path: 'x', content: 'x' }], message: 'Change', jobId: 'j', note: '{"a":1}' };
  const made = await again(async () => (await source.arrived(request)) ?? (await source.commit(request)));
  await again(() => source.recordSync({ revision: accept(made), record: '{"b":1}' }));
  await again(() => source.amendRecord(made, (recorded) => recorded?.replace('1', '2')));
  const theirs = remote.commit({ 'y.yaml': 'y' });
  const seen = await again(() => source.fetch());
  await again(() => source.fetch());
  const left = processesWith(directory).filter((line) => !line.includes('cat-file'));
  return {
    requests,
    refused,
    failures,
    outcome: {
      seen: seen === theirs,
      state: source.state(),
      log: remote.git('log', '--format=%s', 'main').split('\n'),
      tag: remote.git('rev-parse', 'flux-sync^{commit}') === made,
      note: remote.git('notes', '--ref=flux', 'show', made),
      notes: remote.git('notes', '--ref=flux', 'list').split('\n').length,
      record: remote.git('notes', '--ref=flux-sync', 'show', made),
      left,
    },
  };
}

/** Puts another in the place of the socket at once, as seen by who asks next. */
function replaceSocket(path: string, by: 'gone' | 'refuses' | OnSocket): void {
  if (!existsSync(path)) throw new Error('there is no socket');
  rmSync(path);
  if (by === 'gone') return;
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    // Of a question nothing is lost: it is read to its end before it is answered.
    socket.resume().on('end', () => typeof by === 'function' && by(socket));
  }).listen(path);
  if (by === 'refuses') {
    // A file stays to which nobody listens.
    renameSync(path, `${path}.dead`);
    server.close(() => undefined);
    renameSync(`${path}.dead`, path);
  } else onTestFinished(() => void server.close());
}

const OUTCOME = {
  seen: true,
  state: { status: 'ready' },
  log: ['Change', 'First'],
  tag: true,
  note: '{"a":1}',
  notes: 1,
  record: '{"b":2}',
  left: [],
};

let clean: Awaited<ReturnType<typeof live>> | undefined;

test.for(sampled('ways to lose an answer', WAYS, 1))(
  'one answer that git does not get changes nothing in the end: %s',
  { timeout: 600_000 },
  async ([way, fault]) => {
    clean ??= await live(0, fault, false);
    expect(clean).toMatchObject({ failures: [], outcome: { ...OUTCOME, log: [expect.any(String), ...OUTCOME.log] } });
    // A socket that is there is asked because of these alone.
    const asks = 'socket' in fault && typeof fault.socket === 'function';
    const all = asks ? clean.refused : Array.from({ length: clean.requests }, (_, index) => index + 1);
    // Each request in a quarter of the ways, another one for each: all of them in all ways take a quarter of an hour.
    const inThisWay = all.filter((_, index) => index % 4 === WAYS.findIndex(([each]) => each === way) % 4);
    const { outcome: usual } = clean;
    const each = pLimit(4);
    await each.map(sampled('requests of git', inThisWay, 1), async (n) => {
      const { outcome } = await live(n, fault, way.includes('never'));
      expect(outcome, `${way}: ${n}`).toEqual(usual);
    });
  },
);
