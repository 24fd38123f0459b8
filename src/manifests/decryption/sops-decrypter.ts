import { isUtf8 } from 'node:buffer';
import { type Cancellable, type Clock, FluxError, remember } from '../../base/index.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import type { AgeKeys } from './age-keys.ts';
import { type Decrypter, type EncryptedFile, mayBeEncrypted } from './decrypter.ts';
import { noKey, type OwnKeys, sopsFailed, tooLarge, unexpected } from './failures.ts';
import { formatOf } from './format.ts';
import { isAllowed, isServiceKey, type KeyService, withoutProfile } from './key-services.ts';
import type { SopsFile } from './layout/layout-of.ts';
import type { MasterKey, Metadata } from './metadata.ts';
import { decryptByAge } from './native/decrypt-by-age.ts';
import { ServiceLines } from './service-lines.ts';
import type { SopsProgram } from './sops-program.ts';

export interface SopsDecrypterOptions {
  readonly program: SopsProgram;
  readonly ageKeys: () => Promise<AgeKeys>;
  /** The fingerprints of the secret keys of GPG that sops may use, with those of their subkeys. They are asked for once in PGP_KEYS_MS. */
  readonly pgpKeys: () => Promise<readonly string[]>;
  readonly services: readonly KeyService[];
  /** The longest that a run of sops may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** The thread that looks into long files. */
  readonly thread: ManifestThread;
}

/** Thousands of files are decrypted at once, and each question is a run of gpg. */
const PGP_KEYS_MS = 5_000;

/** sops has the whole file in memory. */
const MAX_BYTES = 4 << 20;

/**
 * Decrypts with the keys of age here, and everything else by sops. sops gets only keys that can be used: what it would ask another key
 * service is taken out of the file first, so that no file makes fluxd send its credentials anywhere but to the services that are allowed.
 */
export function createSopsDecrypter(options: SopsDecrypterOptions): Decrypter {
  const { program, ageKeys, services, timeoutMs, clock, thread } = options;
  const pgpKeys = remember(options.pgpKeys, PGP_KEYS_MS, clock);
  const lines = new ServiceLines(clock);

  async function decrypted({ path, content }: EncryptedFile, { signal }: Cancellable): Promise<Buffer | undefined> {
    signal?.throwIfAborted();
    if (content.length > MAX_BYTES) throw tooLarge(path, `it may be encrypted, and has more than ${MAX_BYTES >> 20} MiB`);
    if (!isUtf8(content)) return undefined;
    const format = formatOf(path);
    const file: SopsFile = { path, format, text: content.toString('utf8') };
    const metadata = await thread.metadataOf(file, signal);
    if (!metadata) return undefined;
    const own: OwnKeys = { age: await ageKeys(), pgp: metadata.groups.flat().some(isPgp) ? await pgpKeys() : [] };
    const usable = withoutOthers(metadata, (key) => isUsable(key, own, services));
    if (usable.groups.filter((group) => group.length > 0).length < Math.max(1, metadata.threshold))
      throw noKey(path, metadata, own);

    const clear = await decryptByAge({ ...file, metadata }, own.age);
    signal?.throwIfAborted();
    if (clear) return clear;
    const keys = usable.groups.flat();
    const serviceKeys = keys.filter(isServiceKey);
    const text = Buffer.from(await thread.withMetadata(file, usable, signal));
    const given = {
      age: keys.some(({ kind }) => kind === 'age') ? [...own.age.identities.values()].join('\n') : '',
      pgp: keys.some(isPgp),
      services: [...new Set(serviceKeys.map(({ kind }) => kind))],
    };
    const cancel = signal ? { signal } : {};
    const run = () => program.decrypt(text, format, given, { timeoutMs, outputBytes: 2 * MAX_BYTES, ...cancel });
    const outcome = await lines.ask(path, serviceKeys, run, cancel);
    if (outcome.kind === 'failed') throw sopsFailed(path, keys, outcome);
    return outcome.output;
  }

  return {
    mayBeEncrypted,
    async decrypt(file, cancel) {
      try {
        return await decrypted(file, cancel);
      } catch (error) {
        cancel.signal?.throwIfAborted();
        // No file that is crafted stops the others.
        throw error instanceof FluxError ? error : unexpected(file.path, error);
      }
    },
  };
}

function isPgp(key: MasterKey): boolean {
  return key.kind === 'pgp';
}

function isUsable(key: MasterKey, { age, pgp }: OwnKeys, services: readonly KeyService[]): boolean {
  if (isServiceKey(key)) return isAllowed(key, services);
  if (key.kind === 'pgp') return pgp.some((fingerprint) => key.fp.length >= 16 && fingerprint.endsWith(key.fp.toUpperCase()));
  return age.identities.has(key.recipient);
}

/** The groups stay as they are, so that shares keep their number. */
function withoutOthers(metadata: Metadata, isKept: (key: MasterKey) => boolean): Metadata {
  return { ...metadata, groups: metadata.groups.map((keys) => keys.filter(isKept).map(withoutProfile)) };
}
