import { type Clock, messageOf } from '../../base/index.ts';

/** What was read, or why it could not be. */
export type Reading<T> = { readonly state: 'read'; readonly value: T } | { readonly state: 'unread'; readonly reason: string };

/** Deadline of each reading, in milliseconds. */
const READ_MS = 3_000;

/** Reads within the deadline. A reading that fails is part of the answer; only the end of the question throws. */
export async function within<T>(
  clock: Clock,
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
