import { yieldTurn } from '../base/index.ts';
import { canonicalName, formatImageRef, parseImageRef, tryParseImageRef } from '../image/index.ts';
import { policiesOf, tagPatternFor } from '../policy/index.ts';
import { type Container, containersOf, isWorkload, type ResourceId } from '../resource/index.ts';
import type { RunningWorkload, UpdateContext } from './context.ts';
import { decide, decideNewest, delayOf, isAutomated, suspensionOf, youthOfNamed } from './decide.ts';
import { type Decision, describeDecision, describeHold, describeWait, isScheduled } from './decision.ts';
import type { FoundUpdate, Gathering } from './gathering.ts';
import { refuseHeld } from './held.ts';
import { type Candidate, selectWorkloads } from './select.ts';
import { signaturesToRead, verifiedAgainAt } from './signature-questions.ts';
import type { AutomatedSpec, ContainerUpdate, WorkloadResult } from './spec.ts';
import type { Question } from './subject.ts';

/** What automation decided about a container of an automated workload. */
export interface DecidedContainer {
  readonly workload: ResourceId;
  readonly container: string;
  readonly image: string;
  readonly pattern: string;
  readonly decision: Decision;
}

export interface AutomationPlan {
  /** Number of workloads that are automated, and neither locked nor ignored. */
  readonly automated: number;
  /** The changes to make; undefined if all images are up to date. */
  readonly spec: AutomatedSpec | undefined;
  readonly decisions: readonly DecidedContainer[];
  /** When the first of the updates that wait may be committed, in milliseconds since the epoch; absent if that is not known. */
  readonly nextAt?: number;
}

/**
 * Finds newer images for automated workloads. It compares with the image in Git, not with the running one, so that a change in Git is
 * never found twice, even if the cluster lags behind. It never picks an older image than the current one and never guesses: if the
 * order is by time and a time is missing, the container is skipped.
 */
export async function planAutomation(
  context: Pick<UpdateContext, 'manifests' | 'workloads' | 'images' | 'timing' | 'pinning' | 'signal'> & {
    /** Receives what was found, and says what of it waits for others; nothing by default. */
    readonly gather?: (found: readonly FoundUpdate[]) => Gathering | undefined;
  },
): Promise<AutomationPlan> {
  const automated = [...context.manifests].flatMap(([id, { object }]) => {
    return isWorkload(object) && isAutomated(policiesOf(object.metadata.annotations)) ? [id] : [];
  });
  if (automated.length === 0) {
    context.gather?.([]);
    return { automated: 0, spec: undefined, decisions: [] };
  }
  await yieldTurn(context.signal);
  const { candidates } = await selectWorkloads(context, { include: automated, filters: [refuseHeld] });
  const { decided, found } = await decideAll(candidates, context);
  const gathering = context.gather?.(found);
  const changes: AutomatedSpec['Changes'][number][] = [];
  const decisions: DecidedContainer[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const each of decided) {
    await yieldTurn(context.signal);
    const { id, container, running, inGit } = each;
    const { name, image } = container;
    const decision = afterGathering(each, gathering);
    nextAt = Math.min(nextAt, verifyAgain(each, context));
    decisions.push({ workload: id, container: name, image, pattern: tagPatternFor(inGit, name).text, decision });
    if (decision.state === 'update') {
      changes.push({
        WorkloadID: id,
        Container: { Name: name, Image: image },
        ImageID: formatImageRef(decision.target),
        ...(isReady(running, container) ? { WasReady: true } : {}),
      });
    } else if (decision.state === 'held' && decision.by.kind === 'digest-unknown') {
      // The scanner logs what it cannot read.
      context.images.readTag(canonicalName(parseImageRef(image)), decision.by.tag);
    } else if (decision.state === 'waiting') nextAt = Math.min(nextAt, decision.until);
  }
  return {
    automated: automated.length,
    spec: changes.length > 0 ? { Changes: changes } : undefined,
    decisions,
    ...(Number.isFinite(nextAt) ? { nextAt } : {}),
  };
}

/** The decision about each container of the workloads, before anything is gathered, and the updates among them. */
async function decideAll(
  candidates: readonly Candidate[],
  { images, timing, pinning, signal }: Parameters<typeof planAutomation>[0],
): Promise<{ readonly decided: readonly Decided[]; readonly found: readonly FoundUpdate[] }> {
  const decided: Decided[] = [];
  const found: FoundUpdate[] = [];
  for (const { id, manifest, policies, running } of candidates) {
    // The first look at a repository's tags sorts them, which takes a millisecond or more.
    await yieldTurn(signal);
    for (const container of containersOf(manifest.object)) {
      const question = { workload: id, container, inGit: policies, images, timing, pinning };
      const each = { ...question, id, running, decision: decide(question) };
      decided.push(each);
      found.push(...foundIn(each));
    }
  }
  await yieldTurn(signal);
  return { decided, found };
}

function afterGathering({ decision, ...question }: Decided, gathering: Gathering | undefined): Decision {
  const { timing } = question;
  if (!gathering || !timing || decision.state !== 'update') return decision;
  return delayOf(decision.target, { ...question, timing: { ...timing, gathering } }) ?? decision;
}

interface Decided extends Question {
  readonly id: ResourceId;
  readonly running: RunningWorkload;
  readonly decision: Decision;
}

/** Asks for the signatures that the decision needs. Resolves to when to ask again for those that lack; infinity if that is not known. */
function verifyAgain({ decision, ...question }: Decided, { images }: Pick<UpdateContext, 'images'>): number {
  if (decision.state === 'held' && decision.by.kind !== 'unsigned') return Number.POSITIVE_INFINITY;
  const wanted = signaturesToRead(question);
  if (!wanted) return Number.POSITIVE_INFINITY;
  images.verify(wanted);
  const at = verifiedAgainAt(wanted, { repository: images.repository(wanted.image) });
  // What is due is asked for now.
  return at > (question.timing?.now ?? 0) ? at : Number.POSITIVE_INFINITY;
}

/** What automation would commit, if it were time. */
function foundIn({ id, container, images, decision }: Decided): readonly FoundUpdate[] {
  const scheduled = decision.state === 'waiting' && isScheduled(decision.for);
  if (decision.state !== 'update' && !scheduled) return [];
  const { target } = decision;
  const image = images.repository(canonicalName(target))?.images.get(target.tag);
  return [{ workload: id, container: container.name, target, origin: image && (image.origin ?? {}), scheduled }];
}

/** Whether the workload runs the image that is in Git, and is ready. */
function isReady({ status, containers }: RunningWorkload, { name, image }: Container): boolean {
  return status === 'ready' && containers.some((running) => running.name === name && running.image === image);
}

/**
 * The result of a release, with a warning if automation will undo it, because the workload is automated and released to an older tag, and
 * a notice if automation would wait.
 */
export function successOf(
  { id, policies }: Pick<Candidate, 'id' | 'policies'>,
  updates: readonly ContainerUpdate[],
  context: Pick<UpdateContext, 'images' | 'timing' | 'pinning'>,
  notice?: string,
): WorkloadResult {
  // Automation skips nothing.
  const { images, pinning } = { ...context, pinning: { ...context.pinning, skipVerify: false } };
  const undone = (isAutomated(policies) ? updates : []).flatMap(({ Container: name, Target: image }) => {
    const decision = decideNewest({ container: { name, image }, inGit: policies, images, pinning });
    return decision.state === 'update' ? [`${name} to ${decision.target.tag}`] : [];
  });
  const warning = `automation will update ${undone.join(', ')} again; deautomate or lock the workload to keep what is released`;
  const early = earlyNotices({ id, policies }, updates, context);
  const notices = [...(notice === undefined ? [] : [notice]), ...early, ...(undone.length > 0 ? [warning] : [])];
  return { Status: 'success', ...(notices.length > 0 ? { Error: notices.join('; ') } : {}), PerContainer: updates };
}

/** A person may release at any time, and hears that automation would wait. */
function earlyNotices(
  { id, policies }: Pick<Candidate, 'id' | 'policies'>,
  updates: readonly ContainerUpdate[],
  { images, timing }: Pick<UpdateContext, 'images' | 'timing'>,
): readonly string[] {
  const suspended = isAutomated(policies) ? suspensionOf({ inGit: policies, timing }) : undefined;
  const reasons = updates.flatMap(({ Container: name, Current: image, Target }) => {
    const target = tryParseImageRef(Target);
    if (!target) return [];
    const question = { workload: id, container: { name, image }, inGit: policies, images, timing };
    const delay = delayOf(target, question);
    const young = isAutomated(policies) ? youthOfNamed(question, target) : undefined;
    return [
      ...(delay?.state === 'waiting' && delay.for.kind !== 'pull-request'
        ? [`released ${describeWait(delay.for, delay.until)}`]
        : []),
      ...(young ? [`released although ${describeDecision(young)}`] : []),
    ];
  });
  return [...(suspended ? [`released although ${describeHold(suspended)}`] : []), ...new Set(reasons)];
}
