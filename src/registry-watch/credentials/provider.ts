import type { Cancellable } from '../../base/index.ts';
import type { Credential } from './credential.ts';

/**
 * A place with the daemon's own credentials, such as a Docker config file. What cannot be read there is logged by the provider, and
 * counts as nothing: another provider may have a credential.
 */
export interface CredentialProvider {
  /** The credential for a registry host, or undefined if this provider has none. */
  credential(host: string, options?: Cancellable): Promise<Credential | undefined>;
}
