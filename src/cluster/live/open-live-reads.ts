import { type Cancellable, silentLogger, systemClock } from '../../base/index.ts';
import type { LiveObjectReport } from '../../change/index.ts';
import { createDiscovery, DIRECTORY_MAX_AGE_MS } from '../discovery/discovery.ts';
import { type ClientSource, loadForClient, openTransport } from '../port-forward/connection.ts';
import { createAllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { type LiveQuestion, liveObject } from './live-object.ts';

/**
 * Reads with the rights of a kubeconfig, until it is closed.
 * @throws FluxError `cluster/no-config`, `cluster/bad-config`.
 */
export async function openLiveReads(source: ClientSource) {
  const transport = openTransport(await loadForClient(source), source);
  const discovery = createDiscovery({ transport, clock: systemClock, log: silentLogger(), excludeResources: [] });
  const deps = {
    transport,
    allowed: createAllowedNamespaces([]),
    clock: systemClock,
    directory: (signal: AbortSignal | undefined) => discovery.look(DIRECTORY_MAX_AGE_MS, signal),
  };
  return {
    object: (question: LiveQuestion, { signal }: Cancellable = {}): Promise<LiveObjectReport> =>
      liveObject(question, deps, signal),
    close: () => transport.close(),
  };
}
