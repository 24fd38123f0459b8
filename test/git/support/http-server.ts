import { execFileSync, spawn } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface GitHttpServer {
  /** `http://127.0.0.1:port`, or https */
  readonly origin: string;
  readonly port: number;
  /** What arrived: method and path, with the user of basic authentication when there was one. */
  readonly requests: readonly string[];
}

export interface GitHttpOptions {
  readonly user?: string;
  readonly password?: string;
  /** In place of a user and password: whether an Authorization header may enter. */
  readonly admits?: (authorization: string) => boolean;
  /** Serves https. With `ca`, clients need a certificate of that authority. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
  /** Speaks only the first protocol of git, with these of its capabilities. */
  readonly capabilities?: readonly string[];
  /** Asked before a request is served; may answer it in its own way and return true. */
  readonly intercept?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
  /** True: the server does what was asked, but the connection breaks before a word of it gets back. */
  readonly breakAnswer?: (request: http.IncomingMessage) => boolean;
  /** What of an answer arrives before nothing more does, and the connection stays. */
  readonly holdAnswer?: (request: http.IncomingMessage) => 'nothing' | 'headers' | 'half' | undefined;
}

/** Serves the repositories in a directory by git's own smart HTTP program. */
export async function serveGitOverHttp(root: string, options: GitHttpOptions = {}): Promise<GitHttpServer> {
  const { user, password, intercept, breakAnswer, holdAnswer, tls, capabilities } = options;
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const admits = options.admits ?? ((authorization) => password === undefined || authorization === expected);
  const backend = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
  const requests: string[] = [];
  const server = listenerOf(tls, (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const given = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    requests.push(`${request.method} ${url.pathname}${url.search}${given === '' ? '' : ` as ${given.split(':')[0]}`}`);
    if (intercept?.(request, response)) return;
    if (!admits(request.headers.authorization ?? '')) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('no entry');
      return;
    }
    const child = spawn(backend, {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'http.receivepack',
        GIT_CONFIG_VALUE_0: 'true',
        GIT_CONFIG_KEY_1: 'safe.directory',
        GIT_CONFIG_VALUE_1: '*',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        REMOTE_USER: user ?? 'anonymous',
        REMOTE_ADDR: '127.0.0.1',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: capabilities ? '' : String(request.headers['git-protocol'] ?? ''),
        ...(request.headers['content-length'] ? { CONTENT_LENGTH: request.headers['content-length'] } : {}),
      },
    });
    request.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      if (breakAnswer?.(request)) {
        request.socket.destroy();
        return;
      }
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      const headers = output
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': ') as [string, string]);
      const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
      const body = reduced(output.subarray(end + 4));
      const held = holdAnswer?.(request);
      if (held === 'nothing') return;
      response.writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
      if (held === undefined) response.end(body);
      else if (held === 'half') response.write(body.subarray(0, Math.ceil(body.length / 2)));
      else response.flushHeaders();
    });
  });
  /** An advertisement with those capabilities alone; its first line has them after a NUL, and its length in front. */
  function reduced(body: Buffer): Buffer {
    const text = body.toString('latin1');
    const found = /^([0-9a-f]{4}# service=[^\n]+\n0000)[0-9a-f]{4}([^\0\n]+)\0([^\n]*)\n/.exec(text);
    if (!capabilities || !found) return body;
    const [whole, service = '', ref = '', all = ''] = found;
    const kept = all.split(' ').filter((name) => capabilities.includes(name.split('=')[0] ?? ''));
    const line = `${ref}\0${kept.join(' ')}\n`;
    const length = (line.length + 4).toString(16).padStart(4, '0');
    return Buffer.from(`${service}${length}${line}${text.slice(whole.length)}`, 'latin1');
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, port, requests };
}

/** The folder above a remote, which is what is served. */
export const rootOf = (remotePath: string) => dirname(remotePath);

export function listenerOf(tls: GitHttpOptions['tls'], listener: http.RequestListener): http.Server | https.Server {
  if (!tls) return http.createServer(listener);
  return https.createServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: tls.ca !== undefined }, listener);
}
