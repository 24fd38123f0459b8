import { randomUUID } from 'node:crypto';
import { type Cancellable, FluxError, messageOf } from '../../base/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import type { Rollouts } from '../rollout/rollouts.ts';
import { applyUpdate, type UpdateOptions } from './apply-update.ts';

export interface RevertOptions extends UpdateOptions {
  readonly rollouts: Pick<Rollouts, 'due' | 'reverted' | 'declined'>;
}

/**
 * Commits the revert that is due, if there is one; resolves to its commit. Git decides whether it was made: after a crash, the images
 * before are in the files, and nothing is due.
 */
export async function revertFailed(
  head: AcceptedRevision,
  options: RevertOptions,
  cancel: Cancellable,
): Promise<Revision | undefined> {
  const { rollouts, log } = options;
  const revert = rollouts.due();
  if (!revert) return undefined;
  const update = { type: 'auto', cause: { Message: '', User: '' }, spec: revert.spec } as const;
  try {
    const { revision } = await applyUpdate({ jobId: randomUUID(), spec: update, head }, options, cancel);
    if (revision === undefined) return undefined;
    log.warn({ commit: revert.spec.Revert.Commit, revision, ...revert.spec.Revert.Reasons }, 'update reverted');
    rollouts.reverted(revert, revision);
    return revision;
  } catch (error) {
    if (!(error instanceof FluxError) || error.code !== 'update/no-changes') throw error;
    log.info({ commit: revert.spec.Revert.Commit, reason: messageOf(error) }, 'update not reverted');
    rollouts.declined(revert, messageOf(error));
    return undefined;
  }
}
