import { join } from 'node:path';
import type { Clock, Logger } from '../../base/index.ts';
import type { SignatureEnvironment } from '../environment.ts';
import { gpgSigning } from './gpg-signing.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { programPath } from './program.ts';
import type { Signing } from './signing.ts';
import { sshSigning } from './ssh-signing.ts';

export interface SignaturesOptions {
  /** Private, and in memory. */
  readonly directory: string;
  /** Files and directories of GPG keys. */
  readonly imports: readonly string[];
  /** The key that signs: a GPG key, or the path of a private SSH key. */
  readonly signing?: { readonly format: 'gpg' | 'ssh'; readonly key: string };
  /** The daemon's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the sources of a daemon need in order to sign. */
export interface Signatures {
  readonly environment: SignatureEnvironment;
  readonly signing?: Signing;
  close(): Promise<void>;
}

/**
 * Opens the keys. One that cannot sign yet is a warning, since syncing does not need it.
 * @throws FluxError if a program is missing
 */
export async function openSignatures(options: SignaturesOptions): Promise<Signatures> {
  const { directory, imports, signing: requested, environment, clock, log } = options;
  const path = environment.PATH;
  const usesGpg = imports.length > 0 || requested?.format === 'gpg';
  const keyring = usesGpg
    ? await openKeyring({
        home: join(directory, 'gnupg'),
        copied: environment.GNUPGHOME ?? (environment.HOME === undefined ? undefined : join(environment.HOME, '.gnupg')),
        imports,
        trustsImports: false,
        path,
        clock,
        log,
      })
    : undefined;
  const sshKeygen = requested?.format === 'ssh' ? programPath('ssh-keygen', path, 'for SSH signatures') : undefined;
  const signing = requested && signingBy(requested, keyring, sshKeygen, join(directory, 'signing-key'));
  const problem = await signing?.problem();
  if (problem !== undefined) log.warn({ error: problem }, 'commits and the sync tag cannot be signed, so none is pushed');
  if (requested?.format !== 'gpg') await keyring?.agent.stop();
  return {
    environment: {
      ...(keyring ? { gpg: { program: keyring.gpg.program, home: keyring.gpg.home } } : {}),
      ...(sshKeygen === undefined ? {} : { sshKeygen }),
      ...(requested && signing ? { signing: { format: requested.format, key: signing.key } } : {}),
    },
    ...(signing ? { signing } : {}),
    close: async () => keyring?.agent.stop(),
  };
}

function signingBy(
  { format, key }: NonNullable<SignaturesOptions['signing']>,
  keyring: Keyring | undefined,
  sshKeygen: string | undefined,
  copy: string,
): Signing | undefined {
  if (format === 'gpg') return keyring && gpgSigning(keyring, key);
  return sshKeygen === undefined ? undefined : sshSigning({ file: key, copy, program: sshKeygen });
}
