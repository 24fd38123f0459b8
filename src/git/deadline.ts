import { withDeadline } from '../base/index.ts';
import { timedOut } from './failure.ts';

/** Runs one operation within the deadline; the caller's own signal passes through as it is. */
export async function withinDeadline<T>(
  operation: string,
  timeoutMs: number,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = withDeadline(timeoutMs, parent);
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted && !parent?.aborted && error === signal.reason) throw timedOut(operation, timeoutMs);
    throw error;
  }
}
