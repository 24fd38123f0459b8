import type { ImageRepository } from '../image/index.ts';
import { type Youth, youthOf } from './age.ts';
import { refusedByBan } from './allowed.ts';
import { decide } from './decide.ts';
import { rankingOf } from './ranking.ts';
import { refusedBySignature } from './signed.ts';
import { type NotAhead, notAhead, type Question, type Subject, subjectOf } from './subject.ts';

/** A tag, and what became of it. */
export interface ConsideredTag {
  readonly tag: string;
  /** `eligible` is what would be chosen, were it not for the decision about the container as a whole. */
  readonly verdict:
    | 'current'
    | 'chosen'
    | 'pattern'
    | 'unreadable'
    | 'unread'
    | NotAhead
    | 'banned'
    | 'undigested'
    | 'unsigned'
    | 'unverified'
    | 'too-young'
    | 'undated'
    | 'not-newest'
    | 'eligible';
}

/** Tags that `consider` returns. */
const MAX_CONSIDERED = 50;

/** The tags of the repository, newest first, and why each was passed over; a bounded number of them. */
export function consider(question: Question): readonly ConsideredTag[] {
  const subject = subjectOf(question);
  if ('state' in subject || !subject.repository) return [];
  const { all } = rankingOf(subject.repository, subject.pattern);
  const outcome = outcomeOf(question, subject, subject.repository);
  return all.slice(0, MAX_CONSIDERED).map((tag) => ({ tag, verdict: verdictOf(tag, subject, outcome) }));
}

/** What became of one tag; undefined if the repository is not known to have it. */
export function considerTag(question: Question, tag: string): ConsideredTag | undefined {
  const subject = subjectOf(question);
  if ('state' in subject || !subject.repository?.tags.includes(tag)) return undefined;
  return { tag, verdict: verdictOf(tag, subject, outcomeOf(question, subject, subject.repository)) };
}

function outcomeOf(question: Question, subject: Subject, repository: ImageRepository): Outcome {
  const decision = decide(question);
  const needsAll = rankingOf(repository, subject.pattern).matched.length > 1;
  const youth = youthOf(question, subject);
  return {
    chosen: decision.state === 'update' ? decision.target.tag : undefined,
    needsAll,
    youth: youth && 'kind' in youth ? undefined : youth,
  };
}

interface Outcome {
  readonly chosen: string | undefined;
  /** Whether the order needs the times of all tags that match. */
  readonly needsAll: boolean;
  readonly youth: Youth | undefined;
}

function verdictOf(tag: string, subject: Subject, { chosen, needsAll, youth }: Outcome): ConsideredTag['verdict'] {
  const { current, pattern, repository } = subject;
  if (tag === chosen) return 'chosen';
  if (tag === current.tag) return 'current';
  if (!pattern.matches(tag)) return 'pattern';
  if (repository?.images.get(tag)?.error) return 'unreadable';
  if (pattern.needsTimes && needsAll && !repository?.images.has(tag)) return 'unread';
  const refusal = refusedByBan(subject, tag);
  if (refusal?.state === 'held' && refusal.by.kind === 'banned') return 'banned';
  if (refusal?.state === 'unknown' && notAhead(tag, subject) === undefined) return 'undigested';
  const behind = notAhead(tag, subject);
  const unsigned = behind === undefined ? refusedBySignature(subject, tag) : undefined;
  if (unsigned) return unsigned.state === 'unknown' ? 'unverified' : 'unsigned';
  const young = behind === undefined ? youth?.(tag) : undefined;
  if (young) return young.isRead ? 'too-young' : 'undated';
  return behind ?? (chosen === undefined ? 'eligible' : 'not-newest');
}
