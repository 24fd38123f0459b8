import { FluxError } from '../base/index.ts';
import { formatImageRef, tryParseImageRef } from '../image/index.ts';
import type { ResourceId } from '../resource/index.ts';
import { successOf } from './automation.ts';
import { banAdvice } from './ban-advice.ts';
import { wantedContainers } from './containers.ts';
import { type UpdateContext, untimed } from './context.ts';
import { refusalOf, signedImage } from './decide.ts';
import { describeDecision, describeHold, UP_TO_DATE } from './decision.ts';
import { type Planned, releaseFailed, writeImages } from './edit.ts';
import { refuseHeld } from './held.ts';
import { type Candidate, rejection, selectWorkloads, sortedResult } from './select.ts';
import { signatureAdvice } from './signature-advice.ts';
import { type PersonalQuestion, signaturesOfNamed, verifyNow } from './signature-questions.ts';
import type { ContainerUpdate, ReleaseContainersSpec, WorkloadResult } from './spec.ts';
import type { Question } from './subject.ts';

/**
 * Updates given containers to given images, as selected in an interactive release. `Current` guards against concurrent changes. All or
 * nothing: one container that is missing or differs fails the whole release; with `RequireAll`, so does one that is held.
 * @throws FluxError `update/unsatisfiable` (Flux v1's "cannot satisfy specs"), `update/no-changes`, `update/edit-failed`.
 */
export async function planContainers(spec: ReleaseContainersSpec, context: UpdateContext): Promise<Planned> {
  const include = Object.keys(spec.ContainerSpecs);
  if (include.length === 0) throw refused('no changes found', 'update/no-changes', []);
  const { timed = untimed } = context;
  const { candidates, results } = await timed('select_workloads', () =>
    selectWorkloads(context, { include, filters: spec.Force ? [] : [refuseHeld] }),
  );
  const asked = { ...context, pinning: { ...context.pinning, skipVerify: spec.SkipVerify } };
  const signatures = candidates.flatMap((candidate) =>
    (spec.ContainerSpecs[candidate.id] ?? []).flatMap((update) => signaturesOf(update, candidate, asked)),
  );
  const verified = { ...asked, images: await verifyNow(signatures, context) };
  for (const candidate of candidates) {
    results.set(candidate.id, updateContainers(candidate, spec.ContainerSpecs[candidate.id] ?? [], spec, verified));
  }
  const all = [...results].filter(([id]) => include.includes(id));
  const isShort = ({ Status, Error: reason }: WorkloadResult) =>
    Status === 'failed' || (spec.RequireAll === true && Status !== 'success' && reason !== UP_TO_DATE);
  const failed = all.filter(([, result]) => isShort(result));
  if (failed.length > 0) throw refused('cannot satisfy specs', 'update/unsatisfiable', failed);
  if (!all.some(([, { Status }]) => Status === 'success')) throw refused('no changes found', 'update/no-changes', all);
  const edits = await writeImages(results, context).catch((error: unknown) => {
    throw error instanceof FluxError ? releaseFailed(error) : error;
  });
  return { result: sortedResult(results), edits };
}

type Wanted = ReleaseContainersSpec['ContainerSpecs'][string];

function updateContainers(
  candidate: Candidate,
  wanted: Wanted,
  { SkipMismatches: skipMismatches, Force: force }: ReleaseContainersSpec,
  context: UpdateContext,
): WorkloadResult {
  const containers = new Map(wantedContainers(candidate).map((container) => [container.name, container]));
  const missing: string[] = [];
  const mismatched: string[] = [];
  const updates: ContainerUpdate[] = [];
  const unsigned: string[] = [];
  for (const { Container, Current, Target } of wanted) {
    const container = containers.get(Container);
    if (container === undefined) missing.push(Container);
    else if (Current !== undefined && Current !== container.image) mismatched.push(Container);
    else if (container.image !== Target) {
      const signed = signedTarget({ Container, Target }, candidate, context);
      if (typeof signed === 'object') unsigned.push(signed.refused);
      else if (signed !== container.image) updates.push({ Container, Current: container.image, Target: signed });
    }
  }
  const mismatch = `container(s) tag mismatch: ${mismatched.join(', ')}`;
  if (missing.length > 0) return rejection('failed', `container(s) not found: ${missing.join(', ')}`);
  if (mismatched.length > 0 && !skipMismatches) return rejection('failed', mismatch);
  const isFixed = updates.some(({ Container }) => containers.get(Container)?.isFixed);
  if (isFixed) return rejection('skipped', describeHold({ kind: 'fixed' }));
  if (unsigned[0] !== undefined) return rejection('skipped', unsigned[0]);
  const banned = force ? undefined : updates.flatMap((update) => banOn(update, candidate, context) ?? [])[0];
  if (banned !== undefined) return rejection('skipped', banned);
  if (updates.length === 0) return rejection('skipped', mismatched.length > 0 ? mismatch : UP_TO_DATE);
  return successOf(candidate, updates, context, mismatched.length > 0 ? mismatch : undefined);
}

type Update = Pick<ContainerUpdate, 'Container' | 'Target'>;

function questionOf({ Container: name, Target }: Update, candidate: Candidate, context: UpdateContext): Question {
  const container = { ...wantedContainers(candidate).find((each) => each.name === name), name, image: Target };
  return { container, inGit: candidate.policies, images: context.images, pinning: context.pinning };
}

function signaturesOf(update: Update, workload: Candidate, context: UpdateContext): readonly PersonalQuestion[] {
  const target = tryParseImageRef(update.Target);
  const question = target && signaturesOfNamed(questionOf(update, workload, context), target);
  return question ? [{ question, workload }] : [];
}

/** The new image as it is written, with the digest that was verified if it must be signed; or why it is refused. */
function signedTarget(update: Update, candidate: Candidate, context: UpdateContext): string | { readonly refused: string } {
  const signed = signedImage(questionOf(update, candidate, context));
  return 'state' in signed ? { refused: signatureAdvice(signed) ?? describeDecision(signed) } : formatImageRef(signed);
}

/** Why a ban keeps a container from its new image. */
function banOn(
  { Container: name, Current: image, Target }: ContainerUpdate,
  { policies }: Candidate,
  { images }: UpdateContext,
): string | undefined {
  const target = tryParseImageRef(Target);
  const refusal = target && refusalOf({ container: { name, image }, inGit: policies, images }, target);
  return refusal && banAdvice(refusal, name);
}

/** With the reason of each workload: a job shows nothing else. */
function refused(summary: string, code: string, results: readonly (readonly [ResourceId, WorkloadResult])[]): FluxError {
  const reasons = results.flatMap(([id, { Error: reason }]) => (reason === undefined ? [] : [`${id}: ${reason}`]));
  return new FluxError([summary, ...(reasons.length > 0 ? [reasons.join('; ')] : [])].join(': '), {
    code,
    fault: 'user',
    help: 'Nothing was changed.',
  });
}
