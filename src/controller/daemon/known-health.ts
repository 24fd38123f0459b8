import { FluxError } from '../../base/index.ts';
import type { Daemon, HealthReport } from './daemon.ts';

/** The health of the objects as it is known now; undefined before the first sync. */
export async function knownHealth(daemon: Daemon): Promise<HealthReport | undefined> {
  try {
    return await daemon.health({ waitMs: 0 });
  } catch (error) {
    if (error instanceof FluxError && error.fault === 'missing') return undefined;
    throw error;
  }
}
