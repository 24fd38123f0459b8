import { FluxError, hasCode, type Logger } from '../base/index.ts';
import type { RefUpdate } from './commands/remote.ts';
import { withinDeadline } from './deadline.ts';
import type { RunOptions } from './git-process.ts';
import type { Mirror } from './mirror.ts';
import type { ObjectReader } from './object-reader.ts';
import { pushRefs } from './push.ts';

export interface DeliveryOptions {
  readonly mirror: Mirror;
  readonly reader: ObjectReader;
  readonly timeoutMs: number;
  /** Called before each push; if it throws, nothing is pushed, and the error is passed on. */
  readonly mayPush?: () => void;
  /** Called after each accepted push. */
  readonly onPushed: () => void;
  readonly log: Logger;
}

/** Pushes with a timeout, and their outcome: in the mirror, and after a failure. */
export function createDelivery({ mirror, reader, timeoutMs, mayPush, onPushed, log }: DeliveryOptions) {
  const server = { atomic: true };

  /** Prepares and pushes; pushed refs are then in the mirror without another fetch. A timeout is a failure like any other. */
  async function push(
    prepareUpdates: (run: RunOptions) => Promise<readonly RefUpdate[]>,
    signal: AbortSignal | undefined,
  ): Promise<FluxError | undefined> {
    const updates = await withinDeadline('git notes', timeoutMs, signal, (bounded) => prepareUpdates({ signal: bounded }));
    mayPush?.();
    try {
      const failure = await withinDeadline('git push', timeoutMs, signal, (bounded) =>
        pushRefs(mirror, updates, server, log, { signal: bounded }),
      );
      if (failure) return failure;
    } catch (error) {
      if (hasCode(error, 'git/timeout')) return error;
      throw error;
    }
    onPushed();
    // The push has arrived even if this fails; the next fetch updates the mirror.
    await withinDeadline('git update-ref', timeoutMs, undefined, (bounded) => enter(updates, { signal: bounded })).catch(
      (error: unknown) => log.warn({ err: error }, 'updating the git mirror after a push failed'),
    );
    return undefined;
  }

  /** Sets the refs that git did not set itself during the push. */
  async function enter(updates: readonly RefUpdate[], run: RunOptions): Promise<void> {
    const present = await Promise.all(updates.map(({ ref }) => reader.resolve(ref, run)));
    const left = updates.filter(({ target }, index) => present[index] !== target);
    if (left.length > 0) await mirror.git.updateRefs(left, run);
    mirror.pushed(updates.map(({ ref }) => ref));
  }

  /** Fetches after a failed push. If that fails as well, it is unknown whether the push arrived, and the error says so. */
  async function learn(failure: FluxError, signal: AbortSignal | undefined): Promise<void> {
    try {
      await withinDeadline('git fetch', timeoutMs, signal, (bounded) => mirror.refetch({ signal: bounded }));
    } catch (error) {
      signal?.throwIfAborted();
      throw new FluxError(`unknown whether the push arrived: ${failure.message}`, {
        code: 'git/push-unknown',
        help: `The fetch after the push failed as well; the next fetch will show whether the commit is in the branch.\n\n${failure.help ?? ''}`,
        cause: error,
      });
    }
  }

  return { push, learn };
}
