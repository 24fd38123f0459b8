import { canonicalName, parseImageRef } from '../image/index.ts';
import { type Ban, banOfReplaced, bansFor, containerPolicy, formatBan, policiesOf, policyChanges } from '../policy/index.ts';
import { containersOf, type Manifest, type ResourceId } from '../resource/index.ts';
import { annotationChanges } from './annotation-changes.ts';
import type { UpdateContext } from './context.ts';
import { createEditor, type Planned } from './edit.ts';
import { rejection, sortedResult } from './select.ts';
import type { WorkloadResult } from './spec.ts';

/** An image of a container to put back, in place of one that turned out bad. References are as in the file. */
export interface PutBack {
  readonly container: string;
  readonly bad: string;
  readonly good: string;
  /** Digest of the bad image as it ran: its tag may show another one by now. */
  readonly failed?: string;
}

/** A bad image, and the ban that keeps it away; without one, nothing names it. */
export interface BannedImage {
  readonly workload: ResourceId;
  readonly container: string;
  readonly image: string;
  readonly ban?: Ban;
}

/**
 * Puts images back and bans what they replace, in one change of each workload. A workload one of whose images is another one by now is
 * skipped: Git has moved on.
 * @throws FluxError `image/bad-ref`, `update/edit-failed`, `update/verification-failed`, `policy/bad-ban`; nothing is changed then.
 */
export async function planPutBack(
  wanted: ReadonlyMap<ResourceId, readonly PutBack[]>,
  context: UpdateContext,
): Promise<Planned & { readonly banned: readonly BannedImage[] }> {
  const editor = createEditor(context);
  const results = new Map<ResourceId, WorkloadResult>();
  const banned: BannedImage[] = [];
  for (const [id, images] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const manifest = context.manifests.get(id);
    const problem = manifest ? movedOn(manifest, images) : 'not found in repository';
    if (!manifest || problem !== undefined) {
      results.set(id, rejection('skipped', problem ?? ''));
      continue;
    }
    const bans = images.map((image) => ({
      workload: id,
      container: image.container,
      image: image.bad,
      ...banOf(image, manifest, context),
    }));
    const annotations = annotationChanges(manifest, withBans(manifest, bans));
    const good = new Map(images.map((image) => [image.container, image.good]));
    await editor.edit([
      { id, manifest, change: { kind: 'images', images: good } },
      ...(annotations.size === 0 ? [] : [{ id, manifest, change: { kind: 'annotations' as const, annotations } }]),
    ]);
    banned.push(...bans);
    results.set(id, {
      Status: 'success',
      PerContainer: images.map(({ container, bad, good }) => ({ Container: container, Current: bad, Target: good })),
    });
  }
  return { result: sortedResult(results), edits: await editor.finish(), banned };
}

function movedOn({ object }: Manifest, images: readonly PutBack[]): string | undefined {
  const now = new Map(containersOf(object).map(({ name, image }) => [name, image]));
  const other = images.find(({ container, bad }) => now.get(container) !== bad);
  if (!other) return undefined;
  const image = now.get(other.container);
  return image === undefined ? `has no container ${other.container}` : `${other.container} has another image by now: ${image}`;
}

function banOf(
  { container, bad, good, failed }: PutBack,
  { object }: Manifest,
  { images }: UpdateContext,
): { readonly ban?: Ban } {
  const ref = parseImageRef(bad);
  const read = images.repository(canonicalName(ref))?.images.get(ref.tag);
  const now = [read?.indexDigest, read?.digest].flatMap((digest) => digest ?? []);
  const hasMoved = ref.digest !== '' && now.length > 0 && !now.includes(ref.digest);
  const { bans } = bansFor(policiesOf(object.metadata.annotations), container);
  // A node may know an image by the digest for its platform. If a ban of that did not help, the registry's is banned.
  const isOther =
    failed !== undefined && !now.includes(failed) && !bans.some((each) => each.kind === 'digest' && each.digest === failed);
  const digest = ref.digest || (isOther ? failed : now[0]);
  const ban = banOfReplaced({ tag: ref.tag, digest, hasMoved }, parseImageRef(good));
  return ban ? { ban } : {};
}

function withBans({ object }: Manifest, bans: readonly BannedImage[]): ReadonlyMap<string, string> {
  const add = bans.flatMap(({ container, ban }) => (ban ? [[containerPolicy('ban', container), formatBan(ban)] as const] : []));
  return policyChanges(
    { add: Object.fromEntries(add), remove: null },
    containersOf(object),
    policiesOf(object.metadata.annotations),
  );
}
