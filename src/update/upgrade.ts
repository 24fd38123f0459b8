import type { ImageRef } from '../image/index.ts';
import { isNewer, type TagPattern } from '../policy/index.ts';
import { tagged } from './choose.ts';
import type { KnownRepository } from './context.ts';

/**
 * Whether an image may be moved to a tag that was not named: strictly newer, by times that are both known or by version. A list that lacks
 * the newest tags must not lead to an older one.
 */
export function isUpgrade(current: ImageRef, tag: string, pattern: TagPattern, repository: KnownRepository | undefined): boolean {
  // The same tag with another digest: the tag was pushed again.
  if (tag === current.tag) return true;
  const [now, then] = [tagged(current, current.tag, repository), tagged(current, tag, repository)];
  return (
    isNewer(then, now, pattern) && (!pattern.needsTimes || then.createdAt !== now.createdAt || then.createdNs !== now.createdNs)
  );
}

/** Why `isUpgrade` says no. */
export function whyNoUpgrade(
  current: ImageRef,
  tag: string,
  pattern: TagPattern,
  repository: KnownRepository | undefined,
): string {
  if (current.tag === '') return `image has no tag, so whether ${tag} is newer is not known`;
  const unknown = [current.tag, tag].some((each) => repository?.images.get(each)?.createdAt === undefined);
  return pattern.needsTimes && unknown
    ? 'image with zero created timestamp'
    : `newest matching tag ${tag} is not newer than ${current.tag}`;
}
