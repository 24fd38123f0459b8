import { FluxError, type ProxyEnvironment, systemClock } from '../../base/index.ts';
import { createCredentialSource, type Kubeconfig, type KubeconfigSource, loadKubeconfig } from '../connection/kubeconfig.ts';
import { createTransport, type Transport } from '../connection/transport.ts';
import { proxyForCluster } from './proxy.ts';

/** The user's kubeconfig, and the environment for a proxy. */
export interface ClientSource extends KubeconfigSource {
  readonly env?: ProxyEnvironment;
}

/** Namespace of a kubeconfig context (the current one by default), or `default`. */
export async function contextNamespace(source: ClientSource = {}): Promise<string> {
  return (await loadForClient(source)).namespace ?? 'default';
}

/** Names of all contexts of the kubeconfig. */
export async function contextNames(source: ClientSource = {}): Promise<readonly string[]> {
  return (await loadForClient(source)).config.getContexts().map(({ name }) => name);
}

/**
 * Reads the connection settings for a user's program.
 * @throws FluxError worded as in Flux v1: `cluster/no-config`, `cluster/bad-config`.
 */
export async function loadForClient(source: ClientSource): Promise<Kubeconfig> {
  try {
    return withProxy(await loadKubeconfig(source), source.env ?? {});
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    const help = error.code === 'cluster/no-config' ? NO_CONFIG : error.help;
    throw new FluxError(`Could not load kubernetes configuration file: ${error.message}`, {
      code: error.code,
      fault: error.fault,
      ...(help === undefined ? {} : { help }),
      cause: error,
    });
  }
}

const NO_CONFIG = "Set KUBECONFIG to a kubeconfig file, or use --url for the daemon's address.";

/** A `proxy-url` in the kubeconfig overrides the environment. */
function withProxy(kubeconfig: Kubeconfig, env: ProxyEnvironment): Kubeconfig {
  const { config, server } = kubeconfig;
  const current = config.getCurrentCluster();
  const proxyUrl = current?.proxyUrl ? undefined : proxyForCluster(server, env);
  if (proxyUrl !== undefined) config.clusters = config.clusters.map((each) => (each === current ? { ...each, proxyUrl } : each));
  return kubeconfig;
}

/** A user waits, so requests are retried at most once, unlike in the daemon. */
const ATTEMPTS = 2;

/** For a few sequential requests. */
export function openTransport(kubeconfig: Kubeconfig, source: ClientSource): Transport {
  const credentials = createCredentialSource(kubeconfig, () => loadForClient(source), systemClock);
  const transport = createTransport({ credentials, clock: systemClock, maxInFlight: 4 });
  return { ...transport, request: (request) => transport.request({ attempts: ATTEMPTS, ...request }) };
}
