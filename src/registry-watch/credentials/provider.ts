import type { Cancellable } from '../../base/index.ts';
import type { Credential } from './credential.ts';

/** A place with the daemon's own credentials: a Docker config file, or the identity that a cloud gives its machines and pods. */
export interface CredentialProvider {
  /** For display, such as `ECR`. */
  readonly name: string;
  /** Whether the provider may have a credential for a registry host. Patterns are anchored: a look-alike host gets nothing (S-057). */
  serves(host: string): boolean;
  /** The credential for a host that it serves, or undefined if it has none. @throws FluxError with what failed, and the next step. */
  credential(host: string, options?: Cancellable): Promise<Credential | undefined>;
  /** The registry refused a credential of this provider, which may have been revoked. */
  refused?(credential: Credential): void;
}
