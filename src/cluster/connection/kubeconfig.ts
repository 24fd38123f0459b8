import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigOptions, KubeConfig } from '@kubernetes/client-node';
import { type Clock, FluxError, parseYamlDocument, trimEndOf } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import { credentialFailure, kubeconfigFailure } from './kubeconfig-failure.ts';

export interface KubeconfigSource {
  /** A kubeconfig file; without it KUBECONFIG, `~/.kube/config` and the pod's service account are tried in this order. */
  readonly kubeconfigFile?: string;
  /** The files of a KUBECONFIG that is not the one of this process's environment; merged, as kubectl merges them. */
  readonly kubeconfigFiles?: readonly string[];
  /** A context of it instead of the current one. */
  readonly context?: string;
  /** The pod's service account, whatever kubeconfig files exist. */
  readonly inCluster?: boolean;
}

export interface Kubeconfig {
  readonly config: KubeConfig;
  /** URL of the API server without a trailing slash. */
  readonly server: string;
  /** File and context, for messages. */
  readonly where: string;
  /** Namespace of the context, also where that names no cluster; absent in a pod without a kubeconfig, where Flux v1 used `default` as well. */
  readonly namespace?: string;
}

const IN_CLUSTER = 'inClusterContext';
const LOADED = 'loaded-context';

/**
 * Reads the connection settings. Asks no server.
 * @throws FluxError `cluster/no-config` (Flux v1's words), `cluster/bad-config`.
 */
export async function loadKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  // Loaded late: the package takes most of a second and 90 MB, which no command without a cluster should pay.
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
  /** Takes a context that names no cluster for one that does. */
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
    // A KUBECONFIG whose file is not there counts for as much as none.
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
  // What client-node makes up when it has found nothing at all, or no service account.
  const nothing = context.name === LOADED && cluster?.server === 'http://localhost:8080';
  const notInCluster = context.name === IN_CLUSTER && cluster?.server.includes('//undefined:');
  if (nothing || notInCluster) throw noConfig();
  if (!cluster?.server) throw noCluster(context, where);
  // client-node refuses plain HTTP unless certificate checks are off, though there is no certificate to check.
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
 * The pod's service account, where a kubeconfig names no cluster at all. Flux v1's image and chart mount such a file, which says
 * nothing but a namespace, and Go's client goes on as if it were not there.
 */
function withoutCluster(load: () => KubeConfig): { readonly config: KubeConfig; readonly namespace?: string } | undefined {
  const config = load();
  if (config.clusters.length > 0) return undefined;
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  config.loadFromCluster();
  return { config, ...(namespace ? { namespace } : {}) };
}

/** The text with a name where a context has none for its cluster: to client-node such a context is not valid. */
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

/** The files that count, for messages. */
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
    help: 'Add the cluster with its server to the file, or choose another context.',
  });
}

/** What client-node makes up when there is no file. */
function isMadeUp({ contexts }: KubeConfig): boolean {
  return contexts.length > 0 && contexts.every(({ name }) => name === LOADED || name === IN_CLUSTER);
}

function noKubeconfig(context: string): FluxError {
  return broken(`context ${JSON.stringify(context)} does not exist: there is no kubeconfig`, {
    help: 'Name a kubeconfig file in KUBECONFIG, or leave --context out.',
  });
}

function isMissingFile(error: unknown): boolean {
  if (error instanceof FluxError) return isMissingFile(error.cause);
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function contextsOf(config: KubeConfig): string {
  const names = config.getContexts().map(({ name }) => JSON.stringify(name));
  return names.length === 0 ? 'The kubeconfig has no context at all.' : `The kubeconfig has: ${names.join(', ')}.`;
}

function broken(
  message: string,
  { help = 'Check the file and the name of the context with kubectl config view.' }: { readonly help?: string } = {},
): FluxError {
  return new FluxError(message, { code: 'cluster/bad-config', fault: 'user', help });
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** The very same object until a certificate or setting is another one: connections are kept by it. */
  readonly tls: RequestOptions;
}

/** How long headers and certificates are used before they are asked for again; token files rotate under us. */
const CREDENTIALS_MS = 10_000;

export interface CredentialSource {
  readonly server: string;
  current(): Promise<Credentials>;
  /**
   * After a 401: drops everything cached, the exec plugin's answer and the token file included, unless that was done since
   * `refused` were handed out (many requests are refused at once).
   */
  renew(refused: Credentials): Promise<void>;
}

/** Credentials of a kubeconfig, renewed as they age. client-node renews exec credentials only at expiry, so a 401 loads all anew. */
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

/** The agent of a proxy is made anew each time, with the same settings. */
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
  // Connections are kept by our own agent, except through a proxy, which only client-node's agent knows.
  const proxied = config.getCurrentCluster()?.proxyUrl && server.startsWith('https:');
  return { headers: all, tls: proxied && agent ? { ...tls, agent } : tls };
}

/** The token of a pod's service account as its file holds it now; client-node would use one for a minute after it was replaced. */
async function tokenOfFile(config: KubeConfig): Promise<string | undefined> {
  const file: unknown = config.getCurrentUser()?.authProvider?.config?.tokenFile;
  if (typeof file !== 'string') return undefined;
  const token = (await readFile(file, 'utf8')).trim();
  if (token === '') throw new FluxError(`${file} is empty`, { code: 'cluster/credentials' });
  return token;
}
