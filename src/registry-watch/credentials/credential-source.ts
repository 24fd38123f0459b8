import { LRUCache } from 'lru-cache';
import { type Clock, type FluxError, type Logger, messageOf, waitOrAbort } from '../../base/index.ts';
import type { KubeObject } from '../../resource/index.ts';
import type { Credential } from './credential.ts';
import { type DockerConfig, parseDockerConfig } from './docker-config.ts';

/**
 * Reads an object of the core group; undefined if it is absent or may not be read. It has no signal, since other images may wait for the
 * same object when the first request is aborted.
 */
export type ReadCore = (kind: 'Secret' | 'ServiceAccount', namespace: string, name: string) => Promise<KubeObject | undefined>;

/** The pull secrets of one workload. */
export interface PullSecrets {
  readonly namespace: string;
  readonly secrets: readonly string[];
  readonly serviceAccount: string;
}

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
   * a workload, the pod's secrets override those of its service account, which override the daemon's file (Flux v1).
   */
  candidates(
    host: string,
    pullSecrets: readonly PullSecrets[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly (Credential | undefined)[]>;
}

/** How long read objects are cached. */
const TRUST_MS = 60_000;
const NO_CONFIG: DockerConfig = { byHost: new Map(), problems: [] };

/** The key of the Docker config in each supported type of Secret. */
const SECRET_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

export function createCredentialSource({
  clock,
  log,
  readCore,
  dockerConfigFile,
  readFile,
}: CredentialSourceOptions): CredentialSource {
  const remembered = new LRUCache<string, { readonly at: number; readonly value: Promise<unknown> }>({ max: 5000 });
  /** The last problem of each source, until it is read successfully. */
  const reported = new LRUCache<string, string>({ max: 1000 });

  /** Reads at most once a minute, shared by all callers; failures are not cached. */
  const remember = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = remembered.get(key);
    if (known && clock.monotonic() - known.at < TRUST_MS) return known.value as Promise<T>;
    const value = read();
    remembered.set(key, { at: clock.monotonic(), value });
    value.catch(() => remembered.delete(key));
    return value;
  };

  /** Logged once until it changes. */
  const report = (source: string, message: string) => {
    if (reported.get(source) === message) return;
    reported.set(source, message);
    log.warn({ err: message }, 'registry credentials not used');
  };

  const use = (source: string, config: DockerConfig): DockerConfig => {
    if (config.problems.length === 0) reported.delete(source);
    else report(source, (config.problems satisfies readonly FluxError[]).map(({ message }) => message).join('; '));
    return config;
  };

  const fileConfig = async (): Promise<DockerConfig> => {
    if (dockerConfigFile === undefined) return NO_CONFIG;
    try {
      return await remember('file', async () =>
        use('file', parseDockerConfig(await readFile(dockerConfigFile), dockerConfigFile)),
      );
    } catch (error) {
      report('file', `docker config ${dockerConfigFile}: ${messageOf(error)}`);
      return NO_CONFIG;
    }
  };

  const secretConfig = async (
    namespace: string,
    name: string,
    options: { readonly signal?: AbortSignal },
  ): Promise<DockerConfig> => {
    const source = `${namespace}/${name}`;
    const read = () =>
      remember(`secret ${source}`, async () => {
        const secret = await readCore('Secret', namespace, name);
        if (!secret) return NO_CONFIG;
        const key = SECRET_KEYS[String(secret.type)];
        const data = secret.data as Readonly<Record<string, unknown>> | undefined;
        const encoded = key === undefined ? undefined : data?.[key];
        if (typeof encoded !== 'string') {
          report(source, `secret ${source}: it is not of a type with a Docker config, or lacks the key of its type`);
          return NO_CONFIG;
        }
        return use(source, parseDockerConfig(Buffer.from(encoded, 'base64').toString('utf8'), source));
      });
    try {
      return await waitOrAbort(read(), options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      report(source, `getting secret "${name}" from namespace "${namespace}": ${messageOf(error)}`);
      return NO_CONFIG;
    }
  };

  const accountSecrets = async (
    namespace: string,
    name: string,
    options: { readonly signal?: AbortSignal },
  ): Promise<readonly string[]> => {
    const source = `account ${namespace}/${name}`;
    try {
      const account = await waitOrAbort(
        remember(source, () => readCore('ServiceAccount', namespace, name)),
        options.signal,
      );
      reported.delete(source);
      const list = account?.imagePullSecrets;
      if (!Array.isArray(list)) return [];
      return list.flatMap((entry: { readonly name?: unknown } | null) => (typeof entry?.name === 'string' ? [entry.name] : []));
    } catch (error) {
      options.signal?.throwIfAborted();
      report(source, `getting service account "${name}" from namespace "${namespace}": ${messageOf(error)}`);
      return [];
    }
  };

  return {
    async candidates(host, pullSecrets, options = {}) {
      const found = new Map<string, Credential | undefined>();
      const fallback = (await fileConfig()).byHost.get(host);
      // Workloads in one namespace mostly use the same secrets, so each combination is read once.
      const distinct = new Map(
        pullSecrets.map((entry) => [JSON.stringify([entry.namespace, entry.serviceAccount, entry.secrets]), entry]),
      );
      for (const { namespace, serviceAccount, secrets } of distinct.values()) {
        let credential = fallback;
        for (const name of [...(await accountSecrets(namespace, serviceAccount || 'default', options)), ...secrets]) {
          credential = (await secretConfig(namespace, name, options)).byHost.get(host) ?? credential;
        }
        found.set(credential?.id ?? '', credential);
      }
      if (distinct.size === 0) found.set(fallback?.id ?? '', fallback);
      return [...found.values()].sort((a, b) => Number(a === undefined) - Number(b === undefined));
    },
  };
}
