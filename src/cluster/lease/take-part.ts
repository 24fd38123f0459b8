import { randomUUID } from 'node:crypto';
import { asFluxError, type Clock, type ElectionHandlers, type Logger } from '../../base/index.ts';
import type { CredentialSource } from '../connection/kubeconfig.ts';
import { createTransport, type TransportOptions } from '../connection/transport.ts';
import { type Self, selfOf } from '../prune/self.ts';
import { runElection } from './election.ts';
import type { Fence } from './fence.ts';
import { createLeaseStore } from './lease-store.ts';

export interface Candidacy {
  /** The source that only one daemon may write for, by its sync-set name. */
  readonly syncSet: string;
  /** Its name in the log; absent if the daemon has one source. */
  readonly name?: string;
  /** Host name, used if the token contains no pod name. */
  readonly host: string;
  /** Open while this daemon may write for the source. */
  readonly fence: Fence;
}

export interface TakePartOptions extends Candidacy, Pick<TransportOptions, 'onRequest'> {
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_MS = 1_000;

/**
 * Participates in the election of the daemon that writes for a source, by a Lease in the daemon's own namespace. A daemon outside the
 * cluster has none, and leads. Resolves after the signal has aborted and the lease is released.
 */
export async function takePart(options: TakePartOptions, handlers: ElectionHandlers, signal: AbortSignal): Promise<void> {
  const { syncSet, host, credentials, fence, onRequest, clock } = options;
  const log = options.name === undefined ? options.log : options.log.child({ source: options.name });
  fence.close();
  const self = await findSelf(options, handlers, signal);
  if (signal.aborted) return;
  if (!self) {
    log.info({}, 'running without a lease, outside the cluster; run only one fluxd for this source');
    fence.open();
    handlers.onLead(signal, { afterAnother: false });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    return;
  }
  // A separate connection: a lease must not wait behind a thousand objects.
  const transport = createTransport({ credentials, clock, maxInFlight: 2, onRequest });
  const name = leaseName(syncSet);
  const leases = createLeaseStore(transport, self.namespace, name);
  try {
    const electionLog = log.child({ lease: `${self.namespace}/${name}` });
    await runElection({ leases, identity: identityOf(self, host), fence, clock, log: electionLog }, handlers, signal);
  } finally {
    transport.close();
  }
}

/** `flux-` and the first twelve hex digits of the hash in the sync-set name. */
export function leaseName(syncSet: string): string {
  return `flux-${Buffer.from(syncSet, 'base64url').toString('hex').slice(0, 12)}`;
}

/** A restarted container keeps the pod's identity: its predecessor is dead, so its lease need not expire. */
function identityOf({ pod, podUid }: Self, host: string): string {
  return pod !== undefined && podUid !== undefined ? `${pod}_${podUid}` : `${pod ?? host}_${randomUUID()}`;
}

/** Derived from the credentials, as soon as they are available. */
async function findSelf(
  { credentials, clock }: TakePartOptions,
  handlers: ElectionHandlers,
  signal: AbortSignal,
): Promise<Self | undefined> {
  while (!signal.aborted) {
    try {
      return selfOf((await credentials.current()).headers);
    } catch (error) {
      handlers.onTrouble(asFluxError(error, { code: 'cluster/credentials' }));
      await clock.sleep(RETRY_MS, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}
