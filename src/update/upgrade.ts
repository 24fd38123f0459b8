import type { ImageRef, ImageRepository } from '../image/index.ts';
import { isNewer, type TagPattern } from '../policy/index.ts';
import { tagged } from './choose.ts';

/**
 * Whether an image may be updated to a tag that was not named explicitly: it must be strictly newer, by version or by two known times.
 * A tag list that lacks the newest tags must not cause a downgrade.
 */
export function isUpgrade(current: ImageRef, tag: string, pattern: TagPattern, repository: ImageRepository | undefined): boolean {
  // The same tag with another digest: the tag was pushed again.
  if (tag === current.tag) return true;
  const [now, then] = [tagged(current, current.tag, repository), tagged(current, tag, repository)];
  return (
    isNewer(then, now, pattern) && (!pattern.needsTimes || then.createdAt !== now.createdAt || then.createdNs !== now.createdNs)
  );
}

/** Why `isUpgrade` is false. */
export function whyNoUpgrade(
  current: ImageRef,
  tag: string,
  pattern: TagPattern,
  repository: ImageRepository | undefined,
): string {
  if (current.tag === '') return `image has no tag, so it is unknown whether ${tag} is newer`;
  const unknown = [current.tag, tag].some((each) => repository?.images.get(each)?.createdAt === undefined);
  return pattern.needsTimes && unknown
    ? 'image with zero created timestamp'
    : `newest matching tag ${tag} is not newer than ${current.tag}`;
}
