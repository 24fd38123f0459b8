import { confidentialIn, ignorePolicy, mostConfidential } from '../../resource/index.ts';
import { confidentialLive, shownPaths } from '../object/confidential.ts';
import type { LiveObject } from '../object/live.ts';
import {
  appliedBefore,
  CHECKSUM_ANNOTATION,
  fingerprint,
  isSameWrite,
  lastForeignManager,
  MARK_LABEL,
} from '../object/ownership.ts';
import { replicasHeldByScale } from '../object/scale.ts';
import { isFought } from './fight.ts';
import { type Applied, isAppliedAlready, stillStands } from './inventory.ts';
import type { Fight } from './sync-set.ts';

/** The facts about an object in Git. */
export interface Facts {
  readonly checksum: string;
  readonly mark: string;
  readonly live: LiveObject | undefined;
  /** Why the object is left to another source of this process. */
  readonly leftToAnother?: string | undefined;
  /** Checksum in a later revision that may have been applied; empty if that one does not want the object. */
  readonly later?: string | undefined;
  readonly known: Applied | undefined;
  readonly fight: Fight | undefined;
  readonly manager: string;
  readonly now: number;
}

export type Decision =
  | { readonly action: 'create' | 'change'; readonly reason: string; readonly isDrift?: true }
  /** `news`: the object was written, or found again, so that our memory of it must be updated. */
  | { readonly action: 'unchanged'; readonly news?: true }
  | { readonly action: 'skip'; readonly reason: string }
  | { readonly action: 'held'; readonly reason: string };

/** Decides about one object in Git that is not ignored there. A pure function of the facts. */
export function decide(facts: Facts): Decision {
  const { live, known, manager } = facts;
  if (facts.leftToAnother !== undefined) return { action: 'held', reason: facts.leftToAnother };
  if (live && ignorePolicy(live.annotations) === 'true')
    return { action: 'skip', reason: 'fluxcd.io/ignore: true in the cluster' };
  if (live?.deletionTimestamp !== undefined) {
    return {
      action: 'held',
      reason: `it is being deleted since ${live.deletionTimestamp}; it is created again once it is removed`,
    };
  }
  if (mayBeLater(facts)) return { action: 'held', reason: MAY_BE_LATER };
  if (!live)
    return known ? correct('create', 'gone from the cluster', facts) : { action: 'create', reason: 'not in the cluster' };
  if (!known) {
    if (isAppliedAlready(live, facts, manager)) return { action: 'unchanged', news: true };
    return { action: 'change', reason: firstReason(live, facts) };
  }
  if (known.checksum !== facts.checksum) return { action: 'change', reason: 'changed in Git' };
  if (stillStands(known, live, manager))
    return known.resourceVersion === live.resourceVersion ? { action: 'unchanged' } : { action: 'unchanged', news: true };
  if (isScaledOnly(known, live, facts)) return { action: 'unchanged', news: true };
  return correct('change', driftReason(live, facts), facts);
}

/** The reason for an object that a later revision may have changed. */
export const MAY_BE_LATER =
  'a later revision may have been applied to it, unrecorded; it is left as it is until the sync window opens';

/** The checksum of an object shows what was applied. Where it has none of ours, only a manifest that both revisions share is certain. */
function mayBeLater({ live, mark, checksum, later }: Facts): boolean {
  if (later === undefined) return false;
  const applied = live?.labels?.[MARK_LABEL] === mark ? live.annotations?.[CHECKSUM_ANNOTATION] : undefined;
  return (applied ?? later) !== checksum;
}

/** Corrects drift at once, but backs off if it recurs after each correction (R-011). */
function correct(action: 'create' | 'change', reason: string, { fight, now }: Facts): Decision {
  if (!isFought(fight, now)) return { action, reason, isDrift: true };
  return { action: 'held', reason: `${reason}; repeatedly, so corrections back off, up to 10 minutes` };
}

/** Whether only `replicas` was taken, by a user or an autoscaler that scales the workload, which is legitimate (R-011). */
function isScaledOnly(known: Applied, live: LiveObject, facts: Facts): boolean {
  const isScaled = replicasHeldByScale(live) && isSameWrite(known.fingerprint, fingerprint(live, facts.manager));
  return isScaled && known.uid === live.uid && isAppliedAlready(live, facts, facts.manager);
}

/** The reason for an object that this process has not applied yet. */
function firstReason(live: LiveObject, facts: Facts): string {
  const before = appliedBefore(live, facts.manager);
  if (before !== undefined) return `taken over from ${before}`;
  const isTaken = (live.lost?.fields.length ?? 0) > 0 && live.annotations?.[CHECKSUM_ANNOTATION] === facts.checksum;
  return isTaken ? driftReason(live, facts) : 'not applied since this daemon started';
}

function driftReason(live: LiveObject, { mark, known, manager, checksum }: Facts): string {
  const other = live.labels?.[MARK_LABEL];
  if (other !== undefined && other !== mark) return 'marked by another Flux, or another repository: both want it';
  if (known && known.uid !== live.uid) return 'recreated in the cluster';
  const { fields: lost = [], by = lastForeignManager(live, manager) } = live.lost ?? {};
  const fields = shownPaths(lost, mostConfidential(confidentialIn(checksum), confidentialLive(live)));
  const who = by === undefined ? '' : ` by ${by}`;
  const shown = fields.length > SHOWN ? [...fields.slice(0, SHOWN), `and ${fields.length - SHOWN} more`] : fields;
  return `changed in the cluster${who}${shown.length === 0 ? '' : `: ${shown.join(', ')}`}`;
}

const SHOWN = 5;
