import { createServer, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { FluxError, messageOf } from '../../base/index.ts';
import type { Kubeconfig } from '../connection/kubeconfig.ts';
import type { Transport } from '../connection/transport.ts';
import { listMetadata } from '../object/live.ts';
import { forwardFailure, isPodGone, unansweredInPod, withAdvice } from './advice.ts';
import { type ClientSource, loadForClient, openTransport } from './connection.ts';

export interface PortForwardOptions extends ClientSource {
  /** Namespace of the daemon. */
  readonly namespace: string;
  /** Label selectors, tried in order until one matches exactly one running pod. */
  readonly labelSelectors: readonly string[];
  /** Port of the pod. */
  readonly port: number;
}

export interface PortForward {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Why the last connection failed; the client of the local port only sees that it was closed. */
  failure(): FluxError | undefined;
  close(): void;
}

/**
 * Forwards a free port of 127.0.0.1 to the daemon's pod.
 * @throws FluxError worded as in Flux v1: `cluster/no-pod`, `cluster/ambiguous-pod`, `cluster/no-config`, `cluster/bad-config`.
 */
export async function openPortForward(options: PortForwardOptions): Promise<PortForward> {
  const kubeconfig = await loadForClient(options);
  const { PortForward: Forwarder } = await import('@kubernetes/client-node');
  let pod = await findPod(kubeconfig, options);
  const forwarder = new Forwarder(kubeconfig.config);
  const open = new Set<Socket>();
  const { namespace, port: podPort } = options;
  let failure: FluxError | undefined;
  const connect = (socket: Socket, complaints: Writable) =>
    forwarder.portForward(namespace, pod, [podPort], socket, complaints, socket);
  const connectAnew = async (socket: Socket, complaints: Writable) => {
    try {
      return await connect(socket, complaints);
    } catch (error) {
      if (!isPodGone(error)) throw error;
      // Another pod has replaced it meanwhile.
      pod = await findPod(kubeconfig, options);
      return connect(socket, complaints);
    }
  };
  const server = createServer((socket) => {
    failure = undefined;
    open.add(socket);
    const giveUp = (error: FluxError) => {
      failure = error;
      socket.destroy();
    };
    const complaints = new Writable({
      write(text: Buffer, _encoding, done) {
        if (text.length > 0) giveUp(unansweredInPod(text.toString(), { namespace, pod, port: podPort }));
        done();
      },
    });
    socket.on('close', () => open.delete(socket));
    // The other end reports a broken connection; a socket without a listener would end the process.
    socket.on('error', () => socket.destroy());
    connectAnew(socket, complaints).then(
      (connection) => {
        const ws = typeof connection === 'function' ? connection() : connection;
        ws?.addEventListener('close', () => socket.destroy());
        // The client has read everything; waiting for the server to close as well would take up to half a minute.
        const end = () => ws?.terminate();
        if (socket.destroyed) end();
        else socket.on('close', end);
      },
      (error: unknown) => giveUp(error instanceof FluxError ? error : forwardFailure(error, { namespace, pod })),
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
    failure: () => failure,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function findPod(kubeconfig: Kubeconfig, { namespace, labelSelectors, ...source }: PortForwardOptions): Promise<string> {
  if (labelSelectors.length === 0) throw noPod('No pod labels specified');
  const transport = openTransport(kubeconfig, source);
  try {
    for (const selector of labelSelectors) {
      const pods = await runningPods(transport, namespace, selector);
      if (pods.length > 1) {
        throw new FluxError(`Ambiguous pod: found more than one pod for selector: labels ${JSON.stringify(selector)}`, {
          code: 'cluster/ambiguous-pod',
          fault: 'user',
          help: 'Select one daemon with --k8s-fwd-ns and --k8s-fwd-labels.',
        });
      }
      if (pods[0] !== undefined) return pods[0];
    }
    throw await nowhere(transport, namespace, labelSelectors);
  } catch (error) {
    if (error instanceof FluxError && ['cluster/ambiguous-pod', 'cluster/no-pod'].includes(error.code)) throw error;
    throw withAdvice(`Could not create a dialer: Could not get pod name: ${messageOf(error)}`, error, { namespace });
  } finally {
    transport.close();
  }
}

/** Lists the selectors, and other namespaces with a daemon, as far as the user may list pods. */
async function nowhere(transport: Transport, namespace: string, labelSelectors: readonly string[]): Promise<FluxError> {
  const elsewhere = await namespacesOfDaemons(transport, labelSelectors);
  return noPod(
    [
      `No pod found in namespace ${JSON.stringify(namespace)} using the following selectors:`,
      ...labelSelectors.map((selector) => `  ${selector}`),
      '',
      `Make sure Flux is running in namespace ${JSON.stringify(namespace)}.`,
      'If Flux is running in another different namespace, please supply it to --k8s-fwd-ns.',
      ...elsewhere.map((found) => `It runs in namespace ${JSON.stringify(found)}: --k8s-fwd-ns=${found}`),
    ].join('\n'),
  );
}

async function namespacesOfDaemons(transport: Transport, labelSelectors: readonly string[]): Promise<readonly string[]> {
  try {
    const lists = await Promise.all(
      labelSelectors.map((labelSelector) => listMetadata(transport, PODS, { labelSelector, fieldSelector: RUNNING })),
    );
    return [...new Set(lists.flat().map(({ namespace = '' }) => namespace))].sort();
  } catch {
    return []; // most users may not list all pods
  }
}

const RUNNING = 'status.phase=Running';
const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: ['list'] } as const;

async function runningPods(transport: Transport, namespace: string, labelSelector: string): Promise<string[]> {
  const pods = await listMetadata(transport, PODS, { namespace, labelSelector, fieldSelector: RUNNING });
  return pods.map(({ name }) => name);
}

function noPod(message: string): FluxError {
  return new FluxError(message, { code: 'cluster/no-pod', fault: 'missing' });
}
