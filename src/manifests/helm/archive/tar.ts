import type { Pace } from '../../units/pace.ts';
import { refusedChart } from '../refused.ts';

/** A regular file or folder of an archive. */
export interface TarEntry {
  readonly kind: 'file' | 'folder';
  /** As written, without the `/` at the end of a folder. */
  readonly name: string;
  /** Shares the memory of the archive. */
  readonly content: Buffer;
}

const BLOCK = 512;
/** Of what stands before an entry: a long name, and what pax knows of a file. */
const MAX_EXTENSION_BYTES = 32 << 10;
const NAMES: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a FIFO',
  K: 'a link',
  S: 'a sparse file',
};
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads what archives of charts consist of: the formats ustar, pax and GNU (POSIX.1-2017, pax, "ustar Interchange Format"), of which
 * only regular files and folders. `archive` is its name in errors.
 * @throws FluxError `helm/refused`
 */
export async function* tarEntries(tar: Buffer, archive: string, pace: Pace): AsyncGenerator<TarEntry> {
  const refused = (why: string) => refusedChart(`${archive} ${why}`);
  let extended: Extension = {};
  for (let at = 0; at < tar.length; ) {
    await pace.before(1);
    const header = tar.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw refused('ends in the middle');
    if (header.every((byte) => byte === 0)) return;
    if (octal(header, 148, 8) !== checksum(header)) throw refused('is not a tar archive, or is damaged');
    const type = String.fromCharCode(header[156] ?? 0);
    const size = extended.size ?? octal(header, 124, 12);
    if (size === undefined) throw refused('has a file whose size cannot be read');
    const [start, end] = [at + BLOCK, at + BLOCK + size];
    if (end > tar.length) throw refused('has a file that is longer than itself');
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    const content = tar.subarray(start, end);
    if ('xgL'.includes(type)) {
      if (size > MAX_EXTENSION_BYTES) throw refused(`has a header of more than ${MAX_EXTENSION_BYTES >> 10} KiB`);
      await pace.beforeParsing(size);
      const found = type === 'L' ? { name: text(content) } : pax(content);
      if (found === undefined) throw refused('has a header that cannot be read');
      if ('isSparse' in found) throw refused('has a sparse file');
      // What holds for all entries is a comment, as of `git archive`.
      if (type !== 'g') extended = { ...extended, ...found };
      continue;
    }
    const name = extended.name ?? nameIn(header);
    extended = {};
    if (name === undefined) throw refused('has a name that is not UTF-8');
    const isFolder = type === '5' || (type === '\0' && name.endsWith('/'));
    if (!isFolder && type !== '0' && type !== '\0')
      throw refused(
        `has ${NAMES[type] ?? `an entry of the type ${JSON.stringify(type)}`}: ${JSON.stringify(name.slice(0, 200))}`,
      );
    if (isFolder && size > 0) throw refused('has a folder with content');
    yield { kind: isFolder ? 'folder' : 'file', name: isFolder ? name.replace(/\/$/, '') : name, content };
  }
}

/** What stands before an entry. */
interface Extension {
  readonly name?: string | undefined;
  readonly size?: number | undefined;
}

/** The records of pax that matter, `LENGTH KEY=VALUE\n` each; undefined if they cannot be read. */
function pax(records: Buffer): Extension | { readonly isSparse: true } | undefined {
  let extension: Extension = {};
  for (let at = 0; at < records.length; ) {
    const [, digits = '', key = ''] = /^(\d{1,5}) ([^=\n]{1,200})=/.exec(records.toString('latin1', at, at + 220)) ?? [];
    const [value, end] = [at + digits.length + key.length + 2, at + Number(digits)];
    if (end <= value || end > records.length || records[end - 1] !== 10) return undefined;
    const content = text(records.subarray(value, end - 1));
    if (key.startsWith('GNU.sparse')) return { isSparse: true };
    if (key === 'path') extension = { ...extension, name: content };
    if (key === 'size') {
      if (content === undefined || !/^\d{1,15}$/.test(content)) return undefined;
      extension = { ...extension, size: Number(content) };
    }
    if (key === 'path' && content === undefined) return undefined;
    at = end;
  }
  return extension;
}

function nameIn(header: Buffer): string | undefined {
  const field = (start: number, length: number) => text(header.subarray(start, start + length));
  const [name, prefix] = [field(0, 100), field(345, 155)];
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  if (name === undefined || (isUstar && prefix === undefined)) return undefined;
  return isUstar && prefix !== '' ? `${prefix}/${name}` : name;
}

/** Up to a NUL; undefined if it is not UTF-8. */
function text(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(0);
  try {
    return UTF8.decode(end === -1 ? bytes : bytes.subarray(0, end));
  } catch {
    return undefined;
  }
}

/** Undefined if it is no octal number, as above 8 GiB. */
function octal(header: Buffer, start: number, length: number): number | undefined {
  const [, digits] = /^ *([0-7]*)[\0 ]*$/.exec(header.toString('latin1', start, start + length)) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
}

/** The sum of all bytes, with spaces in place of the checksum. */
function checksum(header: Buffer): number {
  let sum = 8 * 32;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum;
}

/** An archive of regular files, in blocks. Its bytes depend on nothing but them. */
export function tarOf(name: string, content: Uint8Array): readonly Uint8Array[] {
  const bytes = Buffer.from(name);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  const entry = [headerOf(bytes.subarray(0, 100), '0', content.length), content, padding];
  return bytes.length <= 100 ? entry : [...paxPath(name), ...entry];
}

/** Ends an archive. */
export const TAR_END: Uint8Array = Buffer.alloc(2 * BLOCK);

function paxPath(name: string): readonly Uint8Array[] {
  const rest = Buffer.byteLength(` path=${name}\n`);
  // The length counts its own digits.
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  const record = Buffer.from(`${length} path=${name}\n`);
  return [headerOf(Buffer.from('path'), 'x', record.length), record, Buffer.alloc((BLOCK - (record.length % BLOCK)) % BLOCK)];
}

function headerOf(name: Uint8Array, type: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.set(name);
  const digits = (value: number, length: number) => value.toString(8).padStart(length, '0');
  header.write(`${digits(0o644, 7)}\0${digits(0, 7)}\0${digits(0, 7)}\0${digits(size, 11)}\0${digits(0, 11)}\0`, 100);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write(`${digits(checksum(header), 6)}\0 `, 148);
  return header;
}
