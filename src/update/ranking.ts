import type { ImageInfo, ImageRepository } from '../image/index.ts';
import { newestOf, sortImages, type TaggedImage, type TagPattern } from '../policy/index.ts';

/** The tags of a repository in the order of a pattern. */
export interface Ranking {
  /** All tags, newest first. */
  readonly all: readonly string[];
  /** The tags that match, newest first. */
  readonly matching: readonly string[];
  /** The tags that match, in the order of the registry's list. */
  readonly matched: readonly string[];
  /** Those of them without metadata. */
  readonly unread: readonly string[];
  /** The newest of them that is readable. */
  readonly newest: string | undefined;
}

type Metadata = ImageRepository['images'];

interface Ranked {
  readonly tags: readonly string[];
  readonly byPattern: Map<string, Ranking>;
}

/** Rankings by the metadata they are made from. */
const RANKED = new WeakMap<Metadata, Ranked>();
/** Patterns of one repository whose rankings are kept. */
const MAX_PATTERNS = 1000;

/** The ranking, made once for the same tags, metadata and pattern: workloads share images, and a registry has seldom news. */
export function rankingOf({ tags, images }: ImageRepository, pattern: TagPattern): Ranking {
  let ranked = RANKED.get(images);
  if (ranked?.tags !== tags) {
    ranked = { tags, byPattern: new Map() };
    RANKED.set(images, ranked);
  }
  const { byPattern } = ranked;
  const known = byPattern.get(pattern.text);
  if (known) return known;
  if (byPattern.size >= MAX_PATTERNS) byPattern.clear();
  const ranking = rank(tags, images, pattern);
  byPattern.set(pattern.text, ranking);
  return ranking;
}

/** Sorts on demand: most decisions need only the newest tag. */
function rank(tags: readonly string[], images: Metadata, pattern: TagPattern): Ranking {
  const matched: string[] = [];
  const unread: string[] = [];
  const readable = newestOf(pattern);
  for (const tag of tags) {
    if (!pattern.matches(tag)) continue;
    const info = images.get(tag);
    matched.push(tag);
    if (info === undefined) unread.push(tag);
    if (info?.error === undefined) readable.add(taggedImage(tag, info));
  }
  const sorted = (some: readonly string[]) =>
    sortImages(
      some.map((tag) => taggedImage(tag, images.get(tag))),
      pattern,
    ).map(({ tag }) => tag);
  let all: readonly string[] | undefined;
  let matching: readonly string[] | undefined;
  return {
    get all() {
      all ??= sorted(tags);
      return all;
    },
    get matching() {
      matching ??= sorted(matched);
      return matching;
    },
    matched,
    unread,
    newest: readable.newest()?.tag,
  };
}

/** An image in the form that an order compares. Within one repository, tags break ties as references do. */
export function taggedImage(tag: string, { createdAt, createdNs }: Partial<ImageInfo> = {}): TaggedImage {
  if (createdAt === undefined) return { ref: tag, tag };
  return createdNs === undefined ? { ref: tag, tag, createdAt } : { ref: tag, tag, createdAt, createdNs };
}
