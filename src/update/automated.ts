import { canonicalName, formatImageRef, sameImage, tryParseImageRef } from '../image/index.ts';
import { hasPolicy, tagPatternFor } from '../policy/index.ts';
import { containersOf } from '../resource/index.ts';
import { chooseTag } from './choose.ts';
import { type UpdateContext, untimed } from './context.ts';
import { editImages, type Planned } from './edit.ts';
import { refuseHeld } from './held.ts';
import { type Candidate, rejection, selectWorkloads, sortedResult } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';
import { isUpgrade } from './upgrade.ts';

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
      filters: [refuseHeld, refuseUnautomated],
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
  return hasPolicy(policies, 'automated') ? undefined : rejection('skipped', 'not automated');
}

function updateWorkload(
  { manifest, policies }: Candidate,
  changes: AutomatedSpec['Changes'],
  { images }: UpdateContext,
): WorkloadResult {
  const updates: ContainerUpdate[] = [];
  for (const { name, image } of containersOf(manifest.object)) {
    const change = changes.find(({ Container }) => Container.Name === name);
    if (!change) continue;
    const [current, wanted] = [tryParseImageRef(image), tryParseImageRef(change.ImageID)];
    if (!current || !wanted || !sameImage(current, wanted)) continue;
    const repository = images.repository(canonicalName(current));
    const choice = chooseTag(current, wanted.tag, repository, wanted.digest);
    if (choice.kind !== 'update') continue;
    const pattern = tagPatternFor(policies, name);
    if (!pattern.matches(wanted.tag) || !isUpgrade(current, wanted.tag, pattern, repository)) continue;
    updates.push({ Container: name, Current: image, Target: formatImageRef(choice.target) });
  }
  return updates.length > 0 ? { Status: 'success', PerContainer: updates } : rejection('skipped', 'image(s) up to date');
}
