import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { dumpYaml } from '../../../src/base/index.ts';

const TIME = '2030-01-01T00:00:00Z';
/** What sops puts before encrypted values for a MAC of these alone: the SHA-256 of "sops". */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

type Value = string | number | readonly Value[] | { readonly [key: string]: Value };

/** Writes files as sops does, for one key of age. */
export async function createSealer() {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);

  /** A document of which the values below some keys are encrypted, all of them text. */
  async function sealed(document: Value, encryptedRegex: string): Promise<{ readonly document: Value; readonly sops: object }> {
    const key = randomBytes(32);
    const mac = createHash('sha512').update(ONLY_ENCRYPTED);
    const keys = new RegExp(encryptedRegex);
    const visit = (value: Value, path: readonly string[], isEncrypted: boolean): Value => {
      if (Array.isArray(value)) return value.map((each: Value) => visit(each, path, isEncrypted));
      if (typeof value === 'object')
        return Object.fromEntries(
          // In the order in which they are written.
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, each]) => [name, visit(each, [...path, name], isEncrypted || keys.test(name))]),
        );
      if (!isEncrypted) return value;
      mac.update(String(value));
      return enc(String(value), key, `${path.join(':')}:`);
    };
    const written = visit(document, [], false);
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const age = [{ recipient, enc: armor.encode(await encrypter.encrypt(key)) }];
    const digest = mac.digest('hex').toUpperCase();
    return {
      document: written,
      sops: { age, lastmodified: TIME, mac: enc(digest, key, TIME), encrypted_regex: encryptedRegex, mac_only_encrypted: true },
    };
  }

  return {
    /** For `--sops-age-key-file`. */
    identity,
    async yaml(document: Value, encryptedRegex = '^(?:data|stringData|value|args|note)$'): Promise<string> {
      const { document: written, sops } = await sealed(document, encryptedRegex);
      return `${dumpYaml(written)}sops: ${JSON.stringify(sops)}\n`;
    },
    /** A file that is one value. */
    async bytes(content: string): Promise<string> {
      const { document, sops } = await sealed({ data: content }, '^data$');
      return JSON.stringify({ ...(document as object), sops });
    },
  };
}

function enc(value: string, key: Buffer, place: string): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(value), cipher.final()]).toString('base64');
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:str]`;
}
