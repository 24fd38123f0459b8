import { formatImageRef, tryParseImageRef } from '../image/index.ts';
import { hasPolicy } from '../policy/index.ts';
import { containersOf } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import { decideAgain } from './decide.ts';
import { describeDecision, describeHold, UP_TO_DATE } from './decision.ts';
import { editImages, type Planned } from './edit.ts';
import { refuseHeld, refuseSuspended } from './held.ts';
import { type Candidate, rejection, selectWorkloads, sortedResult } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';

/**
 * Plans the updates that automation found. Meanwhile a user may have locked the workload, turned off its automation, or changed its
 * pattern or image, or a window may have closed: the newest commit and the time decide, so each change is checked again.
 */
export async function planAutomated({ Changes }: AutomatedSpec, context: UpdateContext): Promise<Planned> {
  if (Changes.length === 0) return { result: {}, edits: [] };
  const { timed = untimed } = context;
  const { candidates, results } = await timed('select_workloads', () =>
    selectWorkloads(context, {
      include: [...new Set(Changes.map(({ WorkloadID }) => WorkloadID))],
      filters: [refuseHeld, refuseUnautomated, refuseSuspended(context.timing)],
    }),
  );
  for (const candidate of candidates) {
    const changes = Changes.filter(({ WorkloadID }) => WorkloadID === candidate.id);
    results.set(candidate.id, updateWorkload(candidate, changes, context));
  }
  const { edits } = await editImages(results, context);
  return { result: sortedResult(results), edits };
}

function refuseUnautomated({ policies }: Candidate): WorkloadResult | undefined {
  return hasPolicy(policies, 'automated') ? undefined : rejection('skipped', describeHold({ kind: 'not-automated' }));
}

function updateWorkload(
  { id, manifest, policies }: Candidate,
  changes: AutomatedSpec['Changes'],
  { images, timing, pinning }: UpdateContext,
): WorkloadResult {
  const updates: ContainerUpdate[] = [];
  const reasons: string[] = [];
  for (const container of containersOf(manifest.object)) {
    const change = changes.find(({ Container }) => Container.Name === container.name);
    const wanted = change && tryParseImageRef(change.ImageID);
    if (!wanted) continue;
    const decision = decideAgain({ workload: id, container, inGit: policies, images, timing, pinning }, wanted);
    if (decision.state === 'update') {
      updates.push({ Container: container.name, Current: container.image, Target: formatImageRef(decision.target) });
    } else if (decision.state !== 'current') reasons.push(describeDecision(decision));
  }
  if (updates.length > 0) return { Status: 'success', PerContainer: updates };
  return rejection('skipped', reasons.length > 0 ? [...new Set(reasons)].join('; ') : UP_TO_DATE);
}
