import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { http } from '../../base/index.ts';

const run = promisify(execFile);

export interface GitServerOptions {
  /** Directory of the bare repositories. */
  readonly directory: string;
  /** 0 picks a free port; the default. */
  readonly port?: number;
}

export interface GitServer {
  /** `http://127.0.0.1:PORT/<name>.git`. */
  url(name: string): string;
  /** Creates a bare repository whose branch `main` has the files in one commit; content by path. */
  createRepository(name: string, files: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

/** Serves bare repositories through the real `git http-backend` (CGI, RFC 3875), for fetch and push. */
export async function startGitServer({ directory, port = 0 }: GitServerOptions): Promise<GitServer> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true });
  const { stdout } = await run('git', ['--exec-path']);
  const backend = join(stdout.trim(), 'git-http-backend');
  const server = http.createServer((request, response) => serve(backend, root, request, response));
  await new Promise<void>((done, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', done);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${bound}/${name}.git`,
    createRepository: (name, files) => createRepository(join(root, `${name}.git`), files),
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function createRepository(bare: string, files: Readonly<Record<string, string>>): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'flux-sim-git-'));
  const git = (...args: readonly string[]) =>
    run('git', [
      '-C',
      work,
      '-c',
      'user.name=Sample',
      '-c',
      'user.email=sample@example.com',
      '-c',
      'commit.gpgsign=false',
      ...args,
    ]);
  try {
    await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
    await run('git', ['-C', bare, 'config', 'http.receivepack', 'true']);
    await git('init', '--quiet', '--initial-branch=main');
    for (const [path, content] of Object.entries(files)) {
      const target = resolve(work, path);
      if (!target.startsWith(work + sep)) throw new RangeError(`${path} is outside the repository`);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message', 'Add the first manifests');
    await git('push', '--quiet', bare, 'main');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function serve(backend: string, root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://git');
  const child = spawn(backend, [], {
    env: {
      // Isolates git from the configuration of the user who runs the demo.
      PATH: process.env.PATH ?? '',
      HOME: root,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      REMOTE_ADDR: request.socket.remoteAddress ?? '',
      REMOTE_USER: 'sample',
      ...(request.headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: request.headers['content-length'] }),
      ...(request.headers['content-encoding'] === undefined
        ? {}
        : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
      ...(request.headers['git-protocol'] === undefined ? {} : { GIT_PROTOCOL: String(request.headers['git-protocol']) }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.once('error', (error) => {
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`git http-backend did not start: ${error.message}\n`);
  });
  // A backend that responds before reading everything closes its input; its response is still valid.
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  request.once('close', () => {
    if (!request.complete) child.kill();
  });
  relay(child.stdout, response);
}

/** Converts a CGI response (header lines, an empty line, a body) to HTTP. */
function relay(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  output.on('data', (chunk: Buffer) => {
    if (!head) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = /\r?\n\r?\n/.exec(head.toString('latin1'));
    if (!end) return;
    const lines = head.subarray(0, end.index).toString('latin1').split(/\r?\n/);
    const headers = lines.map(
      (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
    );
    const status = headers.find(([name]) => name === 'status')?.[1];
    response.writeHead(
      status === undefined ? 200 : Number.parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name !== 'status')),
    );
    const rest = head.subarray(end.index + end[0].length);
    head = undefined;
    if (rest.length > 0) response.write(rest);
  });
  output.on('end', () => {
    if (head) response.writeHead(502, { 'content-type': 'text/plain' });
    response.end();
  });
}
