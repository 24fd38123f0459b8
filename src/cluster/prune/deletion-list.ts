import { createHash } from 'node:crypto';
import type { Deletion } from '../../change/index.ts';

/** One object of the list as text: an id contains no spaces, and a uid is never reused. */
function lineOf({ id, uid }: Deletion): string {
  return `${id} ${uid}`;
}

/** Hash of a list of deletions, independent of its order: 16 hexadecimal digits of a SHA-256. */
export function hashDeletions(deletions: readonly Deletion[]): string {
  return createHash('sha256').update(deletions.map(lineOf).toSorted().join('\n')).digest('hex').slice(0, 16);
}

/** True if all deletions are among the approved ones, by id and uid: a subset of an approved list is approved. */
export function coversAll(approved: readonly Deletion[], deletions: readonly Deletion[]): boolean {
  const lines = new Set(approved.map(lineOf));
  return deletions.every((each) => lines.has(lineOf(each)));
}
