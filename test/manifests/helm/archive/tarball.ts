import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** An entry as another program writes it: a file, unless said otherwise. */
export interface Entry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'file' | 'directory' | 'link' | 'symlink' | 'fifo' | 'character-device' | 'block-device';
  readonly linkname?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

/** A tar archive, written by another library than the one under test. */
export async function tarball(entries: readonly Entry[]): Promise<Buffer> {
  const stream = pack();
  for (const { content = '', ...header } of entries) stream.entry({ ...header, mtime: new Date(0) }, Buffer.from(content));
  stream.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A packed chart with a name, and files by path. */
export async function packedChart(name: string, files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Buffer> {
  const all = { 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`, ...files };
  return gzipSync(await tarball(Object.entries(all).map(([path, content]) => ({ name: `${name}/${path}`, content }))));
}

/** A block that begins an entry, with a right checksum. */
export function headerBlock(fields: { readonly name: string; readonly size?: string; readonly type?: string }): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.name, 0, 100, 'latin1');
  block.write('0000644\x000000000\x000000000\x00', 100);
  block.write(fields.size ?? '00000000000\0', 124, 12, 'latin1');
  block.write('00000000000\0        ', 136);
  block.write(fields.type ?? '0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
