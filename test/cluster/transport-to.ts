import type { Clock } from '../../src/base/index.ts';
import { createCredentialSource, loadKubeconfig } from '../../src/cluster/connection/kubeconfig.ts';
import { createTransport, type Transport } from '../../src/cluster/connection/transport.ts';
import type { ApiResource } from '../../src/cluster/discovery/api-resource.ts';

export const CONFIG_MAPS: ApiResource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: ['list', 'watch'],
};

/** A way to the API server of a kubeconfig, for what is tested without the rest of the room. */
export async function transportTo(kubeconfigFile: string, clock: Clock): Promise<Transport> {
  const load = () => loadKubeconfig({ kubeconfigFile });
  return createTransport({ credentials: createCredentialSource(await load(), load, clock), clock, maxInFlight: 8 });
}
