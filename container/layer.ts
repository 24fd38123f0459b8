import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { stream } from './command.ts';

/** One layer of an image; https://github.com/opencontainers/image-spec/blob/main/layer.md */
export interface Layer {
  /** `sha256:…` of the compressed archive, and its size in bytes. */
  readonly digest: string;
  readonly size: number;
  /** `sha256:…` of the archive itself. */
  readonly diffId: string;
  /** Bytes of all files, as they lie on a disk. */
  readonly unpacked: number;
}

/**
 * Packs a directory as a layer. What decides the bytes is content, names, links and modes: GNU tar sorts the names, gives every file to
 * root and the same time, and writes no extended attributes; zlib is the one of the pinned Node.js.
 * @param time RFC 3339
 */
export async function packLayer(directory: string, target: string, time: string): Promise<Layer> {
  const plain = createHash('sha256');
  const compressed = createHash('sha256');
  await pipeline(
    stream('tar', ['--create', ...reproducible(time), `--directory=${directory}`, ...(await readdir(directory)).sort()]),
    hashing(plain),
    createGzip({ level: 9 }),
    hashing(compressed),
    createWriteStream(target),
  );
  return {
    digest: `sha256:${compressed.digest('hex')}`,
    size: (await stat(target)).size,
    diffId: `sha256:${plain.digest('hex')}`,
    unpacked: await bytesIn(directory),
  };
}

/** Options of GNU tar that leave nothing to chance. @param time RFC 3339, of all files */
export function reproducible(time: string): readonly string[] {
  return ['--format=ustar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=${time}`];
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function hashing(hash: ReturnType<typeof createHash>) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
}

/** A file that has several names counts once. */
async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  const seen = new Set<number>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, size } = await stat(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) bytes += size;
    seen.add(ino);
  }
  return bytes;
}
