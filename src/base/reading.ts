import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';

/** What was read, or why it could not be. */
export type Reading<T> = { readonly state: 'read'; readonly value: T } | { readonly state: 'unread'; readonly reason: string };

/** Deadline of each reading, in milliseconds. */
const READ_MS = 3_000;

/** Reads within a few seconds. A reading that fails is part of an answer; only the parent's end throws. */
export async function readWithin<T>(
  clock: Pick<Clock, 'deadline'>,
  parent: AbortSignal | undefined,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<Reading<T>> {
  using deadline = clock.deadline(READ_MS, parent);
  try {
    return { state: 'read', value: await read(deadline.signal) };
  } catch (error) {
    parent?.throwIfAborted();
    return { state: 'unread', reason: messageOf(error) };
  }
}
