import { createServer, type Socket } from 'node:net';
import { FluxError, messageOf, systemClock } from '../../base/index.ts';
import { createCredentialSource, type Kubeconfig, type KubeconfigSource, loadKubeconfig } from '../kubeconfig.ts';
import { listMetadata } from '../live.ts';
import { createTransport, type Transport } from '../transport.ts';

export interface PortForwardOptions extends KubeconfigSource {
  /** Namespace of the daemon. */
  readonly namespace: string;
  /** Label selectors, tried in this order until one finds exactly one running pod. */
  readonly labelSelectors: readonly string[];
  /** Port of the pod. */
  readonly port: number;
}

export interface PortForward {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  close(): void;
}

/**
 * Forwards a free port of 127.0.0.1 to the daemon's pod.
 * @throws FluxError in Flux v1's words: `cluster/no-pod`, `cluster/ambiguous-pod`, `cluster/no-config`, `cluster/bad-config`.
 */
export async function openPortForward(options: PortForwardOptions): Promise<PortForward> {
  const kubeconfig = await loadForClient(options);
  const { PortForward: Forwarder } = await import('@kubernetes/client-node');
  const pod = await findPod(kubeconfig, options);
  const forwarder = new Forwarder(kubeconfig.config);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // The other end reports a broken connection; a socket without a listener would end the process.
    socket.on('error', () => socket.destroy());
    forwarder.portForward(options.namespace, pod, [options.port], socket, null, socket).then(
      (connection) => {
        const ws = typeof connection === 'function' ? connection() : connection;
        ws?.addEventListener('close', () => socket.destroy());
        socket.on('close', () => ws?.close());
      },
      (error: unknown) => socket.destroy(error instanceof Error ? error : new Error(messageOf(error))),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Namespace of a kubeconfig context (the current one by default), or `default`. */
export async function contextNamespace(source: KubeconfigSource = {}): Promise<string> {
  return (await loadForClient(source)).namespace ?? 'default';
}

/** Names of all contexts of the kubeconfig. */
export async function contextNames(source: KubeconfigSource = {}): Promise<readonly string[]> {
  return (await loadForClient(source)).config.getContexts().map(({ name }) => name);
}

async function loadForClient(source: KubeconfigSource): Promise<Kubeconfig> {
  try {
    return await loadKubeconfig(source);
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    throw new FluxError(`Could not load kubernetes configuration file: ${error.message}`, {
      code: error.code,
      fault: error.fault,
      ...(error.help === undefined ? {} : { help: error.help }),
      cause: error,
    });
  }
}

async function findPod(kubeconfig: Kubeconfig, { namespace, labelSelectors, ...source }: PortForwardOptions): Promise<string> {
  if (labelSelectors.length === 0) throw noPod('No pod labels specified');
  const transport = createTransport({
    credentials: createCredentialSource(kubeconfig, () => loadKubeconfig(source), systemClock),
    clock: systemClock,
    maxInFlight: 1,
  });
  try {
    for (const selector of labelSelectors) {
      const pods = await runningPods(transport, namespace, selector);
      if (pods.length > 1) {
        throw new FluxError(`Ambiguous pod: found more than one pod for selector: labels ${JSON.stringify(selector)}`, {
          code: 'cluster/ambiguous-pod',
          fault: 'user',
          help: 'Name one daemon by --k8s-fwd-ns and --k8s-fwd-labels.',
        });
      }
      if (pods[0] !== undefined) return pods[0];
    }
  } catch (error) {
    if (error instanceof FluxError && error.code === 'cluster/ambiguous-pod') throw error;
    throw new FluxError(`Could not create a dialer: Could not get pod name: ${messageOf(error)}`, {
      code: error instanceof FluxError ? error.code : 'cluster/no-pod',
      cause: error,
    });
  } finally {
    transport.close();
  }
  throw noPod(
    [
      `No pod found in namespace ${JSON.stringify(namespace)} using the following selectors:`,
      ...labelSelectors.map((selector) => `  ${selector}`),
      '',
      `Make sure Flux is running in namespace ${JSON.stringify(namespace)}.`,
      'If Flux is running in another different namespace, please supply it to --k8s-fwd-ns.',
    ].join('\n'),
  );
}

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: ['list'] } as const;

async function runningPods(transport: Transport, namespace: string, labelSelector: string): Promise<string[]> {
  const pods = await listMetadata(transport, PODS, { namespace, labelSelector, fieldSelector: 'status.phase=Running' });
  return pods.map(({ name }) => name);
}

function noPod(message: string): FluxError {
  return new FluxError(message, { code: 'cluster/no-pod', fault: 'missing' });
}
