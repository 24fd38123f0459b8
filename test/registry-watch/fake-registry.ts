import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json';

export function digestOf(body: string | Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

interface Document {
  readonly type: string;
  readonly body: string;
}

/** What a test wants one request to answer instead; undefined answers as usual. */
export type Interception = (request: IncomingMessage, response: ServerResponse) => boolean | undefined;

/** A registry on a real socket, small and honest; `intercept` makes it lie. One repository, `team/web`. */
export class FakeRegistry {
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  intercept: Interception = () => undefined;
  readonly #tags = new Map<string, string>();
  readonly #documents = new Map<string, Document>();
  readonly #server = createServer((request, response) => this.#serve(request, response));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Canonical name of the repository. */
  get name(): string {
    return `${this.host}/team/web`;
  }

  /** Stores any document and gives its digest. */
  store(body: unknown, type = 'application/octet-stream'): string {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const digest = digestOf(text);
    this.#documents.set(digest, { type, body: text });
    return digest;
  }

  /** Stores an image with the given config and gives the digest of its manifest. */
  image(config: unknown, { type = OCI_IMAGE, mediaType = 'application/vnd.oci.image.config.v1+json' } = {}): string {
    return this.store({ schemaVersion: 2, mediaType: type, config: { mediaType, digest: this.store(config) }, layers: [] }, type);
  }

  tag(tag: string, digest: string): void {
    this.#tags.set(tag, digest);
  }

  /** Pushes an image created at an RFC 3339 time. */
  push(tag: string, created: string): string {
    const digest = this.image({ created, os: 'linux', architecture: 'amd64', tag });
    this.tag(tag, digest);
    return digest;
  }

  /** The body of what a tag points to. */
  bodyOf(tag: string): string {
    return this.#documents.get(this.#tags.get(tag) ?? '')?.body ?? '';
  }

  remove(tag: string): void {
    this.#tags.delete(tag);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://registry');
    this.requests.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    if (this.intercept(request, response)) return;
    const [, kind, reference = ''] = /^\/v2\/team\/web\/(tags|manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const digest = this.#tags.get(reference) ?? reference;
    const document = this.#documents.get(digest);
    if (kind === 'tags') {
      json(response, 200, { name: 'team/web', tags: [...this.#tags.keys()].sort() });
    } else if (kind === undefined || !document) {
      json(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
    } else {
      response.writeHead(200, { 'content-type': document.type, 'docker-content-digest': digest });
      response.end(request.method === 'HEAD' ? undefined : document.body);
    }
  }
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
