import { isDeepStrictEqual } from 'node:util';
import { FluxError } from '../base/index.ts';
import { canonicalName, formatImageRef, formatName, type ImageRef, parseImageRef, tryParseImageRef } from '../image/index.ts';
import { containerPolicy, formatBan, type Policies, policiesOf, policyChanges, type SignatureQuestion } from '../policy/index.ts';
import { type Container, containersOf, isWorkload, type Manifest, type ResourceId } from '../resource/index.ts';
import { successOf } from './automation.ts';
import { banAdvice } from './ban-advice.ts';
import type { ImageLookup, PastImages, UpdateContext } from './context.ts';
import { decideNamed, holdOfWorkload, refusalOf, signedImage } from './decide.ts';
import { type Decision, describeDecision, describeHold } from './decision.ts';
import type { Planned } from './edit.ts';
import { type PutBack, planPutBack } from './put-back.ts';
import { requireKnown } from './require-known.ts';
import { normalId } from './select.ts';
import { signatureAdvice } from './signature-advice.ts';
import { type PersonalQuestion, signaturesOfNamed, verifyNow } from './signature-questions.ts';
import type { ContainerUpdate, ReleaseContainersSpec, RollbackSpec } from './spec.ts';
import type { Question } from './subject.ts';

/** A workload to roll back, as it is in Git. */
interface Subject {
  readonly id: ResourceId;
  readonly manifest: Manifest;
  readonly policies: Policies;
  readonly containers: readonly Container[];
}

/**
 * Plans a rollback: the images before, and bans of those that they replace, in one change. The result names the same change as an update of
 * containers, in which form it is recorded.
 * @throws FluxError `rollback/no-workload`, `rollback/held`, `rollback/no-container`, `rollback/unclear`, `rollback/to-required`,
 * `rollback/refused`, `rollback/changed`, `update/no-changes`, `update/edit-failed`, and as `requireKnown`.
 */
export async function planRollback(
  spec: RollbackSpec,
  { pinning, ...rest }: UpdateContext,
): Promise<Planned & { readonly containers: ReleaseContainersSpec }> {
  const context = { ...rest, pinning: { ...pinning, skipVerify: spec.SkipVerify } };
  const id = normalId(spec.Workload);
  const manifest = context.manifests.get(id);
  if (!manifest) throw refused(`${id} is not in the repository`, 'rollback/no-workload');
  const policies = policiesOf(manifest.object.metadata.annotations);
  if (!spec.Force) await requireFree(id, policies, context);
  const subject = { id, manifest, policies, containers: wantedContainers(id, manifest, spec) };
  const wanted = spec.To === '' ? await imagesBefore(subject, spec, context) : await imagesOfTag(subject, spec, context);

  const updates = wanted.map(({ container, bad, good }) => ({ Container: container, Current: bad, Target: good }));
  if (spec.Expected && !isDeepStrictEqual(updates, spec.Expected)) throw changed(id, updates);

  const { result, edits, banned } = await planPutBack(new Map([[id, wanted]]), context);
  const bans = Object.fromEntries(banned.flatMap(({ container, ban }) => (ban ? [[container, formatBan(ban)] as const] : [])));
  const add = Object.fromEntries(Object.entries(bans).map(([container, ban]) => [containerPolicy('ban', container), ban]));
  const after = new Map([...policies, ...policyChanges({ add, remove: null }, subject.containers, policies)]);
  return {
    result: { ...result, [id]: successOf({ id, policies: after }, updates, context, noticeOf(bans)) },
    edits,
    containers: {
      Kind: spec.Kind,
      ContainerSpecs: { [id]: updates },
      SkipMismatches: false,
      Force: spec.Force,
      ...(spec.SkipVerify ? { SkipVerify: true } : {}),
      Bans: { [id]: bans },
      Rollback: true,
    },
  };
}

function noticeOf(bans: Readonly<Record<string, string>>): string | undefined {
  const all = Object.entries(bans).map(([container, ban]) => `${ban} of ${container}`);
  return all.length === 0 ? undefined : `banned: ${all.join(', ')}`;
}

function changed(id: ResourceId, updates: readonly ContainerUpdate[]): FluxError {
  const now = updates.map(({ Container, Current, Target }) => `${Container} from ${Current} to ${Target}`).join(', ');
  return refused(`the rollback of ${id} would now put back ${now}`, 'rollback/changed', 'Look at a new dry run first.');
}

/** A person needs force for a workload that is locked, or ignored in Git or in the cluster. */
async function requireFree(id: ResourceId, policies: Policies, { workloads, signal }: UpdateContext): Promise<void> {
  const [running] = await workloads.workloads({ ids: [id] }, signal ? { signal } : {});
  const hold = holdOfWorkload(policies, running && policiesOf(running.annotations));
  if (hold) throw refused(`${id} is held: ${describeHold(hold)}`, 'rollback/held', 'Roll it back with --force.');
}

function wantedContainers(id: ResourceId, { object }: Manifest, { Container: name }: RollbackSpec): readonly Container[] {
  const all = containersOf(object);
  const wanted = name === '' ? all : all.filter((container) => container.name === name);
  if (wanted.some(({ isFixed }) => isFixed))
    throw refused(`${id} is held: ${describeHold({ kind: 'fixed' })}`, 'rollback/held', 'Write a Job with another name.');
  if (wanted.length > 0) return wanted;
  if (!isWorkload(object) || all.length === 0) throw refused(`${id} has no containers`, 'rollback/no-container');
  const names = all.map((container) => container.name).join(', ');
  throw refused(`${id} has no container ${JSON.stringify(name)}`, 'rollback/no-container', `Its containers are ${names}.`);
}

/** The images of the newest revision with which the workload became healthy, and in which one of them differs. */
async function imagesBefore(
  subject: Subject,
  { Force: force }: RollbackSpec,
  context: UpdateContext,
): Promise<readonly PutBack[]> {
  let unsigned = '';
  let verified = 0;
  for await (const images of healthyImages(subject.id, context.past)) {
    const differing = differencesTo(images, subject);
    const isAllowed = ({ container: name, good }: PutBack) => {
      const ref = tryParseImageRef(good);
      const question = { container: { name, image: good }, inGit: subject.policies, images: context.images };
      return ref !== undefined && (force || refusalOf(question, ref)?.state !== 'held');
    };
    if (differing.length === 0 || !differing.every(isAllowed)) continue;
    const signed = await asSigned(differing, subject, context);
    if (!('state' in signed)) return signed;
    const reason = signatureAdvice(signed) ?? describeDecision(signed);
    // Of what is not known, an older image is no way out.
    if (signed.state === 'unknown' || (signed.state === 'held' && signed.by.kind === 'barred'))
      throw refused(`${subject.id} cannot be rolled back to ${listed(differing)}: ${reason}`, 'rollback/refused');
    unsigned ||= `; ${reason}`;
    verified += 1;
    if (verified === MAX_VERIFIED) break;
  }
  throw refused(
    `--to is required: no sync record says that ${subject.id} became healthy with another image that is not banned${unsigned}`,
    'rollback/to-required',
    'Name the tag to roll back to with --to. fluxctl history -o json shows the recorded health of workloads.',
  );
}

/** Revisions whose images are verified. */
const MAX_VERIFIED = 20;

function listed(images: readonly PutBack[]): string {
  return images.map(({ good }) => good).join(' and ');
}

/** The images with the digests that were verified, of those that must be signed; or why one is refused. */
async function asSigned(
  wanted: readonly PutBack[],
  subject: Subject,
  context: UpdateContext,
): Promise<readonly PutBack[] | Decision> {
  const { policies, containers } = subject;
  const question = ({ container: name, good }: PutBack, images: ImageLookup): Question => ({
    container: { ...containers.find((each) => each.name === name), name, image: good },
    inGit: policies,
    images,
    pinning: context.pinning,
  });
  const asked = wanted.flatMap((image) => signaturesOfNamed(question(image, context.images), parseImageRef(image.good)) ?? []);
  const images = await verifyNow(asPersonal(asked, subject), context);
  const signed: PutBack[] = [];
  for (const image of wanted) {
    const good = signedImage(question(image, images));
    if ('state' in good) return good;
    signed.push({ ...image, good: formatImageRef(good) });
  }
  return signed;
}

function asPersonal(questions: readonly SignatureQuestion[], workload: Subject): readonly PersonalQuestion[] {
  return questions.map((question) => ({ question, workload }));
}

/** The images with another tag; without a named container, those that the last change of the workload changed. */
async function imagesOfTag(subject: Subject, spec: RollbackSpec, context: UpdateContext): Promise<readonly PutBack[]> {
  const containers = subject.containers.length === 1 ? subject.containers : await lastChanged(subject, context);
  const wanted = containers.map((container) => ({ container, ref: withTag(container, spec.To) }));
  let { images } = context;
  for (const ref of new Map(wanted.map(({ ref }) => [canonicalName(ref), ref])).values())
    images = await requireKnown(ref, { ...context, images });
  const questionOf = (container: Container) => ({ container, inGit: subject.policies, images, pinning: context.pinning });
  const asked = wanted.flatMap(({ container, ref }) => signaturesOfNamed(questionOf(container), ref) ?? []);
  images = await verifyNow(asPersonal(asked, subject), { ...context, images });
  return wanted.map(({ container, ref }): PutBack => {
    const { name, image } = container;
    const question = questionOf(container);
    const decision = decideNamed(question, ref, { pattern: true, bans: spec.Force });
    if (decision !== 'not-wanted' && decision.state === 'update')
      return { container: name, bad: image, good: formatImageRef(decision.target) };
    const reason =
      decision === 'not-wanted' ? '' : (banAdvice(decision, name) ?? signatureAdvice(decision) ?? describeDecision(decision));
    if (decision === 'not-wanted' || decision.state === 'current')
      throw refused(`${name} of ${subject.id} has the image ${image} already`, 'update/no-changes');
    throw refused(`${name} of ${subject.id} cannot be rolled back to ${spec.To}: ${reason}`, 'rollback/refused');
  });
}

async function lastChanged(subject: Subject, { past }: UpdateContext): Promise<readonly Container[]> {
  const names = subject.containers.map(({ name }) => name).join(', ');
  for await (const images of healthyImages(subject.id, past)) {
    const changed = new Set(differencesTo(images, subject).map(({ container }) => container));
    const containers = subject.containers.filter(({ name }) => changed.has(name));
    const repositories = new Set(containers.map(({ image }) => canonicalName(parseImageRef(image))));
    if (repositories.size === 1) return containers;
    if (repositories.size > 1) break;
  }
  throw refused(
    `it is unclear which container of ${subject.id} --to is about`,
    'rollback/unclear',
    `Name one with --container. Its containers are ${names}.`,
  );
}

async function* healthyImages(id: ResourceId, past: PastImages | undefined): AsyncIterable<Readonly<Record<string, string>>> {
  if (past) yield* past.healthy(id);
}

function differencesTo(images: Readonly<Record<string, string>>, { containers }: Subject): readonly PutBack[] {
  return containers.flatMap(({ name, image }) => {
    const before = Object.hasOwn(images, name) ? images[name] : undefined;
    return before === undefined || before === image ? [] : [{ container: name, bad: image, good: before }];
  });
}

/** @throws FluxError `image/bad-ref`. */
function withTag({ image }: Container, tag: string): ImageRef {
  return parseImageRef(`${formatName(parseImageRef(image))}:${tag}`);
}

function refused(message: string, code: string, help?: string): FluxError {
  return new FluxError(message, { code, fault: 'user', ...(help === undefined ? {} : { help }) });
}
