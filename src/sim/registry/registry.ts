import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '../../base/index.ts';
import { createGate, type RegistryAuth } from './authentication.ts';
import { createRepositories, digestOf, type Repositories, type Repository, storeManifest } from './blobs.ts';
import { environmentOf, type ImageSpec, storeImage } from './image.ts';

export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

export interface RegistryOptions {
  /** 0 picks a free port; the default. */
  readonly port?: number;
  readonly auth?: RegistryAuth;
}

export interface Registry {
  /** `127.0.0.1:PORT`, as in image names; plain HTTP. */
  readonly host: string;
  /** Stores an image as after a push. Returns the digest of the tag. */
  pushImage(image: ImageSpec): string;
  deleteTag(repository: string, tag: string): void;
  /** The environment variables in the config of an image, `NAME=value`; undefined if this registry does not have the image. */
  environmentOf(image: string): readonly string[] | undefined;
  /** All requests so far, oldest first; tests may clear it. */
  readonly requests: RegistryRequest[];
  stop(): Promise<void>;
}

/** Starts an embedded registry: https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export async function startRegistry({ port = 0, auth = { scheme: 'none' } }: RegistryOptions = {}): Promise<Registry> {
  const repositories = createRepositories();
  const requests: RegistryRequest[] = [];
  let host = '';
  const gate = createGate(auth, () => host);
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://registry');
    const method = request.method ?? 'GET';
    requests.push({ method, path: url.pathname, query: url.search.slice(1) });
    if (url.pathname === '/token') {
      gate.issue(request, response);
      return;
    }
    const target = parsePath(url.pathname);
    if (!target) {
      fail(response, 404, 'NAME_UNKNOWN', 'no such endpoint');
      return;
    }
    const action = method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push';
    if (!gate.admit(request, response, target.name === '' ? '' : `repository:${target.name}:${action}`)) return;
    readAll(request).then(
      (body) => answer(repositories, { method, url, target, request, response, body }),
      // The client has disconnected.
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    requests,
    pushImage: (image) => storeImage(repositories.open(image.repository), image),
    deleteTag: (repository, tag) => void repositories.find(repository)?.tags.delete(tag),
    environmentOf: (image) =>
      image.startsWith(`${host}/`) ? environmentOf(repositories, image.slice(host.length + 1)) : undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Target {
  readonly name: string;
  readonly kind: 'base' | 'catalog' | 'tags' | 'manifests' | 'blobs' | 'uploads';
  readonly reference: string;
}

function parsePath(path: string): Target | undefined {
  if (path === '/v2/' || path === '/v2') return { name: '', kind: 'base', reference: '' };
  if (path === '/v2/_catalog') return { name: '', kind: 'catalog', reference: '' };
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  if (tags?.[1]) return { name: tags[1], kind: 'tags', reference: '' };
  const uploads = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (uploads?.[1]) return { name: uploads[1], kind: 'uploads', reference: uploads[2] ?? '' };
  const other = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (!other?.[1] || !other[3]) return undefined;
  return { name: other[1], kind: other[2] === 'blobs' ? 'blobs' : 'manifests', reference: other[3] };
}

interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly target: Target;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

function answer(repositories: Repositories, exchange: Exchange): void {
  const { method, target, response } = exchange;
  const reading = method === 'GET' || method === 'HEAD';
  const repository = reading ? repositories.find(target.name) : repositories.open(target.name);
  if (target.kind === 'base') send(response, 200, {}, '{}');
  else if (target.kind === 'catalog') sendPage(exchange, repositories.names(), 'repositories', {});
  else if (!repository) fail(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
  else if (target.kind === 'tags') sendPage(exchange, [...repository.tags.keys()].sort(), 'tags', { name: target.name });
  else if (target.kind === 'manifests') manifests(repository, exchange);
  else if (target.kind === 'blobs') blobs(repository, exchange);
  else uploads(repository, exchange);
}

/** `n` entries after `last`, with a Link to the rest. */
function sendPage({ url, response }: Exchange, all: readonly string[], field: string, head: object): void {
  const last = url.searchParams.get('last');
  const limit = Number(url.searchParams.get('n') ?? 0) || all.length;
  const from = last === null ? all : all.filter((entry) => entry > last);
  const page = from.slice(0, limit);
  const end = page.at(-1);
  const more = from.length > page.length && end !== undefined;
  const link = `<${url.pathname}?last=${encodeURIComponent(end ?? '')}&n=${limit}>; rel="next"`;
  send(
    response,
    200,
    { 'content-type': 'application/json', ...(more ? { link } : {}) },
    JSON.stringify({ ...head, [field]: page }),
  );
}

function manifests(repository: Repository, { method, target, request, response, body }: Exchange): void {
  const { reference } = target;
  const digest = reference.startsWith('sha256:') ? reference : repository.tags.get(reference);
  if (method === 'PUT') {
    const mediaType = request.headers['content-type'] ?? 'application/vnd.oci.image.manifest.v1+json';
    const stored = storeManifest(repository, body, mediaType, reference.startsWith('sha256:') ? undefined : reference);
    const location = `/v2/${target.name}/manifests/${stored.digest}`;
    send(response, 201, { location, 'docker-content-digest': stored.digest }, '');
    return;
  }
  const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
  if (!manifest) {
    fail(response, 404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`);
    return;
  }
  if (method === 'DELETE') {
    if (reference.startsWith('sha256:')) {
      repository.manifests.delete(manifest.digest);
      for (const [tag, tagged] of repository.tags) if (tagged === manifest.digest) repository.tags.delete(tag);
    } else repository.tags.delete(reference);
    send(response, 202, {}, '');
    return;
  }
  const headers = {
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    'content-length': String(manifest.content.length),
    etag: `"${manifest.digest}"`,
  };
  send(response, 200, headers, method === 'HEAD' ? '' : manifest.content);
}

function blobs(repository: Repository, { method, target, response }: Exchange): void {
  const blob = repository.blobs.get(target.reference);
  if (!blob) {
    fail(response, 404, 'BLOB_UNKNOWN', `blob unknown to registry: ${target.reference}`);
    return;
  }
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': target.reference,
    'content-length': String(blob.length),
  };
  send(response, 200, headers, method === 'HEAD' ? '' : blob);
}

/** POST starts an upload (or completes it at once), PATCH appends to it, PUT ends it. */
function uploads(repository: Repository, { method, url, target, response, body }: Exchange): void {
  const wanted = url.searchParams.get('digest');
  const base = `/v2/${target.name}/blobs`;
  if (method === 'POST' && wanted === null) {
    const id = randomUUID();
    repository.uploads.set(id, Buffer.alloc(0));
    send(response, 202, { location: `${base}/uploads/${id}`, range: '0-0', 'docker-upload-uuid': id }, '');
    return;
  }
  const begun = method === 'POST' ? Buffer.alloc(0) : repository.uploads.get(target.reference);
  if (!begun) {
    fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    return;
  }
  const content = Buffer.concat([begun, body]);
  if (method === 'PATCH') {
    repository.uploads.set(target.reference, content);
    const range = `0-${Math.max(0, content.length - 1)}`;
    send(response, 202, { location: `${base}/uploads/${target.reference}`, range, 'docker-upload-uuid': target.reference }, '');
  } else if (digestOf(content) !== wanted) {
    fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  } else {
    repository.uploads.delete(target.reference);
    repository.blobs.set(wanted, content);
    send(response, 201, { location: `${base}/${wanted}`, 'docker-content-digest': wanted }, '');
  }
}

function send(response: ServerResponse, code: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
  response.writeHead(code, { 'docker-distribution-api-version': 'registry/2.0', ...headers });
  response.end(body);
}

function fail(response: ServerResponse, code: number, error: string, message: string): void {
  send(response, code, { 'content-type': 'application/json' }, JSON.stringify({ errors: [{ code: error, message }] }));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
