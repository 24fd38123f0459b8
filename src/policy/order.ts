import type { TagPattern } from './tag-pattern.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

/** The properties of an image that define its order. */
export interface TaggedImage {
  /** The full reference, which breaks ties. */
  readonly ref: string;
  readonly tag: string;
  /** Milliseconds since the epoch; absent if unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; may be absent. */
  readonly createdNs?: number;
}

/**
 * Sorts images newest first, by the order of the pattern: version for `semver:`, creation time for others, or a part of the tag. Ties
 * are broken as in Flux v1: equal times by reference ascending, unknown times last; equal versions by reference descending, so that
 * `1.10.0` comes before `1.10`; tags that are not versions last. Parts of tags are like versions.
 */
export function sortImages<T extends TaggedImage>(images: readonly T[], pattern: Pick<TagPattern, 'order'>): T[] {
  return images
    .map((image) => rank(image, pattern))
    .sort(compareRanked)
    .map(({ image }) => image);
}

/** The newest image that matches the pattern. */
export function newest<T extends TaggedImage>(
  images: readonly T[],
  pattern: Pick<TagPattern, 'order' | 'matches'>,
): T | undefined {
  const found = newestOf<T>(pattern);
  for (const image of images) if (pattern.matches(image.tag)) found.add(image);
  return found.newest();
}

/** The newest of the images that are added. */
export function newestOf<T extends TaggedImage>(
  pattern: Pick<TagPattern, 'order'>,
): { add(image: T): void; newest(): T | undefined } {
  let best: Ranked<T> | undefined;
  return {
    add(image) {
      const ranked = rank(image, pattern);
      if (!best || compareRanked(ranked, best) < 0) best = ranked;
    },
    newest: () => best?.image,
  };
}

/**
 * Whether `a` is newer than `b` in the pattern's order, with ties broken as in `sortImages`. False if the order is by time and a time
 * is unknown: automation must not update an image on a guess. False also if the compared parts of two tags are equal.
 */
export function isNewer(a: TaggedImage, b: TaggedImage, pattern: Pick<TagPattern, 'order'>): boolean {
  if (pattern.order.by === 'time' && (a.createdAt === undefined || b.createdAt === undefined)) return false;
  const [first, second] = [rank(a, pattern), rank(b, pattern)];
  if (first.part !== undefined && first.part === second.part) return false;
  return compareRanked(first, second) < 0;
}

interface Ranked<T> {
  readonly image: T;
  /** Set if the order is by version and the tag is a version. */
  readonly version?: Version | undefined;
  /** Set if the order is by a part of the tag, and the tag has it. */
  readonly part?: bigint | string | undefined;
  /** Negative infinity if unknown, or if the order is not by time. */
  readonly time: number;
  readonly ns: number;
}

function rank<T extends TaggedImage>(image: T, { order }: Pick<TagPattern, 'order'>): Ranked<T> {
  switch (order.by) {
    case 'version':
      return { image, version: parseVersion(image.tag), time: Number.NEGATIVE_INFINITY, ns: 0 };
    case 'part':
      return { image, part: order.keyOf(image.tag), time: Number.NEGATIVE_INFINITY, ns: 0 };
    case 'time':
      return { image, time: image.createdAt ?? Number.NEGATIVE_INFINITY, ns: image.createdNs ?? 0 };
  }
}

/** Negative if `a` comes first. */
function compareRanked(a: Ranked<TaggedImage>, b: Ranked<TaggedImage>): number {
  if (a.version && b.version) return compareVersions(b.version, a.version) || compareText(b.image.ref, a.image.ref);
  if (a.version || b.version) return a.version ? -1 : 1;
  if (a.part !== undefined && b.part !== undefined)
    return a.part === b.part ? compareText(b.image.ref, a.image.ref) : a.part > b.part ? -1 : 1;
  if (a.part !== undefined || b.part !== undefined) return a.part === undefined ? 1 : -1;
  if (a.time !== b.time) return a.time > b.time ? -1 : 1;
  if (a.ns !== b.ns) return b.ns - a.ns;
  return compareText(a.image.ref, b.image.ref);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
