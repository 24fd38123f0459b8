import type { Revision } from '../../../repository/index.ts';

export interface FoundRecord {
  readonly revision: Revision;
  readonly text: string;
}

/** Records from several places in the order of the revisions, at most `limit`. The first place that has one counts. */
export function inOrder(
  revisions: readonly Revision[],
  places: readonly (readonly FoundRecord[])[],
  limit: number,
): readonly FoundRecord[] {
  const texts = new Map(places.toReversed().flatMap((found) => found.map(({ revision, text }) => [revision, text] as const)));
  return revisions
    .flatMap((revision) => {
      const text = texts.get(revision);
      return text === undefined ? [] : [{ revision, text }];
    })
    .slice(0, limit);
}
