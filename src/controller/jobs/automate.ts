import { randomUUID } from 'node:crypto';
import { type Cancellable, hasCode, messageOf, yieldTurn } from '../../base/index.ts';
import type { AcceptedRevision, Revision } from '../../repository/index.ts';
import { type DecidedContainer, type FoundUpdate, planAutomation, proposedDecision } from '../../update/index.ts';
import type { Proposals } from '../pull-requests/proposals.ts';
import { applyUpdate } from './apply-update.ts';
import type { Notice } from './notice.ts';
import type { PendingUpdates } from './pending-updates.ts';
import type { DecisionReport } from './report-decisions.ts';
import { type RevertOptions, revertFailed } from './revert.ts';

export interface AutomateOptions extends RevertOptions {
  /** Requests automation at a time, in milliseconds since the epoch. */
  readonly automateAt: (time: number) => void;
  readonly pending: PendingUpdates;
  readonly decisionReport: DecisionReport;
  readonly notice: Notice;
  /** Where images are proposed; without it, they are committed to the followed branch. */
  readonly proposals?: Proposals | undefined;
}

/**
 * Checks for newer images of the revision's automated workloads, and commits updates on it. It compares with the images in the files, so
 * that a change in Git is never repeated. Resolves to the commit, if one was pushed.
 */
export async function automate(
  head: AcceptedRevision,
  options: AutomateOptions,
  cancel: Cancellable,
): Promise<Revision | undefined> {
  const { reader, cluster, images, pending, pinning, log, decisionReport, proposals } = options;
  const { manifests } = await reader.read(head, cancel);
  // Before the memory is read, it is unknown whether automation is suspended.
  await options.notice(manifests, cancel);
  // A commit of another daemon is not ours to revert.
  // Where people decide what is merged, they decide what is reverted.
  const reverts = options.source.access === 'read-write' && proposals === undefined;
  const revert = reverts ? await revertFailed(head, options, cancel) : undefined;
  if (revert !== undefined) return revert;
  // What is gathered follows from what is found now, and so does what is proposed.
  const timing = { ...options.timing(), gathering: undefined, proposals: undefined };
  const gather = (found: readonly FoundUpdate[]) => pending.found(found, timing.now);
  const plan = await planAutomation({ manifests, workloads: cluster, images, timing, pinning, gather, ...cancel });
  const { automated, spec, decisions, nextAt } = plan;
  if (nextAt !== undefined) options.automateAt(nextAt);
  if (proposals) {
    try {
      await proposals.automate(head, spec?.Changes ?? [], cancel);
    } finally {
      await decisionReport.decided(await withProposals(decisions, proposals), head, cancel);
    }
    return undefined;
  }
  await decisionReport.decided(decisions, head, cancel);
  log.debug({ automated, changes: spec?.Changes.length ?? 0 }, 'checked for newer images');
  if (!spec) return undefined;
  for (const { WorkloadID, Container, ImageID } of spec.Changes) {
    log.info({ workload: WorkloadID, container: Container.Name, from: Container.Image, to: ImageID }, 'newer image found');
  }
  const update = { type: 'auto', cause: { Message: '', User: '' }, spec } as const;
  try {
    return (await applyUpdate({ jobId: randomUUID(), spec: update, head }, options, cancel)).revision;
  } catch (error) {
    // Meanwhile the change was made in another way, or something holds it.
    if (!hasCode(error, 'update/no-changes')) throw error;
    log.info({ reason: messageOf(error) }, 'update not committed');
    return undefined;
  }
}

/** Decisions that are looked at without a pause. */
const TURN = 1_000;

/** The decisions, with those whose image is proposed saying so. */
async function withProposals(decisions: readonly DecidedContainer[], proposals: Proposals): Promise<readonly DecidedContainer[]> {
  const all: DecidedContainer[] = [];
  for (const decided of decisions) {
    if (all.length % TURN === 0) await yieldTurn();
    const { workload, container, decision } = decided;
    const isPending = decision.state === 'update' || decision.state === 'waiting';
    const proposed = isPending && proposedDecision(proposals, { workload, container, target: decision.target });
    all.push(proposed ? { ...decided, decision: proposed } : decided);
  }
  return all;
}
