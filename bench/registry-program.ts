/**
 * `node registry-program.ts LARGE REPOSITORIES IMAGES [WIDE]`: a registry that answers from memory after 10 ms, for the bench alone: `large`
 * has LARGE tags, `app/0` … REPOSITORIES repositories of ten tags, `builds` IMAGES tags with an image each, and `wide/0` … WIDE repositories
 * of a tenth of LARGE tags. Prints its port, and with SIGUSR2 how many requests of each kind it has had.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [, , large = '', repositories = '', images = '', wide = '0'] = process.argv;
const PAGE = 1000;
/** A registry in the same region; a public one takes longer. */
const DELAY_MS = 10;
const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const FIRST_BUILD = Date.parse('2024-01-01T00:00:00Z');

interface Served {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const served = new Map<string, Served>();
const counts = new Map<string, number>();

function serve(path: string, content: unknown, headers: Readonly<Record<string, string>> = {}): string {
  const body = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const own = { 'content-type': 'application/json', 'content-length': String(body.length), 'docker-content-digest': digest };
  served.set(path, { body, headers: { ...own, ...headers } });
  return digest;
}

function serveTags(name: string, tags: readonly string[]): void {
  const first = `/v2/${name}/tags/list?n=${PAGE}`;
  // After a full page without a link, what follows is asked for.
  for (let from = 0; from <= tags.length; from += PAGE) {
    const page = tags.slice(from, from + PAGE);
    const here = from === 0 ? first : `${first}&last=${tags[from - 1]}`;
    const isLast = from + PAGE >= tags.length;
    serve(here, { name, tags: page }, isLast ? {} : { link: `<${first}&last=${page.at(-1)}>; rel="next"` });
  }
}

function serveImage(name: string, tag: string, created: number): void {
  const config = { created: new Date(created).toISOString(), os: 'linux', architecture: 'amd64' };
  const digest = serve('/config', config);
  const blob = served.get('/config');
  if (blob) served.set(`/v2/${name}/blobs/${digest}`, blob);
  const manifest = { schemaVersion: 2, mediaType: OCI_IMAGE, config: { digest, size: 1 }, layers: [] };
  serve(`/v2/${name}/manifests/${tag}`, manifest, { 'content-type': OCI_IMAGE });
}

serveTags(
  'large',
  Array.from({ length: Number(large) }, (_, n) => `1.${Math.floor(n / PAGE)}.${n % PAGE}`),
);
for (let n = 0; n < Number(repositories); n += 1) {
  const tags = Array.from({ length: 10 }, (_, patch) => `1.0.${patch}`);
  serveTags(`app/${n}`, tags);
  for (const tag of tags) serveImage(`app/${n}`, tag, FIRST_BUILD);
}
const builds = Array.from({ length: Number(images) }, (_, n) => `main-${n}`);
serveTags('builds', builds);
for (const [n, tag] of builds.entries()) serveImage('builds', tag, FIRST_BUILD + n * 60_000);

for (let n = 0; n < Number(wide); n += 1)
  serveTags(
    `wide/${n}`,
    Array.from(
      { length: Number(large) / 10 },
      (_, tag) => `main-${(tag * 7919 + n).toString(16).padStart(7, '0')}-${1_700_000_000 + tag}`,
    ),
  );

const server = createServer(({ method = '', url = '' }, response) => {
  const kind = `${method} ${/\/(tags|manifests|blobs)\//.exec(url)?.[1]}`;
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const found = served.get(url);
  setTimeout(() => {
    response.writeHead(found ? 200 : 404, found?.headers);
    response.end(method === 'HEAD' ? undefined : found?.body);
  }, DELAY_MS);
});
server.listen(0, '127.0.0.1', () =>
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`),
);
process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
  counts.clear();
});
