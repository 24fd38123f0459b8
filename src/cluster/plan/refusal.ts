import type { Change } from '../types.ts';
import type { Step } from './step.ts';
import type { SyncSet } from './sync-set.ts';

/** Remembers what could not be applied. `changes` are in the order of the steps. */
export function noteRefusals(set: SyncSet, steps: readonly Step[], changes: readonly Change[]): void {
  for (const [index, step] of steps.entries()) {
    if (step.act !== 'apply') continue;
    const { key, manifest } = step.target;
    if (changes[index]?.outcome === 'failed') set.refused.set(key, manifest.checksum);
    else set.refused.delete(key);
  }
}
