import type { TagPattern } from './tag-pattern.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

/** What ordering needs to know of an image. */
export interface TaggedImage {
  /** The full reference; decides ties. */
  readonly ref: string;
  readonly tag: string;
  /** Milliseconds since the epoch; absent when unknown. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; absent for none. */
  readonly createdNs?: number;
}

/**
 * Images newest first: by version for `semver:`, by creation time otherwise. Ties are Flux v1's: equal times by reference ascending
 * and unknown times last; equal versions by reference descending, so that `1.10.0` comes before `1.10`; what is no version last.
 */
export function sortImages<T extends TaggedImage>(images: readonly T[], pattern: Pick<TagPattern, 'kind'>): T[] {
  return images
    .map((image) => rank(image, pattern))
    .sort(compareRanked)
    .map(({ image }) => image);
}

/** The images whose tags the pattern wants, in the order given. */
export function filterImages<T extends { readonly tag: string }>(
  images: readonly T[],
  pattern: Pick<TagPattern, 'matches'>,
): T[] {
  return images.filter(({ tag }) => pattern.matches(tag));
}

/** The newest image that the pattern wants. */
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
 * Whether `a` is newer than `b` in the pattern's order, ties decided as in `sortImages`. False when the order is by time and one
 * of the times is unknown: automation must not move an image on a guess.
 */
export function isNewer(a: TaggedImage, b: TaggedImage, pattern: Pick<TagPattern, 'kind'>): boolean {
  if (pattern.kind !== 'semver' && (a.createdAt === undefined || b.createdAt === undefined)) return false;
  return compareRanked(rank(a, pattern), rank(b, pattern)) < 0;
}

interface Ranked<T> {
  readonly image: T;
  /** Set when the order is by version and the tag is one. */
  readonly version: Version | undefined;
  /** Negative infinity when unknown, or when time plays no part. */
  readonly time: number;
  readonly ns: number;
}

function rank<T extends TaggedImage>(image: T, { kind }: Pick<TagPattern, 'kind'>): Ranked<T> {
  return kind === 'semver'
    ? { image, version: parseVersion(image.tag), time: Number.NEGATIVE_INFINITY, ns: 0 }
    : { image, version: undefined, time: image.createdAt ?? Number.NEGATIVE_INFINITY, ns: image.createdNs ?? 0 };
}

/** Negative when `a` comes first. */
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
