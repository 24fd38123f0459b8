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
 * Sorts images newest first: by version for `semver:`, by creation time otherwise. Ties are broken as in Flux v1: equal times by
 * reference ascending, unknown times last; equal versions by reference descending, so that `1.10.0` comes before `1.10`; tags that are
 * not versions last.
 */
export function sortImages<T extends TaggedImage>(images: readonly T[], pattern: Pick<TagPattern, 'kind'>): T[] {
  return images
    .map((image) => rank(image, pattern))
    .sort(compareRanked)
    .map(({ image }) => image);
}

/** The images whose tags match the pattern, in the given order. */
export function filterImages<T extends { readonly tag: string }>(
  images: readonly T[],
  pattern: Pick<TagPattern, 'matches'>,
): T[] {
  return images.filter(({ tag }) => pattern.matches(tag));
}

/** The newest image that matches the pattern. */
export function newest<T extends TaggedImage>(
  images: readonly T[],
  pattern: Pick<TagPattern, 'kind' | 'matches'>,
): T | undefined {
  let best: Ranked<T> | undefined;
  for (const image of images) {
    if (!pattern.matches(image.tag)) continue;
    const ranked = rank(image, pattern);
    if (!best || compareRanked(ranked, best) < 0) best = ranked;
  }
  return best?.image;
}

/**
 * Whether `a` is newer than `b` in the pattern's order, with ties broken as in `sortImages`. False if the order is by time and a time
 * is unknown: automation must not update an image on a guess.
 */
export function isNewer(a: TaggedImage, b: TaggedImage, pattern: Pick<TagPattern, 'kind'>): boolean {
  if (pattern.kind !== 'semver' && (a.createdAt === undefined || b.createdAt === undefined)) return false;
  return compareRanked(rank(a, pattern), rank(b, pattern)) < 0;
}

interface Ranked<T> {
  readonly image: T;
  /** Set if the order is by version and the tag is a version. */
  readonly version: Version | undefined;
  /** Negative infinity if unknown, or if the order is not by time. */
  readonly time: number;
  readonly ns: number;
}

function rank<T extends TaggedImage>(image: T, { kind }: Pick<TagPattern, 'kind'>): Ranked<T> {
  return kind === 'semver'
    ? { image, version: parseVersion(image.tag), time: Number.NEGATIVE_INFINITY, ns: 0 }
    : { image, version: undefined, time: image.createdAt ?? Number.NEGATIVE_INFINITY, ns: image.createdNs ?? 0 };
}

/** Negative if `a` comes first. */
function compareRanked(a: Ranked<TaggedImage>, b: Ranked<TaggedImage>): number {
  if (a.version && b.version) return compareVersions(b.version, a.version) || compareText(b.image.ref, a.image.ref);
  if (a.version || b.version) return a.version ? -1 : 1;
  if (a.time !== b.time) return a.time > b.time ? -1 : 1;
  if (a.ns !== b.ns) return b.ns - a.ns;
  return compareText(a.image.ref, b.image.ref);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
