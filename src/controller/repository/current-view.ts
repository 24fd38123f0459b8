import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader, RepositoryView } from './view.ts';

/**
 * The last revision of the branch that was read; undefined while Git is not ready. Callers do not wait until a newer head is read, which
 * takes time for a large commit; until then it is as if it had not been fetched. If reading fails, the next caller gets the error.
 */
export function createCurrentView(
  source: Pick<Source, 'accepted'>,
  reader: RepositoryReader,
): () => Promise<RepositoryView | undefined> {
  /** The unreadable head. */
  let unread: Revision | undefined;
  return async () => {
    const head = source.accepted();
    if (head === undefined) return undefined;
    const latest = reader.latest();
    if (latest?.revision === head) return latest;
    const reading = reader.read(head);
    if (latest === undefined || unread === head) return reading;
    reading.catch(() => {
      unread = head;
    });
    return latest;
  };
}
