import type { Revision } from '../../repository/index.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader, RepositoryView } from './view.ts';

/**
 * The head of the branch as it was read last; undefined while Git is not ready. Nobody waits for a newer one to be read, which takes as
 * long as a commit is large: until then all is as if it had not been fetched. When it cannot be read, whoever asks next is told why.
 */
export function createCurrentView(
  source: Pick<Source, 'head'>,
  reader: RepositoryReader,
): () => Promise<RepositoryView | undefined> {
  /** The head that could not be read. */
  let unread: Revision | undefined;
  return async () => {
    const head = source.head();
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
