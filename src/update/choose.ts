import { canonicalName, formatImageRef, type ImageRef, withTag } from '../image/index.ts';
import { filterImages, newest, type TaggedImage, type TagPattern } from '../policy/index.ts';
import type { KnownImage, KnownRepository } from './context.ts';

/** What is to become of one container's image. */
export type Choice =
  | { readonly kind: 'update'; readonly target: ImageRef }
  /** It is what it should be. */
  | { readonly kind: 'current' }
  /** Nothing is known that the pattern wants. */
  | { readonly kind: 'none' }
  /** There is something, but not enough is known to choose it. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** What there is is not known to be newer. */
  | { readonly kind: 'older'; readonly reason: string }
  /** It is pinned by digest and cannot be moved. */
  | { readonly kind: 'pinned'; readonly reason: string };

/** The newest image that the pattern wants, in the form the current one is written in. */
export function chooseNewest(current: ImageRef, pattern: TagPattern, repository: KnownRepository | undefined): Choice {
  const tags = filterImages(
    (repository?.tags ?? []).map((tag) => ({ tag })),
    pattern,
  ).map(({ tag }) => tag);
  if (!repository || tags.length === 0) return { kind: 'none' };
  const unread = tags.filter((tag) => !repository.images.has(tag));
  if (pattern.needsTimes && tags.length > 1 && unread.length > 0) {
    return { kind: 'unknown', reason: `inconsistent repository metadata: missing metadata for image ${listed(unread)}` };
  }
  const readable = tags.filter((tag) => !repository.images.get(tag)?.error);
  const best = newest(
    readable.map((tag) => tagged(current, tag, repository)),
    pattern,
  );
  if (!best) return { kind: 'unknown', reason: `none of the matching tags can be read: ${listed(tags)}` };
  if (best.tag === '') return { kind: 'unknown', reason: 'untagged image in available images' };
  return chooseTag(current, best.tag, repository);
}

/**
 * The current reference moved to a tag. An image pinned by digest as well gets the tag's digest; one pinned by digest alone stays,
 * because nothing says which tags it follows.
 */
export function chooseTag(current: ImageRef, tag: string, repository: KnownRepository | undefined, digest = ''): Choice {
  if (current.digest !== '' && current.tag === '') {
    return { kind: 'pinned', reason: 'image is pinned to a digest without a tag' };
  }
  const wanted = digest || (current.digest === '' ? '' : pinOf(repository?.images.get(tag)));
  if (wanted === undefined) return { kind: 'pinned', reason: `image is pinned to a digest, and that of tag ${tag} is not known` };
  const target = withTag(current, tag, wanted);
  return formatImageRef(target) === formatImageRef(current) ? { kind: 'current' } : { kind: 'update', target };
}

/** An image as the pattern's order compares it. */
export function tagged(name: ImageRef, tag: string, repository: KnownRepository | undefined): TaggedImage {
  const { createdAt, createdNs } = repository?.images.get(tag) ?? {};
  return {
    ref: `${canonicalName(name)}:${tag}`,
    tag,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(createdNs === undefined ? {} : { createdNs }),
  };
}

/** What to pin to: the whole index where the tag names one, so that every platform finds its image. */
function pinOf(image: KnownImage | undefined): string | undefined {
  return image?.indexDigest ?? image?.digest;
}

/** `tag "a"`, in Flux v1's words; `tags "a", "b", "c" and 4 more`. */
function listed(tags: readonly string[]): string {
  const some = tags.slice(0, 3).map((tag) => JSON.stringify(tag));
  const more = tags.length > some.length ? ` and ${tags.length - some.length} more` : '';
  return `tag${tags.length === 1 ? '' : 's'} ${some.join(', ')}${more}`;
}
