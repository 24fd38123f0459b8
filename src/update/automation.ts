import { yieldTurn } from '../base/index.ts';
import { formatImageRef } from '../image/index.ts';
import { policiesOf, tagPatternFor } from '../policy/index.ts';
import { containersOf, isWorkloadKind, type ResourceId } from '../resource/index.ts';
import type { UpdateContext } from './context.ts';
import { decide, decideNewest, gateOf, isAutomated } from './decide.ts';
import { type Decision, describeDecision, describeWait } from './decision.ts';
import { refuseHeld } from './held.ts';
import { type Candidate, selectWorkloads } from './select.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';

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
  /** Containers whose update waits, and for what. */
  readonly waiting: readonly SkippedContainer[];
  /** When the first of the updates that wait may be committed, in milliseconds since the epoch; absent if that is not known. */
  readonly nextAt?: number;
}

/**
 * Finds newer images for automated workloads. It compares with the image in Git, not with the running one, so that a change in Git is
 * never found twice, even if the cluster lags behind. It never picks an older image than the current one and never guesses: if the
 * order is by time and a time is missing, the container is skipped.
 */
export async function planAutomation(
  context: Pick<UpdateContext, 'manifests' | 'workloads' | 'images' | 'timing' | 'signal'>,
): Promise<AutomationPlan> {
  const automated = [...context.manifests].flatMap(([id, { object }]) => {
    return isWorkloadKind(object.kind) && isAutomated(policiesOf(object.metadata.annotations)) ? [id] : [];
  });
  if (automated.length === 0) return { automated: 0, spec: undefined, skipped: [], waiting: [] };
  const { candidates } = await selectWorkloads(context, { include: automated, filters: [refuseHeld] });
  const changes: AutomatedSpec['Changes'][number][] = [];
  const skipped: SkippedContainer[] = [];
  const waiting: SkippedContainer[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const { id, manifest, policies } of candidates) {
    // The first look at a repository's tags sorts them, which takes a millisecond or more.
    await yieldTurn(context.signal);
    for (const container of containersOf(manifest.object)) {
      const { name, image } = container;
      const decision = decide({ container, inGit: policies, images: context.images, timing: context.timing });
      if (decision.state === 'update') {
        changes.push({ WorkloadID: id, Container: { Name: name, Image: image }, ImageID: formatImageRef(decision.target) });
      } else if (isWorthLogging(decision)) {
        const pattern = tagPatternFor(policies, name).text;
        const list = decision.state === 'waiting' ? waiting : skipped;
        list.push({ workload: id, container: name, image, pattern, reason: describeDecision(decision) });
        if (decision.state === 'waiting') nextAt = Math.min(nextAt, decision.until);
      }
    }
  }
  return {
    automated: automated.length,
    spec: changes.length > 0 ? { Changes: changes } : undefined,
    skipped,
    waiting,
    ...(Number.isFinite(nextAt) ? { nextAt } : {}),
  };
}

/**
 * The result of a release, with a warning if automation will undo it, because the workload is automated and released to an older tag, and
 * a notice if automation would wait.
 */
export function successOf(
  { policies }: Pick<Candidate, 'policies'>,
  updates: readonly ContainerUpdate[],
  { images, timing }: Pick<UpdateContext, 'images' | 'timing'>,
  notice?: string,
): WorkloadResult {
  const undone = (isAutomated(policies) ? updates : []).flatMap(({ Container: name, Target: image }) => {
    const decision = decideNewest({ container: { name, image }, inGit: policies, images });
    return decision.state === 'update' ? [`${name} to ${decision.target.tag}`] : [];
  });
  const warning = `automation will update ${undone.join(', ')} again; deautomate or lock the workload to keep what is released`;
  const gate = gateOf({ inGit: policies, timing });
  // A person may release at any time, and hears that automation would wait.
  const early = gate?.state === 'closed' ? [`released ${describeWait({ kind: gate.by, text: gate.text }, gate.opensAt)}`] : [];
  const notices = [...(notice === undefined ? [] : [notice]), ...early, ...(undone.length > 0 ? [warning] : [])];
  return { Status: 'success', ...(notices.length > 0 ? { Error: notices.join('; ') } : {}), PerContainer: updates };
}

/** A container that is up to date, or whose image has not been scanned yet, is nothing to report. */
function isWorthLogging(decision: Decision): boolean {
  if (decision.state === 'current') return decision.because === 'not-newer';
  return decision.state !== 'unknown' || decision.why.kind !== 'not-scanned';
}
