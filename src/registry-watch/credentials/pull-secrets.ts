import { type Cancellable, messageOf, waitOrAbort } from '../../base/index.ts';
import type { PullSecrets } from '../../image/index.ts';
import type { KubeObject } from '../../resource/index.ts';
import type { Credential } from './credential.ts';
import { type DockerConfig, NO_HELPERS, parseDockerConfig } from './docker-config.ts';
import type { Reading } from './reading.ts';

/**
 * Reads an object of the core group; undefined if it is absent or may not be read. It has no signal, since other images may wait for the
 * same object when the first request is aborted.
 */
export type ReadCore = (kind: 'Secret' | 'ServiceAccount', namespace: string, name: string) => Promise<KubeObject | undefined>;

const NO_CONFIG: DockerConfig = { byHost: new Map(), helpers: NO_HELPERS, problems: [] };

/** The key of the Docker config in each supported type of Secret. */
const SECRET_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

/** Finds the credential that the pull secrets of a workload hold for a host: those of the pod override those of its service account. */
export function createPullSecretReader(readCore: ReadCore, reading: Reading) {
  const secretConfig = async (namespace: string, name: string, options: Cancellable): Promise<DockerConfig> => {
    const source = `${namespace}/${name}`;
    const read = () =>
      reading.remember(`secret ${source}`, async () => {
        const secret = await readCore('Secret', namespace, name);
        if (!secret) return NO_CONFIG;
        const key = SECRET_KEYS[String(secret.type)];
        const data = secret.data as Readonly<Record<string, unknown>> | undefined;
        const encoded = key === undefined ? undefined : data?.[key];
        if (typeof encoded !== 'string') {
          reading.report(source, `secret ${source}: it is not of a type with a Docker config, or lacks the key of its type`);
          return NO_CONFIG;
        }
        return reading.checked(source, parseDockerConfig(Buffer.from(encoded, 'base64').toString('utf8'), source));
      });
    try {
      return await waitOrAbort(read(), options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      reading.report(source, `getting secret "${name}" from namespace "${namespace}": ${messageOf(error)}`);
      return NO_CONFIG;
    }
  };

  const accountSecrets = async (namespace: string, name: string, options: Cancellable): Promise<readonly string[]> => {
    const source = `account ${namespace}/${name}`;
    try {
      const account = await waitOrAbort(
        reading.remember(source, () => readCore('ServiceAccount', namespace, name)),
        options.signal,
      );
      reading.recovered(source);
      const list = account?.imagePullSecrets;
      if (!Array.isArray(list)) return [];
      return list.flatMap((entry: { readonly name?: unknown } | null) => (typeof entry?.name === 'string' ? [entry.name] : []));
    } catch (error) {
      options.signal?.throwIfAborted();
      reading.report(source, `getting service account "${name}" from namespace "${namespace}": ${messageOf(error)}`);
      return [];
    }
  };

  return async (
    host: string,
    { namespace, serviceAccount, secrets }: PullSecrets,
    options: Cancellable,
  ): Promise<Credential | undefined> => {
    let credential: Credential | undefined;
    for (const name of [...(await accountSecrets(namespace, serviceAccount || 'default', options)), ...secrets]) {
      credential = (await secretConfig(namespace, name, options)).byHost.get(host) ?? credential;
    }
    return credential;
  };
}
