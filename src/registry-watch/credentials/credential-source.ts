import type { Cancellable, Clock, Logger } from '../../base/index.ts';
import type { PullSecrets } from '../../image/index.ts';
import type { Credential } from './credential.ts';
import { dockerConfigFile } from './docker-config-file.ts';
import type { CredentialProvider } from './provider.ts';
import { createPullSecretReader, type ReadCore } from './pull-secrets.ts';
import { createReading } from './reading.ts';

export interface CredentialSourceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readCore: ReadCore;
  /** The daemon's own Docker config, `--docker-config`. */
  readonly dockerConfigFile?: string;
  readonly readFile: (path: string) => Promise<string>;
}

export interface CredentialSource {
  /**
   * Credentials to try for a host in order, those of each workload by themselves (S-057). Undefined means anonymous and comes last. Within
   * a workload, the pod's secrets override those of its service account, which override the daemon's own credentials (Flux v1).
   */
  candidates(
    host: string,
    pullSecrets: readonly PullSecrets[],
    options?: Cancellable,
  ): Promise<readonly (Credential | undefined)[]>;
}

export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { clock, log, readCore, readFile } = options;
  const reading = createReading(clock, log);
  const pullSecretsFor = createPullSecretReader(readCore, reading);
  /** The first that has a credential for the host provides it. */
  const providers: readonly CredentialProvider[] =
    options.dockerConfigFile === undefined ? [] : [dockerConfigFile(options.dockerConfigFile, readFile, reading)];

  const provided = async (host: string, cancel: Cancellable): Promise<Credential | undefined> => {
    for (const provider of providers) {
      const credential = await provider.credential(host, cancel);
      if (credential) return credential;
    }
    return undefined;
  };

  return {
    async candidates(host, pullSecrets, cancel = {}) {
      const found = new Map<string, Credential | undefined>();
      const own = await provided(host, cancel);
      // Workloads in one namespace mostly use the same secrets, so each combination is read once.
      const distinct = new Map(
        pullSecrets.map((entry) => [JSON.stringify([entry.namespace, entry.serviceAccount, entry.secrets]), entry]),
      );
      for (const entry of distinct.values()) {
        const credential = (await pullSecretsFor(host, entry, cancel)) ?? own;
        found.set(credential?.id ?? '', credential);
      }
      if (distinct.size === 0) found.set(own?.id ?? '', own);
      return [...found.values()].sort((a, b) => Number(a === undefined) - Number(b === undefined));
    },
  };
}
