import { canonicalName, formatImageRef, type ImageInfo, type ImageRef, type ImageRepository, withTag } from '../image/index.ts';
import { filterImages, newest, type TaggedImage, type TagPattern } from '../policy/index.ts';

/** The decision about one container's image. */
export type Choice =
  | { readonly kind: 'update'; readonly target: ImageRef }
  /** The image is up to date. */
  | { readonly kind: 'current' }
  /** No known tag matches the pattern. */
  | { readonly kind: 'none' }
  /** Tags match, but their metadata is incomplete. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The matching tags are not known to be newer. */
  | { readonly kind: 'older'; readonly reason: string }
  /** The image is pinned by digest and cannot be updated. */
  | { readonly kind: 'pinned'; readonly reason: string };

/** The newest image that matches the pattern, in the form of the current reference. */
export function chooseNewest(current: ImageRef, pattern: TagPattern, repository: ImageRepository | undefined): Choice {
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
  if (!best) return { kind: 'unknown', reason: `cannot read metadata of any matching tag: ${listed(tags)}` };
  if (best.tag === '') return { kind: 'unknown', reason: 'untagged image in available images' };
  return chooseTag(current, best.tag, repository);
}

/**
 * The current reference with another tag. An image with a tag and a digest gets the new tag's digest; one with only a digest stays,
 * because it does not say which tags to follow.
 */
export function chooseTag(current: ImageRef, tag: string, repository: ImageRepository | undefined, digest = ''): Choice {
  if (current.digest !== '' && current.tag === '') {
    return { kind: 'pinned', reason: 'image is pinned to a digest without a tag' };
  }
  const wanted = digest || (current.digest === '' ? '' : pinOf(repository?.images.get(tag)));
  if (wanted === undefined)
    return { kind: 'pinned', reason: `image is pinned to a digest, and the digest of tag ${tag} is unknown` };
  const target = withTag(current, tag, wanted);
  return formatImageRef(target) === formatImageRef(current) ? { kind: 'current' } : { kind: 'update', target };
}

/** An image in the form that the pattern's order compares. */
export function tagged(name: ImageRef, tag: string, repository: ImageRepository | undefined): TaggedImage {
  const { createdAt, createdNs } = repository?.images.get(tag) ?? {};
  return {
    ref: `${canonicalName(name)}:${tag}`,
    tag,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(createdNs === undefined ? {} : { createdNs }),
  };
}

/** The digest to pin to: that of the index, if the tag refers to one, so that every platform finds its image. */
function pinOf(image: ImageInfo | undefined): string | undefined {
  return image?.indexDigest ?? image?.digest;
}

/** `tag "a"`, as in Flux v1, or `tags "a", "b", "c" and 4 more`. */
function listed(tags: readonly string[]): string {
  const some = tags.slice(0, 3).map((tag) => JSON.stringify(tag));
  const more = tags.length > some.length ? ` and ${tags.length - some.length} more` : '';
  return `tag${tags.length === 1 ? '' : 's'} ${some.join(', ')}${more}`;
}
