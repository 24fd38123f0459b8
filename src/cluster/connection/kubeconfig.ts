import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigOptions, KubeConfig } from '@kubernetes/client-node';
import { type Clock, FluxError, parseYamlDocument, trimEndOf } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import { credentialFailure, kubeconfigFailure } from './kubeconfig-failure.ts';

export interface KubeconfigSource {
  /** A kubeconfig file; by default KUBECONFIG, `~/.kube/config` and the pod's service account, in this order. */
  readonly kubeconfigFile?: string;
  /** Kubeconfig files in place of this process's KUBECONFIG; merged as by kubectl. */
  readonly kubeconfigFiles?: readonly string[];
  /** A context instead of the current one. */
  readonly context?: string;
  /** Uses the pod's service account even if kubeconfig files exist. */
  readonly inCluster?: boolean;
}

export interface Kubeconfig {
  readonly config: KubeConfig;
  /** URL of the API server without a trailing slash. */
  readonly server: string;
  /** File and context for messages. */
  readonly where: string;
  /** Namespace of the context, even of one without cluster; absent in a pod without kubeconfig, where Flux v1 used `default` as well. */
  readonly namespace?: string;
}

const IN_CLUSTER = 'inClusterContext';
const LOADED = 'loaded-context';

/**
 * Reads the connection settings without sending a request.
 * @throws FluxError `cluster/no-config` (worded as in Flux v1), `cluster/bad-config`.
 */
export async function loadKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  // Loaded on demand: the package takes most of a second and 90 MB, which commands without a cluster should not pay.
  const { KubeConfig } = await import('@kubernetes/client-node');
  class Named extends KubeConfig {
    override loadFromFile(file: string, options?: Partial<ConfigOptions>): void {
      try {
        super.loadFromFile(file, options);
      } catch (error) {
        throw kubeconfigFailure(error, `kubeconfig ${file}`);
      }
    }
  }
  const load = (options: Partial<ConfigOptions> = {}, loaded: KubeConfig = new Named()) => {
    if (source.inCluster) loaded.loadFromCluster();
    else if (source.kubeconfigFile) loaded.loadFromFile(source.kubeconfigFile, options);
    else if (source.kubeconfigFiles?.length) return merged(source.kubeconfigFiles, options);
    else loaded.loadFromDefault(options);
    return loaded;
  };
  const merged = (files: readonly string[], options: Partial<ConfigOptions>) => {
    const [first = new KubeConfig(), ...others] = files.map((file) => {
      const loaded = new Named();
      loaded.loadFromFile(file, options);
      return loaded;
    });
    for (const other of others) first.mergeConfig(other);
    return first;
  };
  /** Ignores a context without cluster. */
  class Forgiving extends Named {
    override loadFromString(text: string, options?: Partial<ConfigOptions>): void {
      super.loadFromString(withClusterNames(text), options);
    }
  }
  const where = placeOf(source);
  let config: KubeConfig;
  let namespaceAlone: string | undefined;
  try {
    const podOnly = withoutCluster(() => load({ onInvalidEntry: 'filter' }, new Forgiving()));
    config = podOnly?.config ?? load();
    namespaceAlone = podOnly?.namespace;
  } catch (error) {
    // A KUBECONFIG whose file is missing counts as unset.
    if (!source.kubeconfigFile && isMissingFile(error)) throw noConfig();
    throw kubeconfigFailure(error, where);
  }
  if (source.context && isMadeUp(config)) throw noKubeconfig(source.context);
  if (source.context) config.setCurrentContext(source.context);
  const context = config.getContextObject(config.getCurrentContext());
  if (!context) {
    throw source.context
      ? broken(`context ${JSON.stringify(source.context)} does not exist in ${where}`, { help: contextsOf(config) })
      : broken(`invalid configuration: no current context is set in ${where}`);
  }
  const cluster = config.getCluster(context.cluster);
  // The placeholder of client-node if it finds no configuration, or no service account.
  const nothing = context.name === LOADED && cluster?.server === 'http://localhost:8080';
  const notInCluster = context.name === IN_CLUSTER && cluster?.server.includes('//undefined:');
  if (nothing || notInCluster) throw noConfig();
  if (!cluster?.server) throw noCluster(context, where);
  // client-node rejects plain HTTP unless certificate checks are disabled, although there is no certificate to check.
  if (cluster.server.startsWith('http:')) {
    config.clusters = config.clusters.map((each) => (each === cluster ? { ...each, skipTLSVerify: true } : each));
  }
  const namespace = context.name === IN_CLUSTER ? namespaceAlone : context.namespace;
  return {
    config,
    server: trimEndOf(cluster.server, '/'),
    where: `${where}, context ${JSON.stringify(context.name)}`,
    ...(namespace ? { namespace } : {}),
  };
}

/**
 * The pod's service account, for a kubeconfig without any cluster. Flux v1's image and chart mount such a file, which only sets a
 * namespace, and which Go's client otherwise ignores.
 */
function withoutCluster(load: () => KubeConfig): { readonly config: KubeConfig; readonly namespace?: string } | undefined {
  const config = load();
  if (config.clusters.length > 0) return undefined;
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  config.loadFromCluster();
  return { config, ...(namespace ? { namespace } : {}) };
}

/** The text with a placeholder for a context's missing cluster, since client-node rejects such a context. */
function withClusterNames(text: string): string {
  const document = parseYamlDocument(text, 1);
  const value = document && 'value' in document ? document.value : undefined;
  if (!isFields(value) || !Array.isArray(value.contexts)) return text;
  const contexts = value.contexts.map((each: unknown) =>
    isFields(each) && isFields(each.context)
      ? { ...each, context: { ...each.context, cluster: each.context.cluster || 'none' } }
      : each,
  );
  return JSON.stringify({ ...value, contexts });
}

/** The effective files, for messages. */
function placeOf({ kubeconfigFile, kubeconfigFiles = [] }: KubeconfigSource): string {
  const files = kubeconfigFile ? [kubeconfigFile] : kubeconfigFiles;
  return files.length === 0 ? 'the kubeconfig' : `kubeconfig ${files.join(', ')}`;
}

function noConfig(): FluxError {
  return new FluxError(
    'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    { code: 'cluster/no-config', fault: 'user', help: 'Set KUBECONFIG, or run inside a cluster with a service account.' },
  );
}

function noCluster({ name, cluster }: { readonly name: string; readonly cluster: string }, where: string): FluxError {
  const message = `context ${JSON.stringify(name)} of ${where} names cluster ${JSON.stringify(cluster)}, which has no server there`;
  return broken(`invalid configuration: ${message}`, {
    help: 'Add the cluster with its server to the file, or use another context.',
  });
}

/** The placeholder of client-node without a file. */
function isMadeUp({ contexts }: KubeConfig): boolean {
  return contexts.length > 0 && contexts.every(({ name }) => name === LOADED || name === IN_CLUSTER);
}

function noKubeconfig(context: string): FluxError {
  return broken(`context ${JSON.stringify(context)} does not exist: there is no kubeconfig`, {
    help: 'Set KUBECONFIG to a kubeconfig file, or omit --context.',
  });
}

function isMissingFile(error: unknown): boolean {
  if (error instanceof FluxError) return isMissingFile(error.cause);
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function contextsOf(config: KubeConfig): string {
  const names = config.getContexts().map(({ name }) => JSON.stringify(name));
  return names.length === 0 ? 'The kubeconfig has no contexts.' : `The kubeconfig has: ${names.join(', ')}.`;
}

function broken(
  message: string,
  { help = 'Check the file and the context name with kubectl config view.' }: { readonly help?: string } = {},
): FluxError {
  return new FluxError(message, { code: 'cluster/bad-config', fault: 'user', help });
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** The identical object until a certificate or setting changes, since connections are keyed by it. */
  readonly tls: RequestOptions;
}

/** How long headers and certificates are cached; token files rotate. */
const CREDENTIALS_MS = 10_000;

export interface CredentialSource {
  readonly server: string;
  current(): Promise<Credentials>;
  /**
   * After a 401: drops all cached credentials, including the exec plugin's result and the token file, unless that has happened since
   * `refused` were issued, since many requests may be rejected at once.
   */
  renew(refused: Credentials): Promise<void>;
}

/** Credentials of a kubeconfig, renewed regularly. client-node renews exec credentials only at expiry, so a 401 reloads everything. */
export function createCredentialSource(initial: Kubeconfig, reload: () => Promise<Kubeconfig>, clock: Clock): CredentialSource {
  let kubeconfig = initial;
  let cached: { readonly at: number; readonly value: Promise<Credentials> } | undefined;
  let renewal: Promise<void> | undefined;
  let lastTls: RequestOptions | undefined;

  async function load(): Promise<Credentials> {
    const { headers, tls } = await credentialsOf(kubeconfig);
    if (!lastTls || !isSameTls(lastTls, tls)) lastTls = tls;
    return { headers, tls: lastTls };
  }

  async function reloadAll(): Promise<void> {
    try {
      kubeconfig = await reload();
      cached = undefined;
    } finally {
      renewal = undefined;
    }
  }

  return {
    server: initial.server,
    current() {
      if (cached && clock.monotonic() - cached.at < CREDENTIALS_MS) return cached.value;
      const value = load();
      const entry = { at: clock.monotonic(), value };
      cached = entry;
      value.catch(() => {
        if (cached === entry) cached = undefined;
      });
      return value;
    },
    async renew(refused) {
      if (renewal === undefined && cached && (await cached.value) !== refused) return;
      renewal ??= reloadAll();
      await renewal;
    },
  };
}

/** The agent of a proxy is created each time, with the same settings. */
function isSameTls({ agent: _one, ...one }: RequestOptions, { agent: _other, ...other }: RequestOptions): boolean {
  return isDeepStrictEqual(one, other);
}

async function credentialsOf({ config, server, where }: Kubeconfig): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  let fileToken: string | undefined;
  try {
    await config.applyToHTTPSOptions(options);
    fileToken = await tokenOfFile(config);
  } catch (error) {
    throw credentialFailure(error, config.getCurrentUser(), where);
  }
  const { headers, agent, auth, ...tls } = options;
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) all[name] = String(value);
  if (fileToken !== undefined) all.Authorization = `Bearer ${fileToken}`;
  if (auth && !all.Authorization) all.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  // Our own agent keeps connections, except through a proxy, which only client-node's agent supports.
  const proxied = config.getCurrentCluster()?.proxyUrl && server.startsWith('https:');
  return { headers: all, tls: proxied && agent ? { ...tls, agent } : tls };
}

/** The current token of a pod's service account; client-node would use an old one for a minute after its replacement. */
async function tokenOfFile(config: KubeConfig): Promise<string | undefined> {
  const file: unknown = config.getCurrentUser()?.authProvider?.config?.tokenFile;
  if (typeof file !== 'string') return undefined;
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new FluxError(`${file} is empty`, { code: 'cluster/credentials' });
  return token;
}
