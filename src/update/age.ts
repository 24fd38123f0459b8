import { canonicalName } from '../image/index.ts';
import { minAgeFor } from '../policy/index.ts';
import type { Hold } from './decision.ts';
import { seenSince } from './first-seen.ts';
import { digestOf, type Question, type Subject } from './subject.ts';

/** A tag that is not old enough. */
export interface Young {
  readonly tag: string;
  /** The age that is asked for, as written. */
  readonly text: string;
  /** When it was first seen; absent if that is not counted yet. Both in milliseconds since the epoch. */
  readonly since?: number;
  /** When it is old enough; infinity if that is not known. */
  readonly until: number;
  /** Whether its digest is known, on which the time depends. */
  readonly isRead: boolean;
}

/** Why automation does not take a tag yet; undefined if it is old enough. `digest` is the one that is asked for beside the tag, if any. */
export type Youth = (tag: string, digest?: string) => Young | undefined;

/** How old the images of a container must be; undefined if no age is asked for, or why the text is invalid. */
export function youthOf({ container, inGit, timing }: Question, subject: Subject): Youth | Hold | undefined {
  if (!timing?.ages) return undefined;
  const { now, ages } = timing;
  const { text, ms, problem } = minAgeFor(inGit, container.name, ages.byDefault);
  if (problem !== undefined) return { kind: 'bad-min-age', text, problem };
  if (ms === 0) return undefined;
  const { current, repository } = subject;
  const image = canonicalName(current);
  return (tag, digest = '') => {
    const read = digest || digestOf(repository, tag);
    // It is in Git already.
    if (tag === current.tag && (current.digest === '' || read === current.digest)) return undefined;
    const since = read === undefined ? undefined : seenSince(ages.seen, image, tag, read);
    if (since === undefined) return { tag, text, until: Number.POSITIVE_INFINITY, isRead: read !== undefined };
    return since + ms <= now ? undefined : { tag, text, since, until: since + ms, isRead: true };
  };
}

/** The one that is old enough first. */
export function firstToRipen(a: Young | undefined, b: Young): Young {
  return a === undefined || b.until < a.until || (a.until === b.until && !a.isRead && b.isRead) ? b : a;
}
