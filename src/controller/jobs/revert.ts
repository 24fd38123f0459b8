import { randomUUID } from 'node:crypto';
import { type Cancellable, hasCode, messageOf } from '../../base/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import { committedByOthers } from '../rollout/committed-by-others.ts';
import type { DueRevert } from '../rollout/due-revert.ts';
import type { Rollouts } from '../rollout/rollouts.ts';
import { applyUpdate, type UpdateOptions } from './apply-update.ts';

export interface RevertOptions extends UpdateOptions {
  readonly rollouts: Pick<Rollouts, 'due' | 'reverted' | 'declined' | 'end'>;
}

/** What the content of Git is at fault for: the revert is tried again later, and automation goes on. */
const NOT_POSSIBLE: readonly string[] = [
  'update/no-changes',
  'update/edit-failed',
  'update/verification-failed',
  'policy/bad-ban',
  'policy/bad-name',
  'image/bad-ref',
];

/**
 * Commits the revert that is due, if there is one; resolves to its commit. Git decides whether it was made: after a crash, the images
 * before are in the files, and nothing is due.
 */
export async function revertFailed(
  head: AcceptedRevision,
  options: RevertOptions,
  cancel: Cancellable,
): Promise<Revision | undefined> {
  const { rollouts, reader, source } = options;
  const due = rollouts.due();
  if (!due) return undefined;
  const { workloads } = await reader.read(head, cancel);
  const others = await committedByOthers(due.trials, { head, workloads, source }, cancel);
  if (others.length === 0) return commit(due, head, options, cancel);
  options.log.info(
    { commit: due.commit, workloads: others.map(({ workload }) => workload) },
    'update not reverted: its image is not known to be as automation committed it',
  );
  rollouts.end(others);
  return revertFailed(head, options, cancel);
}

async function commit(
  revert: DueRevert,
  head: AcceptedRevision,
  options: RevertOptions,
  cancel: Cancellable,
): Promise<Revision | undefined> {
  const { rollouts, log } = options;
  const update = { type: 'auto', cause: { Message: '', User: '' }, spec: revert.spec } as const;
  try {
    const { revision, result = {} } = await applyUpdate({ jobId: randomUUID(), spec: update, head }, options, cancel);
    if (revision === undefined) return undefined;
    const isDone = (workload: string) => result[workload]?.Status === 'success';
    log.warn({ commit: revert.commit, revision, ...revert.spec.Revert.Reasons }, 'update reverted');
    rollouts.reverted(revert, revision, isDone);
    for (const trial of revert.trials) {
      if (!isDone(trial.workload)) rollouts.declined([trial], result[trial.workload]?.Error ?? 'not reverted');
    }
    return revision;
  } catch (error) {
    if (!hasCode(error, ...NOT_POSSIBLE)) throw error;
    log.warn({ commit: revert.commit, reason: messageOf(error) }, 'update not reverted');
    rollouts.declined(revert.trials, messageOf(error));
    return undefined;
  }
}
