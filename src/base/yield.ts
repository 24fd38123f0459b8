import { setImmediate } from 'node:timers/promises';

/**
 * Yields to the event loop, so that the API keeps responding during long work.
 * @throws the signal's reason if it has aborted by then
 */
export async function yieldTurn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
