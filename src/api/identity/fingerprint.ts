import { createHash } from 'node:crypto';
import type { FingerprintWire } from '../wire/index.ts';

const WIDTH = 17;
const HEIGHT = 9;
/** Symbols by number of visits; the last two are start and end. */
const SYMBOLS = ' .o+=*BOX@%&#/^SE';

/** Both fingerprints of an OpenSSH public key line, as `ssh-keygen -lv` prints them; null if it is not a public key. */
export function fingerprintsOf(publicKey: string): { readonly md5: FingerprintWire; readonly sha256: FingerprintWire } | null {
  const blob = Buffer.from(/^\S+\s+([a-z0-9+/=]+)/i.exec(publicKey.trim())?.[1] ?? '', 'base64');
  const [type, ...fields] = readFields(blob);
  if (type === undefined) return null;
  const title = titleOf(type.toString('latin1'), fields);
  const md5 = createHash('md5').update(blob).digest();
  const sha256 = createHash('sha256').update(blob).digest();
  return {
    md5: { hash: (md5.toString('hex').match(/../g) ?? []).join(':'), randomart: drawRandomart(md5, title, 'MD5') },
    sha256: { hash: sha256.toString('base64').replace(/=+$/, ''), randomart: drawRandomart(sha256, title, 'SHA256') },
  };
}

/** The length-prefixed fields of a key blob (RFC 4251 section 5). */
function readFields(blob: Buffer): readonly Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length; ) {
    const length = blob.readUInt32BE(at);
    if (at + 4 + length > blob.length) return [];
    fields.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

function titleOf(type: string, fields: readonly Buffer[]): string {
  if (type === 'ssh-rsa') return `RSA ${bitLength(fields[1])}`;
  if (type === 'ssh-dss') return `DSA ${bitLength(fields[0])}`;
  const [, curve, bits] = /^(ecdsa-sha2-nistp|sk-ecdsa-sha2-nistp)(\d+)/.exec(type) ?? [];
  if (bits !== undefined) return `${curve?.startsWith('sk-') ? 'ECDSA-SK' : 'ECDSA'} ${bits}`;
  return `${type.startsWith('sk-') ? 'ED25519-SK' : 'ED25519'} 256`;
}

function bitLength(number: Buffer = Buffer.alloc(0)): number {
  return number.length === 0 ? 0 : BigInt(`0x${number.toString('hex')}`).toString(2).length;
}

/** OpenSSH's randomart of a hash: the path of a bishop that starts in the middle and moves diagonally, two bits a step. */
function drawRandomart(hash: Buffer, title: string, algorithm: string): string {
  const field = Array.from({ length: HEIGHT }, () => new Array<number>(WIDTH).fill(0));
  let [x, y] = [(WIDTH - 1) / 2, (HEIGHT - 1) / 2];
  const start = { x, y };
  const mark = (value: number) => {
    const row = field[y];
    if (row) row[x] = value;
  };
  for (const byte of hash) {
    for (let shift = 0; shift < 8; shift += 2) {
      const step = byte >> shift;
      x = Math.min(Math.max(x + (step & 1 ? 1 : -1), 0), WIDTH - 1);
      y = Math.min(Math.max(y + (step & 2 ? 1 : -1), 0), HEIGHT - 1);
      mark(Math.min((field[y]?.[x] ?? 0) + 1, SYMBOLS.length - 3));
    }
  }
  mark(SYMBOLS.length - 1);
  const end = { x, y };
  const rows = field.map((row, rowIndex) =>
    row
      .map((count, column) => {
        if (column === end.x && rowIndex === end.y) return 'E';
        return column === start.x && rowIndex === start.y ? 'S' : SYMBOLS.charAt(count);
      })
      .join(''),
  );
  const shown = title.length > WIDTH - 2 ? (title.split(' ')[0] ?? '') : title;
  return [border(`[${shown}]`), ...rows.map((row) => `|${row}|`), border(`[${algorithm}]`), ''].join('\n');
}

function border(title: string): string {
  const left = Math.floor((WIDTH - title.length) / 2);
  return `+${'-'.repeat(left)}${title}${'-'.repeat(WIDTH - title.length - left)}+`;
}
