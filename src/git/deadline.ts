import { asFluxError, withDeadline } from '../base/index.ts';
import { timedOut } from './failure.ts';

/**
 * Runs one operation within the deadline. The reason of the caller's own signal passes through as it is; everything else that is
 * thrown is a FluxError, disk trouble included.
 */
export async function withinDeadline<T>(
  operation: string,
  timeoutMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = withDeadline(timeoutMs, parent);
  const { signal } = deadline;
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted && !parent?.aborted && error === signal.reason) throw timedOut(operation, timeoutMs);
    if (parent?.aborted && error === parent.reason) throw error;
    throw asFluxError(error, {
      code: 'git/failed',
      help: 'Check the volume that holds the mirror: its space, and that fluxd may write there.',
    });
  }
}
