import { silentLogger, systemClock } from '../../base/index.ts';
import { createDiscovery, DIRECTORY_MAX_AGE_MS } from '../discovery/discovery.ts';
import { type ClientSource, loadForClient, openTransport } from '../port-forward/connection.ts';
import { createAllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { createLiveReads } from './live-reads.ts';

/**
 * Reads with the rights of a kubeconfig, until it is closed.
 * @throws FluxError `cluster/no-config`, `cluster/bad-config`.
 */
export async function openLiveReads(source: ClientSource) {
  const transport = openTransport(await loadForClient(source), source);
  const discovery = createDiscovery({ transport, clock: systemClock, log: silentLogger(), excludeResources: [] });
  const reads = createLiveReads({
    transport,
    allowed: createAllowedNamespaces([]),
    clock: systemClock,
    directory: (signal: AbortSignal | undefined) => discovery.look(DIRECTORY_MAX_AGE_MS, signal),
  });
  return { ...reads, close: () => transport.close() };
}
