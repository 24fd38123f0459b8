import type { Change } from '../types.ts';
import type { Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';

/** Of a request of which it is not known whether it was carried out: the object may stand as it should. */
const UNKNOWN_OUTCOME = new Set(['cluster/timeout', 'cluster/unreachable', 'cluster/stopped']);

/** Remembers what the API server would not have, until it is found as Git wants it. `changes` are in the order of the steps. */
export function noteRefusals(set: SyncSet, steps: readonly Step[], changes: readonly Change[]): void {
  for (const [index, step] of steps.entries()) {
    if (step.act === 'delete' || !step.target) continue;
    const { key, manifest } = step.target;
    const { outcome, error } = changes[index] ?? {};
    const isRefused = step.act === 'apply' && outcome === 'failed' && !UNKNOWN_OUTCOME.has(error?.code ?? '');
    if (isRefused) set.refused.set(key, manifest.checksum);
    else if (step.act === 'apply' || outcome === 'unchanged') set.refused.delete(key);
  }
}
