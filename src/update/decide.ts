import { FluxError, messageOf } from '../base/index.ts';
import {
  canonicalName,
  formatImageRef,
  type ImageRef,
  type ImageRepository,
  parseImageRef,
  sameImage,
  withTag,
} from '../image/index.ts';
import { hasPolicy, isNewer, type Policies, type TagPattern, tagPatternFor, tagPolicy } from '../policy/index.ts';
import type { Container } from '../resource/index.ts';
import type { ImageLookup } from './context.ts';
import type { Decision, Doubt, Hold } from './decision.ts';
import { rankingOf, taggedImage } from './ranking.ts';

/** One container, its policies, and what the registry said. */
export interface Question {
  /** With the image in Git, so that a change in Git is never found twice, even if the cluster lags behind. */
  readonly container: Container;
  readonly inGit: Policies;
  readonly inCluster?: Policies;
  readonly images: Pick<ImageLookup, 'repository'>;
}

/**
 * What holds a whole workload, for users and automation alike unless forced. One that is ignored in the cluster is held too: a change
 * in Git would never be applied.
 */
export function holdOfWorkload(inGit: Policies, inCluster?: Policies): Hold | undefined {
  if (hasPolicy(inGit, 'locked')) return { kind: 'locked' };
  if (hasPolicy(inGit, 'ignore') || (inCluster !== undefined && hasPolicy(inCluster, 'ignore'))) return { kind: 'ignored' };
  return undefined;
}

/** Whether automation updates the workload, as far as Git says. */
export function isAutomated(inGit: Policies): boolean {
  return hasPolicy(inGit, 'automated') && holdOfWorkload(inGit) === undefined;
}

/** What automation does with a container. */
export function decide(question: Question): Decision {
  const { inGit, inCluster } = question;
  const hold = holdOfWorkload(inGit, inCluster);
  if (hold) return held(hold);
  return hasPolicy(inGit, 'automated') ? decideNewest(question) : held({ kind: 'not-automated' });
}

/**
 * Whether to update a container of a workload that nothing holds to the newest image that matches its pattern. Never to an older image
 * than the current one, and never on a guess: if the order is by time, all times must be known. Only a person may update an image that
 * has no tag, and so no place in the order.
 */
export function decideNewest(question: Question, by: 'automation' | 'person' = 'automation'): Decision {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  const { pattern, repository } = subject;
  if (!pattern.valid) return held({ kind: 'bad-pattern', pattern: pattern.text });
  if (!repository) return { state: 'unknown', why: { kind: 'not-scanned' } };
  const { matched, unread, newest } = rankingOf(repository, pattern);
  if (matched.length === 0) return { state: 'current', because: 'no-match' };
  if (pattern.needsTimes && matched.length > 1 && unread.length > 0) return unknown({ kind: 'unread', tags: unread }, repository);
  if (newest === undefined) return unknown({ kind: 'unreadable', tags: matched }, repository);
  if (newest === '') return unknown({ kind: 'untagged' }, repository);
  return by === 'person' && subject.current.tag === '' ? stepTo(subject, newest) : advance(subject, newest);
}

/**
 * Whether automation still updates a container to an image that it chose before: meanwhile another pattern or image may be in Git, or
 * the registry may have news.
 */
export function decideAgain(question: Question, wanted: ImageRef): Decision {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  if (!sameImage(subject.current, wanted) || !subject.pattern.matches(wanted.tag))
    return { state: 'current', because: 'no-match' };
  return advance(subject, wanted.tag, wanted.digest);
}

/**
 * Whether a container is updated to an image that a person names, which may be older. Its tag must match the pattern, if there is one,
 * unless `anyTag`.
 */
export function decideNamed(
  question: Question,
  named: ImageRef,
  { anyTag }: { readonly anyTag: boolean },
): Decision | 'not-wanted' {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  if (!sameImage(subject.current, named)) return { state: 'current', because: 'no-match' };
  const hasPattern = question.inGit.has(tagPolicy(question.container.name));
  // Without a pattern any named tag is allowed, including `latest`.
  if (!anyTag && hasPattern && !subject.pattern.matches(named.tag)) return 'not-wanted';
  return stepTo(subject, named.tag, named.digest);
}

/** A container as read, with the metadata of its image. */
export interface Subject {
  readonly current: ImageRef;
  readonly pattern: TagPattern;
  readonly repository: ImageRepository | undefined;
}

export function subjectOf({ container: { name, image }, inGit, images }: Question): Subject | Decision {
  try {
    const current = parseImageRef(image);
    return { current, pattern: tagPatternFor(inGit, name), repository: images.repository(canonicalName(current)) };
  } catch (thrown) {
    const error =
      thrown instanceof FluxError ? thrown : new FluxError(messageOf(thrown), { code: 'update/bad-image', cause: thrown });
    return held({ kind: 'bad-image', error });
  }
}

/** The update to a tag that no person named: it must be strictly newer, or the current tag pushed again. */
function advance(subject: Subject, tag: string, digest = ''): Decision {
  const step = stepTo(subject, tag, digest);
  if (step.state !== 'update') return step;
  switch (notAhead(tag, subject)) {
    case undefined:
      return step;
    case 'no-tag':
      return unknown({ kind: 'no-tag', newest: tag }, subject.repository);
    case 'no-time':
      return unknown({ kind: 'no-time' }, subject.repository);
    case 'not-newer':
      return { state: 'current', because: 'not-newer', newest: tag, tag: subject.current.tag };
  }
}

export type NotAhead = 'no-tag' | 'no-time' | 'not-newer';

/** Why a tag is not strictly newer than the current one, by version or by two known times. A lacking tag must not cause a downgrade. */
export function notAhead(tag: string, { current, pattern, repository }: Subject): NotAhead | undefined {
  if (tag === current.tag) return undefined;
  const now = taggedImage(current.tag, repository?.images.get(current.tag));
  const then = taggedImage(tag, repository?.images.get(tag));
  const sameTime = then.createdAt === now.createdAt && then.createdNs === now.createdNs;
  if (isNewer(then, now, pattern) && !(pattern.needsTimes && sameTime)) return undefined;
  if (current.tag === '') return 'no-tag';
  return pattern.needsTimes && (now.createdAt === undefined || then.createdAt === undefined) ? 'no-time' : 'not-newer';
}

/** The current reference with another tag. An image with a tag and a digest gets the digest of the new tag. */
function stepTo({ current, repository }: Subject, tag: string, digest = ''): Decision {
  if (current.digest !== '' && current.tag === '') return held({ kind: 'digest-alone' });
  const wanted = digest || (current.digest === '' ? '' : pinOf(repository, tag));
  if (wanted === undefined) return held({ kind: 'digest-unknown', tag });
  const target = withTag(current, tag, wanted);
  return formatImageRef(target) === formatImageRef(current)
    ? { state: 'current', because: 'newest' }
    : { state: 'update', target };
}

/** The digest to pin to: that of the index, if the tag refers to one, so that every platform finds its image. */
function pinOf(repository: ImageRepository | undefined, tag: string): string | undefined {
  const image = repository?.images.get(tag);
  return image?.indexDigest ?? image?.digest;
}

function held(by: Hold): Decision {
  return { state: 'held', by };
}

function unknown(why: Doubt, repository: ImageRepository | undefined): Decision {
  const nextLookAt = repository?.nextAt;
  return { state: 'unknown', why, ...(nextLookAt === undefined ? {} : { nextLookAt }) };
}
