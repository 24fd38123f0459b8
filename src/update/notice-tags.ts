import { yieldTurn } from '../base/index.ts';
import { canonicalName, type ImageRepository } from '../image/index.ts';
import { hasPolicy, type MinAge, minAgeFor, policiesOf } from '../policy/index.ts';
import { containersOf, isWorkload } from '../resource/index.ts';
import { refusedByBan } from './allowed.ts';
import type { UpdateContext } from './context.ts';
import type { FirstSeen, Sighting } from './first-seen.ts';
import { rankingOf } from './ranking.ts';
import { digestOf, notAhead, type Subject, subjectOf } from './subject.ts';

/** Tags of one container that are followed; more wait until there is room. */
const MAX_OF_CONTAINER = 50;
/** Limit of all, in characters of JSON: they are kept in one object of the cluster. */
const MAX_CHARS = 600_000;

/**
 * What is first seen now, added to what was seen before: the tags that automation may take one day, of the containers that ask for a
 * minimum age. Those that it will certainly not take are forgotten. The same object if nothing changes.
 */
export async function noticeTags(
  seen: FirstSeen,
  {
    manifests,
    images,
    byDefault,
    now,
    signal,
  }: Pick<UpdateContext, 'manifests' | 'images' | 'signal'> & {
    readonly byDefault: MinAge;
    readonly now: number;
  },
): Promise<FirstSeen> {
  const kept: Found[] = [];
  const fresh: Found[] = [];
  for (const { object } of manifests.values()) {
    if (!isWorkload(object)) continue;
    const inGit = policiesOf(object.metadata.annotations);
    if (!hasPolicy(inGit, 'automated')) continue;
    for (const container of containersOf(object)) {
      if (minAgeFor(inGit, container.name, byDefault).ms === 0) continue;
      await yieldTurn(signal);
      const subject = subjectOf({ container, inGit, images });
      if ('state' in subject) continue;
      const found = followed(subject, seen.get(canonicalName(subject.current)) ?? new Map());
      for (const each of found) (each.isKnown ? kept : fresh).push(each);
    }
  }
  const next = asFirstSeen([...kept, ...fresh], now);
  return isSame(seen, next) ? seen : next;
}

interface Found {
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
  /** When it is first seen now. */
  readonly since?: number;
  readonly isKnown: boolean;
}

/** The tags of a container that are followed: known ones before new ones, so that each becomes old one day, and newer ones first. */
function followed(subject: Subject, known: ReadonlyMap<string, Sighting>): readonly Found[] {
  const image = canonicalName(subject.current);
  const asKnown = (tag: string, sighting: Sighting): Found => ({ image, tag, ...sighting, isKnown: true });
  const candidates = candidatesOf(subject);
  // After a restart, for example, before the registry was read.
  if (candidates === undefined) return [...known].map(([tag, sighting]) => asKnown(tag, sighting));
  const kept: Found[] = [];
  const fresh: Found[] = [];
  for (const tag of candidates) {
    const sighting = known.get(tag);
    const digest = digestOf(subject.repository, tag);
    if (sighting && (digest === undefined || digest === sighting.digest)) kept.push(asKnown(tag, sighting));
    else if (digest !== undefined) fresh.push({ image, tag, digest, isKnown: false });
    if (kept.length === known.size && kept.length + fresh.length >= MAX_OF_CONTAINER) break;
  }
  return [...kept, ...fresh].slice(0, MAX_OF_CONTAINER);
}

/** The tags that automation may take, newest first; undefined if that is not known. */
function candidatesOf(subject: Subject): Iterable<string> | undefined {
  const { pattern, bans, repository } = subject;
  if (!pattern.valid || bans.problem !== undefined) return [];
  if (repository?.scannedAt === undefined) return undefined;
  const ranking = rankingOf(repository, pattern);
  return pattern.needsTimes && ranking.unread.length > 0 ? undefined : candidatesAmong(ranking.matching, subject, repository);
}

/** Until the current tag, or without it the first that is not ahead of it: all that follow are older. */
function* candidatesAmong(matching: readonly string[], subject: Subject, { images }: ImageRepository): Generator<string> {
  const { current, repository } = subject;
  const isListed = matching.includes(current.tag);
  for (const tag of matching) {
    if (!isListed && notAhead(tag, subject) !== undefined) return;
    const isMoved = current.digest !== '' && digestOf(repository, tag) !== current.digest;
    const isCandidate = tag !== current.tag || isMoved;
    if (isCandidate && refusedByBan(subject, tag)?.state !== 'held' && images.get(tag)?.error === undefined) yield tag;
    if (tag === current.tag) return;
  }
}

function isSame(a: FirstSeen, b: FirstSeen): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([image, tags]) => {
    const others = b.get(image);
    return (
      others?.size === tags.size && [...tags].every(([tag, { digest, since }]) => isSighting(others.get(tag), digest, since))
    );
  });
}

function isSighting(sighting: Sighting | undefined, digest: string, since: number): boolean {
  return sighting?.digest === digest && sighting.since === since;
}

/** Adds as many as there is room for. */
function asFirstSeen(found: readonly Found[], now: number): FirstSeen {
  const seen = new Map<string, Map<string, Sighting>>();
  let chars = 0;
  for (const { image, tag, digest, since = now } of found) {
    const tags = seen.get(image);
    if (tags?.has(tag)) continue;
    chars += tag.length + digest.length + 20 + (tags ? 0 : image.length + 6);
    if (chars > MAX_CHARS) break;
    const sighting = { digest, since: Math.min(since, now) };
    if (tags) tags.set(tag, sighting);
    else seen.set(image, new Map([[tag, sighting]]));
  }
  return seen;
}
