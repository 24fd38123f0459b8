import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createHttpTransport, type HttpTransport, silentLogger } from '../../../src/base/index.ts';
import { type ChartArchives, createChartArchives } from '../../../src/registry-watch/index.ts';
import type { LockedChart } from '../../../src/resource/index.ts';
import { DeadlineClock } from '../fake-clock.ts';

export function sha256(body: string | Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** A host with a registry, whose blobs are at another path, behind tokens; and with a chart repository. On a real socket. */
export class ChartHost {
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** By path: what is served as it is. */
  readonly files = new Map<string, string | Buffer>();
  /** Asked before anything else; true if it answers. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #tags = new Map<string, string>();
  readonly #server = createServer((request, response) => this.#serve(request, response));

  static async start(port = 0): Promise<ChartHost> {
    const host = new ChartHost();
    await new Promise<void>((resolve) => host.#server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => host.close());
    return host;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Pushes a chart as Helm does, and gives the lock of it. */
  push(version: string, archive: Buffer): LockedChart {
    const layer = {
      mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      digest: sha256(archive),
      size: archive.length,
    };
    const provenance = { mediaType: 'application/vnd.cncf.helm.chart.provenance.v1.prov', digest: sha256('signed'), size: 6 };
    this.files.set(`/cdn/${layer.digest}`, archive);
    const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: sha256('{}'), size: 2 };
    this.pushManifest(version, { schemaVersion: 2, config, layers: [provenance, layer] });
    return { kind: 'oci', url: `oci://${this.host}/charts/web`, version, digest: layer.digest };
  }

  pushManifest(version: string, manifest: unknown): void {
    this.#tags.set(version.replaceAll('+', '_'), JSON.stringify(manifest));
  }

  /** Adds an archive to the repository, and gives the lock of it. */
  add(version: string, archive: Buffer): LockedChart {
    this.files.set(`/stable/web-${version}.tgz`, archive);
    const repository = `http://${this.host}/stable`;
    return {
      kind: 'repository',
      repository,
      name: 'web',
      url: `${repository}/web-${version}.tgz`,
      version,
      digest: sha256(archive),
    };
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', `http://${this.host}`);
    this.requests.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    if (this.intercept(request, response)) return;
    const file = this.files.get(url.pathname);
    const [, kind, reference = ''] = /^\/v2\/charts\/web\/(tags|manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const manifest = this.#tags.get(reference);
    const realm = `Bearer realm="http://${this.host}/token",service="it"`;
    if (file !== undefined) response.writeHead(200, { 'content-length': Buffer.byteLength(file) }).end(file);
    else if (url.pathname === '/token') json(response, 200, { token: 'of-the-registry', expires_in: 3600 });
    else if (kind === undefined) json(response, 404, {});
    else if (request.headers.authorization !== 'Bearer of-the-registry') json(response, 401, {}, { 'www-authenticate': realm });
    else if (kind === 'tags') this.#list(url, response);
    else if (kind === 'blobs') response.writeHead(307, { location: `/cdn/${reference}` }).end();
    else if (manifest === undefined) json(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'no such tag' }] });
    else response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(manifest);
  }

  /** Two tags a page. */
  #list(url: URL, response: ServerResponse): void {
    const rest = [...this.#tags.keys()].sort().filter((tag) => tag > (url.searchParams.get('last') ?? ''));
    const page = rest.slice(0, 2);
    const next = `</v2/charts/web/tags/list?last=${encodeURIComponent(page.at(-1) ?? '')}>; rel="next"`;
    json(response, 200, { name: 'charts/web', tags: page }, rest.length > 2 ? { link: next } : {});
  }
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

interface SetupOptions {
  readonly http?: (clock: DeadlineClock) => HttpTransport;
  readonly insecureHosts?: readonly string[];
  readonly internalHosts?: readonly string[];
  readonly patienceMs?: number;
  /** A Docker configuration. */
  readonly credentials?: Readonly<Record<string, string>>;
}

/** Archives with a directory of their own, and time that passes when the test says so. */
export function setup({
  http: transport,
  insecureHosts = ['127.0.0.1'],
  internalHosts = [],
  patienceMs,
  credentials,
}: SetupOptions = {}): {
  readonly archives: ChartArchives;
  readonly clock: DeadlineClock;
  readonly directory: string;
} {
  const clock = new DeadlineClock();
  const http = transport?.(clock) ?? createHttpTransport({ clock });
  const directory = mkdtempSync(join(tmpdir(), 'flux-charts-'));
  onTestFinished(() => {
    http.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const auths = Object.fromEntries(
    Object.entries(credentials ?? {}).map(([host, user]) => [host, { auth: Buffer.from(user).toString('base64') }]),
  );
  const archives = createChartArchives({
    ...{ http, clock, log: silentLogger(), directory, insecureHosts, internalHosts, rps: 1e6, burst: 1e6 },
    readFile: async () => JSON.stringify({ auths }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(credentials ? { dockerConfigFile: 'config.json' } : {}),
  });
  return { archives, clock, directory };
}
