import { type Fighting, isFought } from './fight.ts';
import { type Applied, isAppliedAlready, stillStands } from './inventory.ts';
import type { LiveObject } from './live.ts';
import { fingerprint, ignorePolicy, isSameWrite, lastForeignManager, MARK_LABEL } from './ownership.ts';
import { replicasHeldByScale } from './scale.ts';
import type { Fight } from './sync-set.ts';

/** What is known of an object that Git wants. */
export interface Facts {
  readonly checksum: string;
  readonly mark: string;
  readonly live: LiveObject | undefined;
  readonly known: Applied | undefined;
  readonly fight: Fight | undefined;
  readonly manager: string;
  readonly now: number;
}

export type Decision =
  | { readonly action: 'create' | 'change'; readonly reason: string; readonly drift?: Fighting }
  /** `news`: the object was written to, or found again, and what we remember of it has to follow. */
  | { readonly action: 'unchanged'; readonly news?: true }
  | { readonly action: 'skip' | 'held'; readonly reason: string };

/** Decides about one object that Git wants and that is not ignored there. Pure; the same facts give the same decision. */
export function decide(facts: Facts): Decision {
  const { live, known, manager, now } = facts;
  if (live && ignorePolicy(live.annotations) === 'true')
    return { action: 'skip', reason: 'fluxcd.io/ignore: true in the cluster' };
  if (live?.deletionTimestamp !== undefined) {
    return { action: 'held', reason: `it is being deleted since ${live.deletionTimestamp}; it is created again once it is gone` };
  }
  if (!live) return { action: 'create', reason: known ? 'gone from the cluster' : 'not in the cluster' };
  if (!known) {
    if (isAppliedAlready(live, facts, manager)) return { action: 'unchanged', news: true };
    return { action: 'change', reason: 'not applied since this daemon started' };
  }
  if (known.checksum !== facts.checksum) return { action: 'change', reason: 'changed in Git' };
  if (stillStands(known, live, manager))
    return known.resourceVersion === live.resourceVersion ? { action: 'unchanged' } : { action: 'unchanged', news: true };
  if (isScaledOnly(known, live, facts)) return { action: 'unchanged', news: true };
  const drift = driftOf(live, facts);
  if (isFought(facts.fight, drift, now)) {
    return {
      action: 'held',
      reason: `${drift.reason}; again and again, so it is corrected ever more rarely, at last every 10 minutes`,
    };
  }
  return { action: 'change', reason: drift.reason, drift };
}

/** Whoever scales the workload, a person or an autoscaler, took `replicas` and nothing else: that is theirs. */
function isScaledOnly(known: Applied, live: LiveObject, facts: Facts): boolean {
  const isScaled = replicasHeldByScale(live) && isSameWrite(known.fingerprint, fingerprint(live, facts.manager));
  return isScaled && known.uid === live.uid && isAppliedAlready(live, facts, facts.manager);
}

function driftOf(live: LiveObject, { mark, known, manager }: Facts): Fighting {
  const other = live.labels?.[MARK_LABEL];
  if (other !== undefined && other !== mark) {
    return { about: `mark ${other}`, reason: 'marked by another Flux, or another repository: both want it' };
  }
  if (known && known.uid !== live.uid) return { about: `uid ${live.uid ?? ''}`, reason: 'created anew by somebody' };
  const { fields = [], by = lastForeignManager(live, manager) } = live.lost ?? {};
  const who = by === undefined ? '' : ` by ${by}`;
  const shown = fields.length > SHOWN ? [...fields.slice(0, SHOWN), `and ${fields.length - SHOWN} more`] : fields;
  const what = shown.length === 0 ? '' : `: ${shown.join(', ')}`;
  return { about: `${by ?? ''} ${fields.join(' ')}`, reason: `changed in the cluster${who}${what}` };
}

const SHOWN = 5;
