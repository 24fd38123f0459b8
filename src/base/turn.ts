import { setImmediate } from 'node:timers/promises';

/**
 * Resolves when everything else that is due had its turn: the API goes on answering while a long piece of work is done.
 * @throws the signal's reason when it has aborted by then
 */
export async function turn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
