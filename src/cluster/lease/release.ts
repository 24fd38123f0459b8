import type { Clock, Logger } from '../../base/index.ts';
import { microTime } from '../object/micro-time.ts';
import type { LeaseStore } from './lease-store.ts';

export interface ReleaseOptions {
  readonly leases: LeaseStore;
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Timeout, since a stopping pod has little time. */
const ATTEMPTS = 2;
const PAUSE_MS = 250;
const ATTEMPT_MS = 2_500;

/** Releases a held lease, so that the next daemon leads at once instead of after its expiry. */
export async function release(options: ReleaseOptions): Promise<void> {
  const { clock, log } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (await tryRelease(options)) log.info({}, 'lease released');
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) {
        log.warn({ err: error }, 'releasing the lease failed; it will expire');
        return;
      }
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** False if the lease is not ours any more: a lost request may have succeeded, and another daemon may lead. */
async function tryRelease({ leases, identity, clock }: ReleaseOptions): Promise<boolean> {
  using deadline = clock.deadline(ATTEMPT_MS);
  const lease = await leases.read(deadline.signal);
  if (lease?.holder !== identity) return false;
  const time = microTime(clock.now());
  await leases.replace(
    { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time, leaseTransitions: lease.transitions },
    lease.resourceVersion,
    deadline.signal,
  );
  return true;
}
