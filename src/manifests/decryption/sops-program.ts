import type { BuildOptions, BuildOutcome } from '../../repository/index.ts';
import type { Format } from './format.ts';

/** What sops gets besides the file. */
export interface SopsKeys {
  /** Identities of age, one a line; empty without them. */
  readonly age: string;
  /** Whether it may use the keyring of GPG. */
  readonly pgp: boolean;
  /** The kinds of key services for which it gets credentials, and the network. */
  readonly services: readonly ('kms' | 'gcp_kms' | 'azure_kv' | 'hc_vault')[];
}

/** Runs `sops decrypt` on a text that it reads from a pipe. */
export interface SopsProgram {
  /** @throws the signal's reason; FluxError `sops/not-found`, `sops/closed`, `sandbox/failed` */
  decrypt(content: Buffer, format: Format, keys: SopsKeys, options: BuildOptions): Promise<BuildOutcome>;
}
