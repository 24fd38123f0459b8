import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, crc32, deflateRawSync } from 'node:zlib';

const GIB = 2 ** 30;
const SLICE = 2 ** 24;

/** A blob of ten GiB of zeros. */
const TEN_GIB = { size: 10 * GIB, id: '1119181c4708377b56e8dedc83bba16a2ce4a254' };

const sha1 = (...parts: readonly Buffer[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Adds a blob of ten GiB to a repository, as a pack of ten MB (gitformat-pack(5)). Resolves to its id. */
export function addZipBomb(gitDir: string): string {
  const { size, id } = TEN_GIB;
  const slice = deflateRawSync(Buffer.alloc(SLICE), { finishFlush: constants.Z_FULL_FLUSH });
  const checksum = uint32((size % 65_521) * 65_536 + 1);
  const slices = Array.from({ length: size / SLICE }, () => slice);
  const entry = Buffer.concat([entryHeader(size), Buffer.from([0x78, 0x9c]), ...slices, Buffer.from([3, 0]), checksum]);
  const header = Buffer.concat([Buffer.from('PACK'), uint32(2), uint32(1)]);
  const sum = sha1(header, entry);
  const first = Number.parseInt(id.slice(0, 2), 16);
  const fanout = Array.from({ length: 256 }, (_, n) => uint32(n >= first ? 1 : 0));
  const offset = uint32(header.length);
  const index = Buffer.concat([
    ...[uint32(0xff744f63), uint32(2), ...fanout, Buffer.from(id, 'hex')],
    ...[uint32(crc32(entry)), offset, sum],
  ]);
  const name = join(gitDir, 'objects/pack', `pack-${sum.toString('hex')}`);
  writeFileSync(`${name}.pack`, Buffer.concat([header, entry, sum]));
  writeFileSync(`${name}.idx`, Buffer.concat([index, sha1(index)]));
  return id;
}

/** Type and size of a blob: four bits, then seven in each byte. */
function entryHeader(size: number): Buffer {
  const bytes = [48 | (size % 16)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128);
    bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) | 128;
  }
  return Buffer.from(bytes);
}
