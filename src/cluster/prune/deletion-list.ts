import { createHash } from 'node:crypto';
import type { Deletion } from '../../change/index.ts';

/** One object of the list as text: an id is free of blanks, a uid belongs to one object for ever. */
function lineOf({ id, uid }: Deletion): string {
  return `${id} ${uid}`;
}

/** Name of exactly this list of deletions, whatever its order: 16 hexadecimal digits of a SHA-256. */
export function hashDeletions(deletions: readonly Deletion[]): string {
  return createHash('sha256').update(deletions.map(lineOf).toSorted().join('\n')).digest('hex').slice(0, 16);
}

/** True when every one of the deletions is among the approved ones, by id and uid: less than was approved is approved too. */
export function coversAll(approved: readonly Deletion[], deletions: readonly Deletion[]): boolean {
  const lines = new Set(approved.map(lineOf));
  return deletions.every((each) => lines.has(lineOf(each)));
}
