import type { Clock, Logger } from '../../base/index.ts';
import { microTime } from '../object/micro-time.ts';
import type { LeaseStore } from './lease.ts';

export interface ReleaseOptions {
  readonly leases: LeaseStore;
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A pod that stops has not much time. */
const ATTEMPTS = 2;
const PAUSE_MS = 250;
const ATTEMPT_MS = 2_500;

/** Gives up a lease that is held, so that the next one leads at once and not only when it has run out. */
export async function release(options: ReleaseOptions): Promise<void> {
  const { clock, log } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (await tryRelease(options)) log.info({}, 'lease released');
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) {
        log.warn({ err: error }, 'lease not released: it runs out by itself');
        return;
      }
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** False when it is not ours any more: what was lost may have been carried out, and another may lead by now. */
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
