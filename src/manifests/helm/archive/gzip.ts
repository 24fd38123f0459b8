import { createGunzip, createGzip, type Gunzip, type Gzip } from 'node:zlib';
import type { Pace } from '../../units/pace.ts';

const CHUNK = 256 << 10;
const COPIED_AT_ONCE = 1 << 20;

/** Bytes in the format of gzip (RFC 1952), as `gzip -1`. @throws the signal's reason */
export async function zipped(bytes: Uint8Array, pace: Pace): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of through(createGzip({ level: 1, chunkSize: CHUNK }), bytes)) chunks.push(chunk);
  return await joined(chunks, pace);
}

export type Unzipped = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'too-large' | 'damaged' };

/** What was zipped, of at most so many bytes. Another thread unzips, and ends as soon as there is too much. @throws the signal's reason */
export async function unzipped(packed: Uint8Array, maxBytes: number, pace: Pace): Promise<Unzipped> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of through(createGunzip({ chunkSize: CHUNK }), packed)) {
      length += chunk.length;
      if (length > maxBytes) return { kind: 'too-large' };
      chunks.push(chunk);
    }
  } catch {
    return { kind: 'damaged' };
  }
  return { kind: 'bytes', bytes: await joined(chunks, pace) };
}

/** One piece of memory with all chunks. To copy tens of megabytes at once would block the event loop. @throws the signal's reason */
export async function joined(chunks: readonly Uint8Array[], pace: Pace): Promise<Buffer> {
  const all = Buffer.allocUnsafeSlow(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += COPIED_AT_ONCE) {
      const part = chunk.subarray(start, start + COPIED_AT_ONCE);
      await pace.beforeCopying(part.length);
      all.set(part, at);
      at += part.length;
    }
  }
  return all;
}

async function* through(zlib: Gzip | Gunzip, bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  zlib.end(bytes);
  yield* zlib;
}
