import type { Change } from '../../change/index.ts';
import { isWanted, type Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';

/** Errors of requests with unknown outcome, which may have succeeded. */
const UNKNOWN_OUTCOME = new Set(['cluster/timeout', 'cluster/unreachable', 'cluster/stopped']);

/** Remembers rejected objects until they are in sync. `changes` are in the order of the steps. */
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

/** Remembers the objects that wait for others. `changes` are in the order of the steps. */
export function noteWaiting(set: SyncSet, steps: readonly Step[], changes: readonly Change[]): void {
  set.waiting = new Set(
    steps.flatMap((step, index) => (step.act === 'apply' && changes[index]?.waitsFor ? step.target.key : [])),
  );
}
