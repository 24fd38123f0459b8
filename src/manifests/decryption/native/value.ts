import { isUtf8 } from 'node:buffer';
import { createDecipheriv } from 'node:crypto';

/** A value as sops writes it (sops, aes/cipher.go). */
const ENCRYPTED =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]+={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:([a-z]{1,10})\]$/;
/** Numbers that every reader takes for the same one. */
const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const DECIMAL = /^-?(?:0|[1-9]\d{0,8})\.\d{1,6}$/;
const TAG_BYTES = 16;

export interface ClearValue {
  /** What it adds to the MAC. */
  readonly bytes: Buffer;
  /** As it is written in YAML and JSON. */
  readonly written: string;
}

/** Decrypts one value, bound to where it stands; undefined if it is damaged, or is left to sops. */
export function decryptValue(value: string, key: Buffer, place: string): ClearValue | undefined {
  const [, data, iv, tag, type] = ENCRYPTED.exec(value) ?? [];
  if (data === undefined || iv === undefined || tag === undefined) return undefined;
  const bytes = decryptBytes({ data, iv, tag }, key, place);
  return bytes && clearValue(bytes, type);
}

function decryptBytes(
  { data, iv, tag }: Readonly<Record<'data' | 'iv' | 'tag', string>>,
  key: Buffer,
  place: string,
): Buffer | undefined {
  const authTag = Buffer.from(tag, 'base64');
  if (authTag.length !== TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place)).setAuthTag(authTag);
    return Buffer.concat([decipher.update(data, 'base64'), decipher.final()]);
  } catch {
    return undefined; // sops says what is wrong
  }
}

function clearValue(bytes: Buffer, type: string | undefined): ClearValue | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  switch (type) {
    case 'str':
      return { bytes, written: quoted(text) };
    case 'int':
      return INTEGER.test(text) ? { bytes, written: text } : undefined;
    case 'float':
      return DECIMAL.test(text) && !text.endsWith('0') ? { bytes, written: text } : undefined;
    case 'bool':
      return text === 'True' || text === 'False' ? { bytes, written: text.toLowerCase() } : undefined;
    default:
      return undefined;
  }
}

/** In double quotes, as YAML and JSON read alike. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
