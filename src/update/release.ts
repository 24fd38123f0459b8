import { FluxError, yieldTurn } from '../base/index.ts';
import {
  canonicalName,
  formatImageRef,
  formatName,
  type ImageRef,
  parseImageRef,
  sameImage,
  tryParseImageRef,
  withTag,
} from '../image/index.ts';
import { containerPolicy, type Policies, parseTagPattern, tagPolicy } from '../policy/index.ts';
import type { Container } from '../resource/index.ts';
import { successOf } from './automation.ts';
import { banAdvice } from './ban-advice.ts';
import { wantedContainers } from './containers.ts';
import { type ImageLookup, type UpdateContext, untimed } from './context.ts';
import { decideNamed, decideNewest, type Overrides } from './decide.ts';
import { type Decision, describeDecision, UP_TO_DATE } from './decision.ts';
import { editImages, type Planned } from './edit.ts';
import { refuseHeld } from './held.ts';
import type { Pinning } from './pinning.ts';
import { requireKnown } from './require-known.ts';
import { ALL_WORKLOADS, type Candidate, type Filter, rejection, selectWorkloads, sortedResult } from './select.ts';
import { signatureAdvice } from './signature-advice.ts';
import { type PersonalQuestion, signaturesOfNamed, signaturesToRead, verifyNow } from './signature-questions.ts';
import type { ContainerUpdate, ReleaseImageSpec, WorkloadResult } from './spec.ts';

/** `--update-all-images`. */
export const LATEST_IMAGES = '<all latest>';

/**
 * Plans a requested release: the newest matching image of every container, or a given image wherever it is used.
 * @throws FluxError `update/bad-spec`, `resource/bad-id`, and as `requireKnown`.
 */
export async function planRelease(spec: ReleaseImageSpec, context: UpdateContext): Promise<Planned> {
  const requested = spec.ImageSpec === LATEST_IMAGES ? undefined : parseRequested(spec.ImageSpec);
  const filter = tagFilterOf(spec, requested);
  const { timed = untimed } = context;
  const known = requested ? await timed('lookup_images', () => requireKnown(requested, context)) : context.images;
  const named = spec.ServiceSpecs.length > 0 && !spec.ServiceSpecs.includes(ALL_WORKLOADS);
  const unlocking = spec.Force && named;
  const { candidates, results } = await timed('select_workloads', () =>
    selectWorkloads(context, {
      include: spec.ServiceSpecs,
      exclude: spec.Excludes ?? [],
      filters: [...(requested ? [refuseOthers(requested)] : []), ...(unlocking ? [] : [refuseHeld])],
    }),
  );
  const order: Order = {
    requested,
    filter,
    overrides: { pattern: spec.Force, bans: unlocking },
    pinning: { ...context.pinning, requested: spec.PinDigest, skipVerify: spec.SkipVerify },
  };
  const release = async (images: ImageLookup) => {
    const missing: Missing = { digests: [], signatures: [] };
    for (const candidate of candidates) {
      await yieldTurn(context.signal);
      results.set(candidate.id, releaseWorkload(candidate, order, { ...context, images }, missing));
    }
    return missing;
  };
  const releaseAll = async () => {
    const { digests, signatures } = await release(known);
    if (digests.length + signatures.length === 0) return;
    const [verified] = await Promise.all([verifyNow(signatures, { ...context, images: known }), readDigests(digests, context)]);
    await release(verified);
  };
  await (requested ? releaseAll() : timed('lookup_images', releaseAll));
  const edited = await editImages(results, context);
  return { result: sortedResult(results), ...edited };
}

/** @throws FluxError `update/bad-spec`. */
function tagFilterOf({ TagFilter }: ReleaseImageSpec, requested: ImageRef | undefined): string | undefined {
  if (TagFilter === undefined) return undefined;
  if (requested) {
    throw new FluxError('a tag filter selects among all images, and one image is named', {
      code: 'update/bad-spec',
      fault: 'user',
      help: 'Use --tag-filter with --update-all-images.',
    });
  }
  const { valid, problem } = parseTagPattern(TagFilter);
  if (valid) return TagFilter;
  throw new FluxError(`invalid tag pattern: ${JSON.stringify(TagFilter)}`, {
    code: 'update/bad-spec',
    fault: 'user',
    help: `The pattern ${problem}. Patterns are glob:1.*, semver:~1.2 or regexp:^v1\\.; without a prefix it is a glob.`,
  });
}

/** The policies with another pattern for a container, in the pattern's own order. */
function withTagFilter(policies: Policies, container: string, filter: string): Policies {
  const changed = new Map(policies);
  changed.delete(containerPolicy('order', container));
  return changed.set(tagPolicy(container), filter);
}

/** Selects the workloads that run the requested image, in any version. */
function refuseOthers(requested: ImageRef): Filter {
  return (candidate) => {
    const containers = wantedContainers(candidate);
    if (containers.length === 0) return rejection('ignored', 'not accessible in cluster');
    return containers.some(({ image }) => isSame(image, requested)) ? undefined : rejection('ignored', 'a different image');
  };
}

/** What a person orders for each workload. */
interface Order {
  readonly requested: ImageRef | undefined;
  /** Tag pattern in place of that of each container. */
  readonly filter: string | undefined;
  readonly overrides: Overrides;
  readonly pinning: Pinning;
}

/** What a release has to read before it can decide. */
interface Missing {
  readonly digests: ImageRef[];
  readonly signatures: PersonalQuestion[];
}

function releaseWorkload(
  candidate: Candidate,
  { requested, filter, overrides, pinning }: Order,
  context: UpdateContext,
  missing: Missing,
): WorkloadResult {
  const updates: ContainerUpdate[] = [];
  let last: WorkloadResult = rejection('ignored', NOT_USED);
  for (const container of wantedContainers(candidate)) {
    const inGit = filter === undefined ? candidate.policies : withTagFilter(candidate.policies, container.name, filter);
    const question = { container, inGit, images: context.images, pinning };
    const asked = requested ? signaturesOfNamed(question, requested) : signaturesToRead(question);
    if (asked && decidesOn(container, requested)) missing.signatures.push({ question: asked, workload: candidate });
    const decision = requested ? decideNamed(question, requested, overrides) : decideNewest(question, 'person');
    if (decision === 'not-wanted') last = rejection('skipped', CANNOT_FIND);
    else if (decision.state === 'update') {
      updates.push({ Container: container.name, Current: container.image, Target: formatImageRef(decision.target) });
    } else if (decision.state === 'held' && decision.by.kind === 'bad-image') {
      return rejection('failed', describeDecision(decision));
    } else {
      if (decision.state === 'held' && decision.by.kind === 'digest-unknown')
        missing.digests.push(withTag(parseImageRef(container.image), decision.by.tag));
      last = withoutUpdate(decision, container.name);
    }
  }
  // Without updates, the last container determines the workload's result, as in Flux v1.
  return updates.length > 0 ? successOf(candidate, updates, context) : last;
}

/** A container with another image than the one named is none of the release's. */
function decidesOn({ image }: Container, requested: ImageRef | undefined): boolean {
  return requested === undefined || isSame(image, requested);
}

const CANNOT_FIND = 'cannot find one or more images';
const NOT_USED = 'does not use image(s)';

/** The result of a container without update, in Flux v1's words. */
function withoutUpdate(decision: Exclude<Decision, { readonly state: 'update' }>, container: string): WorkloadResult {
  const reason = describeDecision(decision);
  switch (decision.state) {
    case 'current':
      if (decision.because === 'newest') return rejection('skipped', UP_TO_DATE);
      return decision.because === 'no-match' ? rejection('ignored', NOT_USED) : rejection('skipped', `${reason}; ${NAME_IT}`);
    case 'held':
      return rejection('skipped', banAdvice(decision, container) ?? signatureAdvice(decision) ?? reason);
    case 'waiting':
      return rejection('skipped', reason);
    case 'unknown':
      if (decision.why.kind === 'not-scanned') return rejection('ignored', NOT_USED);
      if (decision.why.kind === 'undigested') return rejection('skipped', banAdvice(decision, container) ?? reason);
      if (decision.why.kind === 'unverified') return rejection('skipped', signatureAdvice(decision) ?? reason);
      return rejection('skipped', decision.why.kind === 'no-time' ? `${reason}; ${NAME_IT}` : `${CANNOT_FIND}: ${reason}`);
  }
}

/** An older image must be named explicitly. */
const NAME_IT = 'name the image to release it';

/**
 * The named image of a release, which must have a tag.
 * @throws FluxError `image/bad-ref`, `update/bad-spec`.
 */
export function parseRequested(text: string): ImageRef {
  const ref = parseImageRef(text);
  if (ref.tag !== '') return ref;
  throw new FluxError('blank tag (if you want latest, explicitly state the tag :latest): invalid image ID', {
    code: 'update/bad-spec',
    fault: 'user',
    help: `Name the tag to release, for example ${formatName(ref)}:1.2.3.`,
  });
}

/** Reads the digests that images are pinned to. What cannot be read is unknown afterwards too. */
async function readDigests(unread: readonly ImageRef[], { images, signal }: UpdateContext): Promise<void> {
  for (const ref of unread) images.readTag(canonicalName(ref), ref.tag);
  const names = new Set(unread.map(canonicalName));
  await Promise.all([...names].map((name) => images.scanNow(name, signal ? { signal } : {})));
}

function isSame(image: string, requested: ImageRef): boolean {
  const ref = tryParseImageRef(image);
  return ref !== undefined && sameImage(ref, requested);
}
