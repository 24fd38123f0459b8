import type { AcceptedRevision } from '../../repository/index.ts';
import type { Progress } from '../loop/progress.ts';
import type { Source } from '../ports/source.ts';
import { type Closed, closedNow, type SyncWindow, situationOf } from './sync-window.ts';

/** What a sync applies. */
export type ToApply =
  /** `overridden` says what was closed, if a person had it applied all the same. */
  | { readonly kind: 'head'; readonly revision: AcceptedRevision; readonly overridden?: string }
  /** An earlier revision, whose drift is corrected; undefined if there is none in the branch. */
  | {
      readonly kind: 'earlier';
      readonly revision: AcceptedRevision | undefined;
      /** Whether it is only what Git records: a later revision may have been applied, unrecorded. */
      readonly onlyRecorded: boolean;
      /** What the head waits for. */
      readonly closed: Closed;
    };

export interface RevisionToApplyOptions extends SyncWindow {
  readonly source: Pick<Source, 'marker' | 'acceptedBefore'>;
  readonly progress: Pick<Progress, 'applied' | 'onlyRecorded'>;
}

/** The head of the branch, or while the window is closed, the revision that was applied last, as far as that is known. */
export async function revisionToApply(
  head: AcceptedRevision,
  { source, progress, ...window }: RevisionToApplyOptions,
  { overrides }: { readonly overrides: boolean },
): Promise<ToApply> {
  const closed = closedNow(window);
  if (!closed) return { kind: 'head', revision: head };
  if (overrides) return { kind: 'head', revision: head, overridden: situationOf(closed) };
  const onlyRecorded = progress.applied === undefined || progress.onlyRecorded;
  const last = onlyRecorded ? await source.marker() : progress.applied;
  if (last === head) return { kind: 'head', revision: head };
  const revision = last === undefined ? undefined : await source.acceptedBefore(last);
  return { kind: 'earlier', revision, onlyRecorded, closed };
}
