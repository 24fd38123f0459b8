import type { Deletion, PruneVerdict } from '../../change/index.ts';
import type { LiveObject } from '../object/live.ts';
import { coversAll, hashDeletions } from './deletion-list.ts';
import { type DeletionCandidate, whyPrecious } from './precious.ts';

/** What decides how many deletions need no approval. */
export interface DeletionBudget {
  /** Number of our objects in the cluster that were applied before this revision and are still in Git. */
  readonly staying: number;
  /** Limit of deletions without approval; undefined for no limit. */
  readonly limit: number | undefined;
  /** The claim or StatefulSet that a custom resource owns, by its uid, as `owns shop:persistentvolumeclaim/data`. */
  readonly ownersOfData: ReadonlyMap<string, string>;
  /** Number of deletions approved by a commit. */
  readonly allowPrune: number;
  /** The individually approved deletions. */
  readonly approved: readonly Deletion[];
  /** Why no deletion is certainly intended. */
  readonly doubt?: string | undefined;
  /** True for a deletion that already waits for approval. */
  readonly wasAsked: (live: LiveObject) => boolean;
}

/** So many deletions need no approval, nor does this share of the set. */
const FREE_DELETIONS = 10;
const FREE_SHARE = 0.2;

/** Why these deletions need approval; undefined if they do not, or are approved. */
export function overBudget(
  candidates: readonly DeletionCandidate[],
  { staying, limit, ownersOfData, allowPrune, approved, doubt, wasAsked }: DeletionBudget,
): PruneVerdict | undefined {
  const total = candidates.length;
  const setSize = staying + total;
  const deletions = candidates.map(({ id, live }) => ({ id, uid: live.uid }));
  if (total === 0 || allowPrune >= total || coversAll(approved, deletions)) return undefined;
  const precious = candidates.map((each) => whyPrecious(each, ownersOfData)).find((why) => why !== undefined);
  const askedBefore = candidates.find(({ live }) => wasAsked(live));
  const why =
    doubt ??
    (staying === 0
      ? 'Git has no object that is known to have been applied before'
      : precious !== undefined
        ? `among them is ${precious}`
        : (limit !== undefined && total > limit) || (total > FREE_DELETIONS && total > setSize * FREE_SHARE)
          ? `these are ${total} of ${setSize} objects`
          : askedBefore
            ? `the deletion of ${askedBefore.id} already waits for approval`
            : undefined);
  if (why === undefined) return undefined;
  const approval = hashDeletions(deletions);
  const reason = `${total} deletion${total === 1 ? '' : 's'} held: ${why}; to approve, run fluxctl gc approve ${approval}, or push a commit with the trailer Allow-Prune: ${total}`;
  return { action: 'held', reason, approval };
}
