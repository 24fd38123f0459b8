/**
 * Container images without a daemon: a program, with files beside it, becomes a one-layer OCI image and is pushed to a registry
 * over HTTP.
 *
 *     node image.ts push REGISTRY REPOSITORY:TAG PROGRAM [NAME=VALUE ...]
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface ImageOptions {
  /** Content of the program that the image runs, and its path in the image. */
  readonly program: Buffer;
  readonly path: string;
  /** What else the image holds. */
  readonly files?: readonly ImageFile[];
  /** Arguments that a container may replace. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339; fixed by default, so that the same program gives the same digest. */
  readonly created?: string;
}

/** A file of an image, by its absolute path; a symbolic link when it has a target. */
export interface ImageFile {
  readonly path: string;
  readonly content: Buffer | { readonly link: string };
  /** 0644 unless said otherwise. */
  readonly mode?: number;
}

/** A blob of an image, addressed by the hash of its content. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image as a registry stores it. */
export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layer: Blob;
}

const MEDIA_TYPE = 'application/vnd.oci.image';

/** Builds the image; equal options give equal digests. */
export function buildImage(options: ImageOptions): Image {
  const { program, path, env = {}, labels = {}, args, created = '1970-01-01T00:00:00Z' } = options;
  const files = tar([
    ...['tmp', 'etc', 'proc', 'sys', 'dev'].map((name) => ({ name: `${name}/`, mode: 0o755, content: Buffer.alloc(0) })),
    { name: 'etc/passwd', mode: 0o644, content: Buffer.from('root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n') },
    { name: relative(path), mode: 0o755, content: program },
    ...(options.files ?? []).map((file) => ({ name: relative(file.path), mode: file.mode ?? 0o644, content: file.content })),
  ]);
  const layer = blob(gzipSync(files));
  const config = jsonBlob({
    created,
    architecture: 'amd64',
    os: 'linux',
    config: {
      Entrypoint: [path],
      ...(args ? { Cmd: args } : {}),
      Env: ['PATH=/usr/bin:/bin', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      WorkingDir: '/',
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: [sha256(files)] },
    history: [{ created, created_by: 'test/cluster/real/image.ts' }],
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
    config: { mediaType: `${MEDIA_TYPE}.config.v1+json`, digest: config.digest, size: config.bytes.length },
    layers: [{ mediaType: `${MEDIA_TYPE}.layer.v1.tar+gzip`, digest: layer.digest, size: layer.bytes.length }],
  });
  return { manifest, config, layer };
}

/** Pushes the image by the OCI distribution protocol, over plain HTTP. Returns the digest of its manifest. */
export async function pushImage(registry: string, repository: string, tag: string, image: Image): Promise<string> {
  const base = `http://${registry}/v2/${repository}`;
  for (const part of [image.layer, image.config]) {
    const known = await fetch(`${base}/blobs/${part.digest}`, { method: 'HEAD' });
    if (known.ok) continue;
    const upload = await send(`${base}/blobs/uploads/`, { method: 'POST' });
    const target = new URL(upload.headers.get('location') ?? '', `${base}/`);
    target.searchParams.set('digest', part.digest);
    await send(target, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(part.bytes),
    });
  }
  await send(`${base}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': `${MEDIA_TYPE}.manifest.v1+json` },
    body: new Uint8Array(image.manifest.bytes),
  });
  return image.manifest.digest;
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

interface TarEntry {
  readonly name: string;
  readonly mode: number;
  readonly content: ImageFile['content'];
}

const relative = (path: string) => path.replace(/^\//, '');

/** A ustar archive with all times and owners zero. */
function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, mode, content }) => {
    if ('link' in content) return [tarHeader(name, mode, 0, content.link)];
    return [tarHeader(name, mode, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function tarHeader(name: string, mode: number, size: number, link?: string): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number, at: number) => header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  header.write(name, 0);
  octal(mode, 8, 100);
  octal(0, 8, 108); // uid
  octal(0, 8, 116); // gid
  octal(size, 12, 124);
  octal(0, 12, 136); // mtime
  header.write(link !== undefined ? '2' : name.endsWith('/') ? '5' : '0', 156);
  header.write(link ?? '', 157);
  header.write('ustar\0' + '00', 257);
  header.fill(' ', 148, 156); // the checksum counts its own field as blanks
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function blob(bytes: Buffer): Blob {
  return { digest: sha256(bytes), bytes };
}

function jsonBlob(value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)));
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function main(args: readonly string[]): Promise<void> {
  const [verb, registry, reference, program, ...env] = args;
  const [repository, tag] = reference?.split(':') ?? [];
  if (verb !== 'push' || !registry || !repository || !tag || !program) {
    throw new Error('usage: image.ts push REGISTRY REPOSITORY:TAG PROGRAM [NAME=VALUE ...]');
  }
  const image = buildImage({
    program: readFileSync(program),
    path: `/${basename(program)}`,
    env: Object.fromEntries(env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  });
  console.log(`${registry}/${reference} ${await pushImage(registry, repository, tag, image)}`);
}

if (import.meta.main) await main(process.argv.slice(2));
