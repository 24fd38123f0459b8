import type { ImageTarget } from '../image/index.ts';
import type { RepositoryState } from './repository.ts';

const FEW = 16;
/** New tags that are read at once, even if the requests to the host are few. */
const MAX_NEW = 5;

/**
 * The tags to read: first those in use, which are checked in each scan, or only when they are due if the host counts that; then those
 * that are due, from the end of the list, where new tags usually are.
 */
export function wantedTags(
  state: RepositoryState,
  { needsTimes, inUse = [] }: ImageTarget,
  { now, checksFree }: { readonly now: number; readonly checksFree: boolean },
): readonly string[] {
  const isChecked = (tag: string) => (checksFree ? !isFailing(state, tag, now) : isDue(state, tag, now));
  const running = new Set(listedOf(inUse, state.tags).filter(isChecked));
  const isNeeded = (tag: string) => state.asked.has(tag) || needsTimes?.(tag) === true;
  const needsAny = needsTimes !== undefined || state.asked.size > 0;
  const due = needsAny ? state.tags.filter((tag) => !running.has(tag) && isDue(state, tag, now) && isNeeded(tag)) : [];
  return [...running, ...due.reverse()];
}

/** The tags that a list has. A set of all of it would cost more than the search for a few. */
function listedOf(some: readonly string[], tags: readonly string[]): readonly string[] {
  if (some.length <= FEW) return some.filter((tag) => tags.includes(tag));
  const listed = new Set(tags);
  return some.filter((tag) => listed.has(tag));
}

/** Whether it is time to read a tag, or to read it again. */
export function isDue(state: RepositoryState, tag: string, now: number): boolean {
  return now >= (state.checks.get(tag)?.dueAt ?? 0);
}

function isFailing(state: RepositoryState, tag: string, now: number): boolean {
  const check = state.checks.get(tag);
  return check !== undefined && check.failures > 0 && now < check.dueAt;
}

/** Asks for the metadata of tags that have just appeared, if it is needed and not known: automation waits for them. */
export function askForNew(
  { tags, images, asked }: RepositoryState,
  { needsTimes }: ImageTarget,
  before: readonly string[],
): void {
  if (needsTimes === undefined || tags === before) return;
  const known = new Set(before);
  const appeared = tags.filter((tag) => !known.has(tag) && !images.has(tag) && needsTimes(tag));
  for (const tag of appeared.slice(-MAX_NEW)) asked.add(tag);
}
