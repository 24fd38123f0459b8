import { FluxError, hasCode, messageOf } from '../../base/index.ts';
import type { Kubeconfig } from '../connection/kubeconfig.ts';
import type { Transport } from '../connection/transport.ts';
import { listMetadata } from '../object/live.ts';
import { withAdvice } from './advice.ts';
import { type ClientSource, openTransport } from './connection.ts';

/** Where the daemon's pod is, and how to reach its cluster. */
export interface PodSource extends ClientSource {
  /** Namespace of the daemon. */
  readonly namespace: string;
  /** Label selectors, tried in order until one matches exactly one running pod. */
  readonly labelSelectors: readonly string[];
}

/** The name of the daemon's pod. @throws FluxError `cluster/no-pod`, `cluster/ambiguous-pod`. */
export async function findPod(kubeconfig: Kubeconfig, { namespace, labelSelectors, ...source }: PodSource): Promise<string> {
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
    if (hasCode(error, 'cluster/ambiguous-pod', 'cluster/no-pod')) throw error;
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
