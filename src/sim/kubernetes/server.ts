import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Catalog } from './catalog.ts';
import type { Certificate } from './certificate.ts';
import { aggregatedDiscovery, apiGroupList, apiResourceList, apiVersions, oneApiGroup } from './discovery.ts';
import type { JsonObject } from './json.ts';
import { OPENAPI_V2, openApiV3, openApiV3Index } from './openapi.ts';
import { ApiError, PlainError } from './status.ts';

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

/** An authenticated request. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ApiResponse {
  send(code: number, body: JsonObject, headers?: Readonly<Record<string, string>>): void;
  text(code: number, body: string): void;
  bytes(code: number, body: Buffer, type: string): void;
  /** Opens a stream of plain text, whose headers are sent with its first bytes, as the kubelet does; `closed` as in `stream`. */
  plainStream(closed: () => void): { write(bytes: Buffer): void; end(): void };
  /** Opens a stream of JSON lines; `closed` is called once when the client disconnects or the server stops. */
  stream(closed: () => void): { write(line: JsonObject): void; end(): void };
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly certificate: Certificate;
  readonly onRequest: (line: RequestLine) => void;
  readonly handle: (request: ApiRequest, response: ApiResponse) => void;
}

/** Larger bodies get a 413, as on the real server at 3 MiB. */
const MAX_BODY = 3 * 1024 * 1024;

/** The HTTP layer: authentication, bodies, Status errors; independent of Kubernetes objects. */
export async function listen(options: HttpOptions): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const streams = new Set<() => void>();
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://sim');
    options.onRequest({ method: request.method ?? 'GET', path: url.pathname, query: url.search.slice(1) });
    const api = responder(response, streams);
    receive(request)
      .then((body) => {
        if (!isAllowed(request, url.pathname, options.token)) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
        options.handle(
          { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, headers: request.headers, body },
          api,
        );
      })
      .catch((error: unknown) => fail(api, error));
  };
  const { cert, key } = options.certificate;
  // Both HTTP versions, as on the real server; node:http2 presents HTTP/2 requests in the same form.
  const server = createSecureServer({ cert, key, allowHTTP1: true, noDelay: true, http1Options: { keepAliveTimeout: 60_000 } });
  server.on('request', serve);
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // An aborting client: its requests get the error.
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${options.host}:${port}`,
    stop: () => {
      for (const close of streams) close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

function isAllowed(request: IncomingMessage, path: string, token: string): boolean {
  // As on the real server, probes need no credentials.
  if (['/healthz', '/livez', '/readyz', '/version'].includes(path)) return true;
  return request.headers.authorization === `Bearer ${token}`;
}

function fail(response: ApiResponse, error: unknown): void {
  if (error instanceof PlainError) response.text(error.code, error.message);
  else if (error instanceof ApiError) response.send(error.code, error.body());
  // A bug in the server is reported to the client, and does not end the process.
  else
    response.send(
      500,
      new ApiError(500, 'InternalError', `Internal error occurred: ${(error as Error).stack ?? String(error)}`).body(),
    );
}

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= MAX_BODY) chunks.push(chunk as Buffer);
  }
  if (size > MAX_BODY) throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY}`, {});
  return Buffer.concat(chunks).toString('utf8');
}

function responder(response: ServerResponse, streams: Set<() => void>): ApiResponse {
  const endWith = (closed: () => void) => {
    const end = () => {
      if (!streams.delete(end)) return;
      closed();
      response.end();
    };
    streams.add(end);
    response.on('close', end);
    return end;
  };
  return {
    send: (code, body, headers = {}) => {
      const text = JSON.stringify(body);
      response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
      response.end(text);
    },
    bytes: (code, body, type) => {
      response.writeHead(code, { 'content-type': type });
      response.end(body);
    },
    text: (code, body) => {
      response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(body);
    },
    plainStream: (closed) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      return { write: (bytes) => void response.write(bytes), end: endWith(closed) };
    },
    stream: (closed) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return { write: (line) => void response.write(`${JSON.stringify(line)}\n`), end: endWith(closed) };
    },
  };
}

/** Serves paths that are not about objects; undefined for others. */
export function serveDocuments(catalog: Catalog, request: ApiRequest, response: ApiResponse): boolean {
  const { path } = request;
  const [, root, group, version, ...rest] = path.replace(/\/$/, '').split('/');
  if (path === '/healthz' || path === '/livez' || path === '/readyz') response.text(200, 'ok');
  else if (path === '/version') response.send(200, versionOf(catalog));
  else if (path === '/openapi/v3') response.send(200, openApiV3Index(catalog));
  else if (path === '/openapi/v2') response.bytes(200, OPENAPI_V2.body, OPENAPI_V2.type);
  else if (path.startsWith('/openapi/v3/')) return serveOpenApi(catalog, path, response);
  else if ((root === 'api' || root === 'apis') && group === undefined) sendDiscovery(catalog, root === 'api', request, response);
  else if (root === 'api' && version === undefined) return sendIf(response, apiResourceList(catalog, '', group ?? ''));
  else if (root === 'apis' && group !== undefined && version === undefined) return sendIf(response, oneApiGroup(catalog, group));
  else if (root === 'apis' && version !== undefined && rest.length === 0)
    return sendIf(response, apiResourceList(catalog, group ?? '', version));
  else if (path === '/')
    response.send(200, { paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version'] });
  else return false;
  return true;
}

function serveOpenApi(catalog: Catalog, path: string, response: ApiResponse): boolean {
  const [, , , root, first = '', second] = path.split('/');
  return sendIf(response, root === 'api' ? openApiV3(catalog, '', first) : openApiV3(catalog, first, second ?? ''));
}

function sendIf(response: ApiResponse, body: JsonObject | undefined): boolean {
  if (body) response.send(200, body);
  return body !== undefined;
}

function sendDiscovery(catalog: Catalog, core: boolean, request: ApiRequest, response: ApiResponse): void {
  const version = /g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?);as=APIGroupDiscoveryList/.exec(request.headers.accept ?? '')?.[1];
  if (version === undefined) response.send(200, core ? apiVersions() : apiGroupList(catalog));
  else
    response.send(200, aggregatedDiscovery(catalog, core, `apidiscovery.k8s.io/${version}`), {
      'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      vary: 'Accept',
    });
}

function versionOf(catalog: Catalog): JsonObject {
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(catalog.kubernetesVersion) ?? [];
  return { major, minor, gitVersion: catalog.kubernetesVersion, goVersion: '', compiler: '', platform: 'embedded' };
}
