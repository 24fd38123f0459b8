import { asFluxError, type Clock, systemClock } from '../base/index.ts';
import { timedOut } from './failure.ts';

/**
 * Runs one operation with a timeout. Throws the reason of the caller's signal unchanged; every other error, including disk errors, is a
 * FluxError.
 */
export async function withinDeadline<T>(
  operation: string,
  timeoutMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  clock: Pick<Clock, 'deadline'> = systemClock,
): Promise<T> {
  using deadline = clock.deadline(timeoutMs, parent);
  const { signal } = deadline;
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted && !parent?.aborted && error === signal.reason) throw timedOut(operation, timeoutMs);
    if (parent?.aborted && error === parent.reason) throw error;
    throw asFluxError(error, {
      code: 'git/failed',
      help: 'Check the volume of the mirror: its free space, and that fluxd may write to it.',
    });
  }
}
