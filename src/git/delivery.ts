import { FluxError, type Logger } from '../base/index.ts';
import { withinDeadline } from './deadline.ts';
import type { RefUpdate } from './git.ts';
import type { RunOptions } from './git-process.ts';
import type { Mirror } from './mirror.ts';
import type { ObjectReader } from './object-reader.ts';
import { pushRefs } from './push.ts';

export interface DeliveryOptions {
  readonly mirror: Mirror;
  readonly reader: ObjectReader;
  readonly timeoutMs: number;
  /** Asked before each push; what it throws is thrown, and nothing is pushed. */
  readonly mayPush?: () => void;
  /** Told of each push that was taken. */
  readonly onPushed: () => void;
  readonly log: Logger;
}

/** Pushes within the deadline, and what became of them: in the mirror, and after a failure. */
export function createDelivery({ mirror, reader, timeoutMs, mayPush, onPushed, log }: DeliveryOptions) {
  const server = { atomic: true };

  /** Prepares and pushes; what arrived is in the mirror then, without another fetch. A deadline is a failure like any other. */
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
      if (error instanceof FluxError && error.code === 'git/timeout') return error;
      throw error;
    }
    onPushed();
    // It has arrived, whatever the mirror knows of it; the next fetch shows it.
    await withinDeadline('git update-ref', timeoutMs, undefined, (bounded) => enter(updates, { signal: bounded })).catch(
      (error: unknown) => log.warn({ err: error }, 'git mirror does not show yet what was pushed'),
    );
    return undefined;
  }

  /** Sets what git has not set by itself as it pushed. */
  async function enter(updates: readonly RefUpdate[], run: RunOptions): Promise<void> {
    const present = await Promise.all(updates.map(({ ref }) => reader.resolve(ref, run)));
    const left = updates.filter(({ target }, index) => present[index] !== target);
    if (left.length > 0) await mirror.git.updateRefs(left, run);
  }

  /** Fetches after a push that failed; when that fails too, nobody knows whether the push arrived, and the error says so. */
  async function learn(failure: FluxError, signal: AbortSignal | undefined): Promise<void> {
    try {
      await withinDeadline('git fetch', timeoutMs, signal, (bounded) => mirror.refetch({ signal: bounded }));
    } catch (error) {
      signal?.throwIfAborted();
      throw new FluxError(`it is not known whether the push arrived: ${failure.message}`, {
        code: 'git/push-unknown',
        help: `The fetch after it failed as well; the next one shows whether the commit is in the branch.\n\n${failure.help ?? ''}`,
        cause: error,
      });
    }
  }

  return { push, learn };
}
