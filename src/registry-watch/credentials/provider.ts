import type { Cancellable, Clock } from '../../base/index.ts';
import type { Credential } from './credential.ts';
import { createRenewal, type Grant } from './renewal.ts';

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

/** A service that grants credentials for a time. */
export interface GrantingService extends Pick<CredentialProvider, 'name' | 'serves'> {
  /** Requests a credential for a host, or resolves to undefined if the service is not set up. Has deadlines of its own. */
  request(host: string): Promise<Grant<Credential> | undefined>;
}

/** A provider that keeps the credentials of a service, one for each host, and renews them. */
export function renewed({ name, serves, request }: GrantingService, clock: Clock): CredentialProvider {
  const renewal = createRenewal<Credential>(clock);
  return {
    name,
    serves,
    credential: (host, options) => renewal.current(host, () => request(host), options),
    refused: ({ host, id }) => renewal.refused(host, (held) => held.id === id),
  };
}
