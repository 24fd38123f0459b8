import { FluxError, messageOf } from '../base/index.ts';
import {
  canonicalName,
  formatImageRef,
  formatName,
  type ImageRef,
  type ImageRepository,
  parseImageRef,
  sameImage,
} from '../image/index.ts';
import { type TagPattern, tagPatternFor, tagPolicy } from '../policy/index.ts';
import type { Container } from '../resource/index.ts';
import { successOf } from './automation.ts';
import { type Choice, chooseNewest, chooseTag } from './choose.ts';
import { wantedContainers } from './containers.ts';
import { type UpdateContext, untimed } from './context.ts';
import { editImages, type Planned } from './edit.ts';
import { refuseHeld } from './held.ts';
import { ALL_WORKLOADS, type Candidate, type Filter, rejection, selectWorkloads, sortedResult, UP_TO_DATE } from './select.ts';
import type { ContainerUpdate, ReleaseImageSpec, WorkloadResult } from './spec.ts';
import { isUpgrade, whyNoUpgrade } from './upgrade.ts';

/** `--update-all-images`. */
export const LATEST_IMAGES = '<all latest>';

/**
 * Plans a requested release: the newest matching image of every container, or a given image wherever it is used.
 * @throws FluxError `update/bad-spec`, `update/image-missing`, `update/registry-failed`, `resource/bad-id`.
 */
export async function planRelease(spec: ReleaseImageSpec, context: UpdateContext): Promise<Planned> {
  const requested = spec.ImageSpec === LATEST_IMAGES ? undefined : parseRequested(spec.ImageSpec);
  const { timed = untimed } = context;
  if (requested) await timed('lookup_images', () => requireKnown(requested, context));
  const named = spec.ServiceSpecs.length > 0 && !spec.ServiceSpecs.includes(ALL_WORKLOADS);
  const unlocking = spec.Force && named;
  const { candidates, results } = await timed('select_workloads', () =>
    selectWorkloads(context, {
      include: spec.ServiceSpecs,
      exclude: spec.Excludes ?? [],
      filters: [...(requested ? [refuseOthers(requested)] : []), ...(unlocking ? [] : [refuseHeld])],
    }),
  );
  const release = async () => {
    for (const candidate of candidates) {
      results.set(candidate.id, releaseWorkload(candidate, { requested, ignorePatterns: spec.Force }, context));
    }
  };
  await (requested ? release() : timed('lookup_images', release));
  const edited = await editImages(results, context);
  return { result: sortedResult(results), ...edited };
}

/** Selects the workloads that run the requested image, in any version. */
function refuseOthers(requested: ImageRef): Filter {
  return (candidate) => {
    const containers = wantedContainers(candidate);
    if (containers.length === 0) return rejection('ignored', 'not accessible in cluster');
    return containers.some(({ image }) => isSame(image, requested)) ? undefined : rejection('ignored', 'a different image');
  };
}

function releaseWorkload(
  candidate: Candidate,
  { requested, ignorePatterns }: { readonly requested: ImageRef | undefined; readonly ignorePatterns: boolean },
  { images }: UpdateContext,
): WorkloadResult {
  const updates: ContainerUpdate[] = [];
  let last: WorkloadResult = rejection('ignored', 'does not use image(s)');
  for (const container of wantedContainers(candidate)) {
    const current = parsedImage(container);
    if (current instanceof FluxError) return rejection('failed', current.message);
    const choice = requested
      ? chooseRequested(current, requested, ignorePatterns || wants(candidate, container, requested.tag), images)
      : chooseUpgrade(current, tagPatternFor(candidate.policies, container.name), images.repository(canonicalName(current)));
    if (choice.kind === 'update') {
      updates.push({ Container: container.name, Current: container.image, Target: formatImageRef(choice.target) });
    } else last = withoutUpdate(choice);
  }
  // Without updates, the last container determines the workload's result, as in Flux v1.
  return updates.length > 0 ? successOf(candidate, updates, { images }) : last;
}

/** The newest image, unless it may be older than the current one: an older image must be named explicitly. */
function chooseUpgrade(current: ImageRef, pattern: TagPattern, repository: ImageRepository | undefined): Choice {
  const choice = chooseNewest(current, pattern, repository);
  if (choice.kind !== 'update' || current.tag === '') return choice;
  const { tag } = choice.target;
  if (isUpgrade(current, tag, pattern, repository)) return choice;
  return { kind: 'older', reason: `${whyNoUpgrade(current, tag, pattern, repository)}; name the image to release it` };
}

function chooseRequested(current: ImageRef, requested: ImageRef, wanted: boolean, images: UpdateContext['images']): Choice {
  if (!sameImage(current, requested)) return { kind: 'none' };
  if (!wanted) return { kind: 'unknown', reason: CANNOT_FIND };
  return chooseTag(current, requested.tag, images.repository(canonicalName(current)), requested.digest);
}

/** Whether the manifest's pattern allows the tag; without a pattern any named tag is allowed, including `latest`. */
function wants({ policies }: Candidate, { name }: Container, tag: string): boolean {
  return !policies.has(tagPolicy(name)) || tagPatternFor(policies, name).matches(tag);
}

const CANNOT_FIND = 'cannot find one or more images';

function withoutUpdate(choice: Exclude<Choice, { readonly kind: 'update' }>): WorkloadResult {
  if (choice.kind === 'current') return rejection('skipped', UP_TO_DATE);
  if (choice.kind === 'none') return rejection('ignored', 'does not use image(s)');
  return rejection('skipped', choice.kind === 'unknown' ? CANNOT_FIND : choice.reason);
}

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

/** A tag may have been pushed after the last scan, so the registry is read again before the tag is reported as missing. */
async function requireKnown(requested: ImageRef, { images, signal }: UpdateContext): Promise<void> {
  const name = canonicalName(requested);
  const known = () => images.repository(name)?.tags.includes(requested.tag) ?? false;
  if (known()) return;
  const before = images.repository(name)?.scannedAt;
  await images.scanNow(name, signal ? { signal } : {});
  if (known()) return;
  const { error, scannedAt } = images.repository(name) ?? {};
  // Without a new list the tag's existence is unknown.
  if (error && scannedAt === before)
    throw new FluxError(`image ${JSON.stringify(formatImageRef(requested))} could not be checked: ${error.message}`, {
      code: 'update/registry-failed',
      fault: error.fault,
      help: error.help ?? `Listing the tags of ${name} failed. Retry, or run fluxctl doctor.`,
      cause: error,
    });
  throw new FluxError(`image ${JSON.stringify(formatImageRef(requested))} does not exist: invalid image ID`, {
    code: 'update/image-missing',
    fault: 'user',
    help: `${name} has no tag ${requested.tag}. Check the spelling, that the tag was pushed, and with fluxctl list-images that the daemon can read this registry.`,
  });
}

function parsedImage({ image }: Container): ImageRef | FluxError {
  try {
    return parseImageRef(image);
  } catch (error) {
    return error instanceof FluxError ? error : new FluxError(messageOf(error), { code: 'update/bad-image', cause: error });
  }
}

function isSame(image: string, requested: ImageRef): boolean {
  const ref = parsedImage({ name: '', image });
  return !(ref instanceof FluxError) && sameImage(ref, requested);
}
