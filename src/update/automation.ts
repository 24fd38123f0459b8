import { messageOf } from '../base/index.ts';
import { canonicalName, formatImageRef, type ImageRef, parseImageRef } from '../image/index.ts';
import { policiesOf, type TagPattern, tagPatternFor } from '../policy/index.ts';
import { type Container, containersOf, isWorkloadKind, type ResourceId } from '../resource/index.ts';
import { chooseNewest } from './choose.ts';
import type { UpdateContext } from './context.ts';
import { isAutomated, refuseHeld } from './held.ts';
import { type Candidate, selectWorkloads } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';
import { isUpgrade, whyNoUpgrade } from './upgrade.ts';

/** A container of an automated workload that automation skips, and why. */
export interface SkippedContainer {
  readonly workload: ResourceId;
  readonly container: string;
  readonly image: string;
  readonly pattern: string;
  readonly reason: string;
}

export interface AutomationPlan {
  /** Number of workloads that are automated, and neither locked nor ignored. */
  readonly automated: number;
  /** The changes to make; undefined if all images are up to date. */
  readonly spec: AutomatedSpec | undefined;
  readonly skipped: readonly SkippedContainer[];
}

/**
 * Finds newer images for automated workloads. It compares with the image in Git, not with the running one, so that a change in Git is
 * never found twice, even if the cluster lags behind. It never picks an older image than the current one and never guesses: if the
 * order is by time and a time is missing, the container is skipped.
 */
export async function planAutomation(
  context: Pick<UpdateContext, 'manifests' | 'workloads' | 'images' | 'signal'>,
): Promise<AutomationPlan> {
  const automated = [...context.manifests].flatMap(([id, { object }]) => {
    return isWorkloadKind(object.kind) && isAutomated(policiesOf(object.metadata.annotations)) ? [id] : [];
  });
  if (automated.length === 0) return { automated: 0, spec: undefined, skipped: [] };
  const { candidates } = await selectWorkloads(context, { include: automated, filters: [refuseHeld] });
  const changes: AutomatedSpec['Changes'][number][] = [];
  const skipped: SkippedContainer[] = [];
  for (const { id, manifest, policies } of candidates) {
    for (const container of containersOf(manifest.object)) {
      const pattern = tagPatternFor(policies, container.name);
      const found = newerImage(container, pattern, context);
      if (found === undefined) continue;
      const { name, image } = container;
      if ('target' in found) changes.push({ WorkloadID: id, Container: { Name: name, Image: image }, ImageID: found.target });
      else skipped.push({ workload: id, container: name, image, pattern: pattern.text, reason: found.reason });
    }
  }
  return { automated: automated.length, spec: changes.length > 0 ? { Changes: changes } : undefined, skipped };
}

/** The result of a release, with a warning if automation will undo it, because the workload is automated and released to an older tag. */
export function successOf(
  { policies }: Pick<Candidate, 'policies'>,
  updates: readonly ContainerUpdate[],
  context: Pick<UpdateContext, 'images'>,
  notice?: string,
): WorkloadResult {
  const undone = (isAutomated(policies) ? updates : []).flatMap(({ Container: name, Target: image }) => {
    const found = newerImage({ name, image }, tagPatternFor(policies, name), context);
    return found && 'target' in found ? [`${name} to ${parseImageRef(found.target).tag}`] : [];
  });
  const warning = `automation will update ${undone.join(', ')} again; deautomate or lock the workload to keep what is released`;
  const notices = [...(notice === undefined ? [] : [notice]), ...(undone.length > 0 ? [warning] : [])];
  return { Status: 'success', ...(notices.length > 0 ? { Error: notices.join('; ') } : {}), PerContainer: updates };
}

type Found = { readonly target: string } | { readonly reason: string } | undefined;

function newerImage({ image }: Container, pattern: TagPattern, { images }: Pick<UpdateContext, 'images'>): Found {
  let current: ImageRef;
  try {
    current = parseImageRef(image);
  } catch (error) {
    return { reason: messageOf(error) };
  }
  if (!pattern.valid) return { reason: `invalid tag pattern: ${JSON.stringify(pattern.text)}` };
  const repository = images.repository(canonicalName(current));
  const choice = chooseNewest(current, pattern, repository);
  if (choice.kind === 'unknown' || choice.kind === 'pinned') return { reason: choice.reason };
  if (choice.kind !== 'update') return undefined;
  const { tag } = choice.target;
  if (!isUpgrade(current, tag, pattern, repository)) return { reason: whyNoUpgrade(current, tag, pattern, repository) };
  return { target: formatImageRef(choice.target) };
}
