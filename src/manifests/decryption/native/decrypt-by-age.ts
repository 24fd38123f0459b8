import { createHash, timingSafeEqual } from 'node:crypto';
import type { AgeKeys } from '../age-keys.ts';
import { MAX_INLINE_LENGTH } from '../layout/layout.ts';
import { layoutOf, type SopsFile } from '../layout/layout-of.ts';
import type { Metadata } from '../metadata.ts';
import { clearText, type Decryption } from './clear-text.ts';
import { ruleOf } from './rules.ts';
import { decryptValue } from './value.ts';

export interface ReadFile extends SopsFile {
  readonly metadata: Metadata;
}

const KEY_BYTES = 32;
/** Go writes the time in the same way again. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** The SHA-256 of "sops": what a MAC over encrypted values alone begins with. */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

/**
 * Decrypts a short file of YAML, JSON or bytes by a key of age, in a fraction of the time that starting sops takes. Undefined if anything
 * about it is unusual or wrong, so that sops has the last word on it. What it returns has the MAC that sops made over all values.
 */
export async function decryptByAge(
  { path, format, text: encrypted, metadata }: ReadFile,
  keys: AgeKeys,
): Promise<Buffer | undefined> {
  if (format === 'dotenv' || format === 'ini' || metadata.groups.length !== 1 || !TIME.test(metadata.lastModified))
    return undefined;
  const isEncrypted = ruleOf(metadata);
  // Reading a longer file could block the event loop.
  if (!isEncrypted || encrypted.length > MAX_INLINE_LENGTH) return undefined;
  const text = layoutOf(path, format, encrypted)?.without();
  if (text === undefined) return undefined;
  const key = await dataKey(metadata, keys);
  const mac = key && decryptValue(metadata.mac, key, metadata.lastModified)?.bytes;
  if (!mac) return undefined;
  const hash = createHash('sha512');
  if (metadata.macOnlyEncrypted) hash.update(ONLY_ENCRYPTED);
  const decryption: Decryption = {
    isEncrypted,
    decrypt: (value, place) => decryptValue(value, key, place),
    onValue: (bytes, wasEncrypted) => {
      if (wasEncrypted || !metadata.macOnlyEncrypted) hash.update(bytes);
    },
  };
  const clear = clearText(text, decryption);
  const found = Buffer.from(hash.digest('hex').toUpperCase());
  // Comments may be encrypted, and are not part of the MAC.
  if (clear === undefined || clear.includes('ENC[AES256_GCM,') || found.length !== mac.length || !timingSafeEqual(found, mac))
    return undefined;
  return format === 'yaml' ? Buffer.from(clear) : fromJson(clear, format);
}

async function dataKey({ groups }: Metadata, { identities }: AgeKeys): Promise<Buffer | undefined> {
  for (const key of groups.flat()) {
    const identity = key.kind === 'age' ? identities.get(key.recipient) : undefined;
    if (key.kind !== 'age' || identity === undefined) continue;
    const { armor, Decrypter } = await import('age-encryption');
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    try {
      const unwrapped = await decrypter.decrypt(armor.decode(key.enc));
      if (unwrapped.length === KEY_BYTES) return Buffer.from(unwrapped);
    } catch {
      // sops says what is wrong with it.
    }
  }
  return undefined;
}

/** JSON without what sops wrote about it; or the bytes that sops has put in JSON. */
function fromJson(clear: string, format: 'json' | 'binary'): Buffer | undefined {
  const { sops: _, ...value }: Record<string, unknown> = JSON.parse(clear);
  if (format === 'json') return Buffer.from(`${JSON.stringify(value, null, '\t')}\n`);
  return typeof value.data === 'string' ? Buffer.from(value.data) : undefined;
}
