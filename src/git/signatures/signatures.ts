import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import type { SignatureEnvironment } from '../environment.ts';
import { gpgSigning } from './gpg-signing.ts';
import { fingerprintsIn } from './key-listing.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { programPath } from './program.ts';
import type { Signing } from './signing.ts';
import { type SshSigningOptions, sshSigning } from './ssh-signing.ts';

export interface SignaturesOptions {
  /** Private, and in memory. */
  readonly directory: string;
  /** Files and directories of GPG keys. */
  readonly imports: readonly string[];
  /** The key that signs: a GPG key, or the path of a private SSH key. */
  readonly signing?: { readonly format: 'gpg' | 'ssh'; readonly key: string };
  /** Which commits must have a valid signature; absent for none. */
  readonly verifies?: VerifyMode;
  /** Who may sign with which SSH key; absent for no one. */
  readonly allowedSignersFile?: string;
  /** The daemon's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether GPG keys decrypt as well: only if some are imported, or in any case. */
  readonly decrypts?: 'imported' | 'always';
  readonly clock: Clock;
  readonly log: Logger;
}

export type VerifyMode = 'first-parent' | 'all';

export interface Verification {
  readonly mode: VerifyMode;
  /** Changes with the trusted keys. GPG keys are read once. */
  readonly keys: () => Promise<string>;
}

/** What the sources of a daemon need in order to sign, and to verify. */
export interface Signatures {
  readonly environment: SignatureEnvironment;
  readonly signing?: Signing;
  readonly verification?: Verification;
  /** What runs gpg to decrypt; absent without imported keys. */
  readonly decryption?: {
    readonly program: string;
    readonly home: string;
    /** Resolves when gpg can use secret keys. @throws FluxError if its agent does not start */
    ready(): Promise<void>;
    /** The fingerprints of secret keys and their subkeys, once gpg can use them. @throws FluxError if its agent does not start, or gpg fails */
    secretKeys(): Promise<readonly string[]>;
  };
  close(): Promise<void>;
}

/**
 * Opens the keys. One that cannot sign yet is a warning, since syncing does not need it.
 * @throws FluxError if a program is missing
 */
export async function openSignatures(options: SignaturesOptions): Promise<Signatures> {
  const { directory, imports, signing: requested, environment, clock, log } = options;
  const path = environment.PATH;
  const { verifies, allowedSignersFile } = options;
  const decrypts = options.decrypts === 'always' || (options.decrypts === 'imported' && imports.length > 0);
  const usesGpg = imports.length > 0 || decrypts || requested?.format === 'gpg' || verifies !== undefined;
  const keyring = usesGpg
    ? await openKeyring({
        home: join(directory, 'gnupg'),
        copied: environment.GNUPGHOME ?? (environment.HOME === undefined ? undefined : join(environment.HOME, '.gnupg')),
        imports,
        trustsImports: verifies !== undefined,
        path,
        clock,
        log,
      })
    : undefined;
  const usesSsh = requested?.format === 'ssh' || allowedSignersFile !== undefined;
  const sshKeygen = usesSsh ? programPath('ssh-keygen', path, 'for SSH signatures') : undefined;
  const signing =
    requested && signingBy(requested, keyring, { program: sshKeygen, copy: join(directory, 'signing-key'), allowedSignersFile });
  const problem = await signing?.problem();
  if (verifies && signing) await requireTrust(signing, problem);
  if (problem !== undefined) log.warn({ error: problem }, 'commits and the sync tag cannot be signed, so none is pushed');
  if (requested?.format !== 'gpg' && !decrypts) await keyring?.agent.stop();
  return {
    environment: {
      ...(keyring ? { gpg: { program: keyring.gpg.program, home: keyring.gpg.home } } : {}),
      ...(sshKeygen === undefined ? {} : { sshKeygen }),
      ...(allowedSignersFile === undefined ? {} : { allowedSignersFile }),
      ...(requested && signing ? { signing: { format: requested.format, key: signing.key } } : {}),
    },
    ...(signing ? { signing } : {}),
    ...(decrypts && keyring ? { decryption: decryptionBy(keyring) } : {}),
    ...(verifies ? { verification: { mode: verifies, keys: () => stateOfFile(allowedSignersFile) } } : {}),
    close: async () => keyring?.agent.stop(),
  };
}

function decryptionBy({ gpg, agent }: Keyring): NonNullable<Signatures['decryption']> {
  return {
    program: gpg.program,
    home: gpg.home,
    ready: () => agent.ensure(),
    async secretKeys() {
      await agent.ensure();
      const { ok, stdout, said } = await gpg.listAllSecretKeys();
      if (!ok) throw notListed(said);
      return fingerprintsIn(stdout);
    },
  };
}

function notListed(said: string): FluxError {
  return new FluxError(`gpg cannot list its secret keys: ${said}`, {
    code: 'git/gpg-failed',
    help: 'See whether the volume of the keys (/dev/shm, or TMPDIR) has space, and whether fluxd may start processes. It is tried again.',
  });
}

/** Our own commits and the sync tag must be valid too, or they would end all syncing. */
async function requireTrust(signing: Signing, problem: string | undefined): Promise<void> {
  const why = problem ?? (await signing.distrust());
  if (why === undefined) return;
  throw new FluxError(`--git-signing-key cannot make valid signatures: ${why}`, {
    code: 'git/signing-distrusted',
    fault: 'user',
    help: 'With --git-verify-signatures-mode, the commits of fluxd and the sync tag must be valid too: import the key, not expired, by --git-gpg-key-import, or list it in --git-allowed-signers-file for the namespace git.',
  });
}

/** Changes when the file does, also when a mounted file is replaced. */
async function stateOfFile(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  return stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
    (error: unknown) => messageOf(error),
  );
}

function signingBy(
  { format, key }: NonNullable<SignaturesOptions['signing']>,
  keyring: Keyring | undefined,
  ssh: Omit<SshSigningOptions, 'file' | 'program'> & { readonly program: string | undefined },
): Signing | undefined {
  if (format === 'gpg') return keyring && gpgSigning(keyring, key);
  return ssh.program === undefined ? undefined : sshSigning({ ...ssh, file: key, program: ssh.program });
}
