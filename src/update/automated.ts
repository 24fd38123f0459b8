import { formatImageRef, tryParseImageRef } from '../image/index.ts';
import { hasPolicy } from '../policy/index.ts';
import { containersOf } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import { decideAgain } from './decide.ts';
import { describeHold, UP_TO_DATE } from './decision.ts';
import { editImages, type Planned } from './edit.ts';
import { refuseHeld, refuseSuspended } from './held.ts';
import { type Candidate, rejection, selectWorkloads, sortedResult } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';

/**
 * Plans the updates that automation found. Meanwhile a user may have locked the workload, turned off its automation, or changed its
 * pattern or image: the newest commit decides, so each change is checked again.
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
  { manifest, policies }: Candidate,
  changes: AutomatedSpec['Changes'],
  { images, timing, pinning }: UpdateContext,
): WorkloadResult {
  const updates: ContainerUpdate[] = [];
  for (const container of containersOf(manifest.object)) {
    const change = changes.find(({ Container }) => Container.Name === container.name);
    const wanted = change && tryParseImageRef(change.ImageID);
    if (!wanted) continue;
    const decision = decideAgain({ container, inGit: policies, images, timing, pinning }, wanted);
    if (decision.state !== 'update') continue;
    updates.push({ Container: container.name, Current: container.image, Target: formatImageRef(decision.target) });
  }
  return updates.length > 0 ? { Status: 'success', PerContainer: updates } : rejection('skipped', UP_TO_DATE);
}
