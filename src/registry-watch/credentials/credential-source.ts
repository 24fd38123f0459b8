import { asFluxError, type Cancellable, type Clock, type FluxError, type HttpTransport, type Logger } from '../../base/index.ts';
import type { PullSecrets } from '../../image/index.ts';
import { azureTokens } from './azure.ts';
import { createCloudRequester } from './cloud-request.ts';
import type { Credential } from './credential.ts';
import { HELPER_DIRECTORY } from './credential-helper.ts';
import { dockerConfigFile } from './docker-config-file.ts';
import { ecrTokens } from './ecr.ts';
import { googleTokens } from './google.ts';
import { type CredentialProvider, renewed } from './provider.ts';
import { createPullSecretReader, type ReadCore } from './pull-secrets.ts';
import { createReading, type Reading } from './reading.ts';

/** The cloud that the daemon may run in, whose identity it uses for that cloud's registries. */
export interface CloudOptions {
  readonly http: HttpTransport;
  /** The process environment, with the variables of each cloud's own libraries. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface CredentialSourceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readCore: ReadCore;
  /** The daemon's own Docker config, `--docker-config`. */
  readonly dockerConfigFile?: string;
  /** Where its credential helpers are; for tests. */
  readonly helperDirectory?: string;
  readonly readFile: (path: string) => Promise<string>;
  /** Without it no cloud is asked. */
  readonly cloud?: CloudOptions;
}

export interface Candidates {
  /** Those of each workload by themselves (S-057). Undefined means anonymous and comes last. */
  readonly credentials: readonly (Credential | undefined)[];
  /** Failures of the daemon's own providers that left a workload without a credential. */
  readonly failures: readonly FluxError[];
}

export interface CredentialSource {
  /**
   * Credentials to try for a host, in order. Within a workload, the pod's secrets override those of its service account, which override
   * the daemon's own credentials (Flux v1).
   */
  candidates(host: string, pullSecrets: readonly PullSecrets[], options?: Cancellable): Promise<Candidates>;
  /** The registry refused this credential. */
  refused(credential: Credential): void;
}

type Own = { readonly credential: Credential | undefined; readonly failures: readonly FluxError[] };

export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { clock, log, readCore } = options;
  const reading = createReading(clock, log);
  const pullSecretsFor = createPullSecretReader(readCore, reading);
  const providers = providersOf(options, reading);

  const own = async (host: string, { signal }: Cancellable): Promise<Own> => {
    const failures: FluxError[] = [];
    for (const provider of providers.filter(({ serves }) => serves(host))) {
      const source = `${provider.name} ${host}`;
      try {
        const credential = await provider.credential(host, signal ? { signal } : {});
        reading.recovered(source);
        if (credential) return { credential, failures: [] };
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = asFluxError(thrown, { code: 'registry/no-credential' });
        reading.report(source, error.message);
        failures.push(error);
      }
    }
    return { credential: undefined, failures };
  };

  return {
    async candidates(host, pullSecrets, cancel = {}) {
      const found = new Map<string, Credential | undefined>();
      let owned: Own | undefined;
      const add = async (stronger: Credential | undefined) => {
        owned = stronger ? owned : (owned ?? (await own(host, cancel)));
        const credential = stronger ?? owned?.credential;
        found.set(credential?.id ?? '', credential);
      };
      // Workloads in one namespace mostly use the same secrets, so each combination is read once.
      const distinct = new Map(
        pullSecrets.map((entry) => [JSON.stringify([entry.namespace, entry.serviceAccount, entry.secrets]), entry]),
      );
      for (const entry of distinct.values()) await add(await pullSecretsFor(host, entry, cancel));
      if (distinct.size === 0) await add(undefined);
      const credentials = [...found.values()].sort((a, b) => Number(a === undefined) - Number(b === undefined));
      return { credentials, failures: owned?.failures ?? [] };
    },
    refused(credential) {
      for (const provider of providers) provider.refused?.(credential);
    },
  };
}

/** Strongest first (Flux v1): the first that has a credential for a host provides it. */
function providersOf(options: CredentialSourceOptions, reading: Reading): readonly CredentialProvider[] {
  const { clock, readFile, cloud, dockerConfigFile: path, helperDirectory: directory = HELPER_DIRECTORY } = options;
  const helpers = { directory, environment: cloud?.environment ?? {}, clock };
  const file = path === undefined ? [] : [dockerConfigFile({ path, readFile, reading, helpers })];
  if (!cloud) return file;
  const { http, environment } = cloud;
  const given = { environment, readFile, ask: createCloudRequester({ http, clock }) };
  return [ecrTokens({ ...given, clock }), ...file, renewed(googleTokens(given), clock), renewed(azureTokens(given), clock)];
}
