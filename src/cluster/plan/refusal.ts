import type { Change } from '../../change/index.ts';
import { isWanted, type Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';

/** Of a request of which it is not known whether it was carried out: the object may stand as it should. */
const UNKNOWN_OUTCOME = new Set(['cluster/timeout', 'cluster/unreachable', 'cluster/stopped']);

/** Remembers what the API server would not have, until it is found as Git wants it. `changes` are in the order of the steps. */
export function noteRefusals(set: SyncSet, steps: readonly Step[], changes: readonly Change[]): void {
  for (const [index, step] of steps.entries()) {
    if (!isWanted(step) || !step.target) continue;
    const { key, manifest } = step.target;
    const change = changes[index];
    const isRefused = step.act === 'apply' && change?.outcome === 'failed' && !UNKNOWN_OUTCOME.has(change.error.code);
    if (isRefused) set.refused.set(key, manifest.checksum);
    else if (step.act === 'apply' || change?.outcome === 'unchanged') set.refused.delete(key);
  }
}
