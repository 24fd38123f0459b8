import type { SyncSet } from '../plan/sync-set.ts';
import type { Target } from '../scope/scope.ts';
import type { HealthWait } from './in-order.ts';

/** Requests a sync when what a part of a revision waits for has become healthy. */
export interface Resumption {
  /** What the last apply of a set waits for, in place of what the one before did. */
  expect(set: SyncSet, waits: readonly HealthWait[]): void;
  /** The object with this key may be healthy now. */
  changed(key: string): void;
}

export interface ResumptionOptions {
  readonly isHealthy: (target: Target, set: SyncSet) => boolean;
  /** Requests a sync of a set. */
  readonly ask: (set: SyncSet) => void;
}

export function createResumption({ isHealthy, ask }: ResumptionOptions): Resumption {
  const expected = new Map<SyncSet, readonly HealthWait[]>();

  /** One request is enough: the next apply says what it waits for. */
  function resume(set: SyncSet): void {
    expected.delete(set);
    ask(set);
  }

  function isOver(set: SyncSet, { targets }: HealthWait): boolean {
    return targets.every((target) => isHealthy(target, set));
  }

  return {
    expect(set, waits) {
      expected.set(set, waits);
      // Its kind did not exist when the sync began, so it is not watched before the next.
      const isUnwatched = ({ targets }: HealthWait) => targets.some(({ needsCrd }) => needsCrd !== undefined);
      // It may have become healthy since it was decided about.
      if (waits.some((wait) => isUnwatched(wait) || isOver(set, wait))) resume(set);
    },
    changed(key) {
      for (const [set, waits] of expected) {
        const concerned = waits.filter(({ targets }) => targets.some((target) => target.key === key));
        if (concerned.some((wait) => isOver(set, wait))) resume(set);
      }
    },
  };
}
