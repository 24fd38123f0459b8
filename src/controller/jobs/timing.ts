import type { Clock } from '../../base/index.ts';
import type { MinAge } from '../../policy/index.ts';
import type { Gates } from '../../schedule/index.ts';
import type { FailedRollouts, ProposalLookup, Timing } from '../../update/index.ts';
import type { AutomationMemory } from '../memory/automation-memory.ts';
import type { Source } from '../ports/source.ts';
import type { PendingUpdates } from './pending-updates.ts';

export interface TimingOptions {
  /** Windows and freezes of automation. */
  readonly gates: Gates;
  /** Minimum age of images without one of their own. */
  readonly minAge: MinAge;
  readonly memory: AutomationMemory;
  readonly pending: PendingUpdates;
  readonly rollouts: FailedRollouts;
  readonly source: Pick<Source, 'access'>;
  readonly proposals?: ProposalLookup | undefined;
  readonly clock: Clock;
}

/** When automation may commit, as of each call. */
export function createTiming({
  gates,
  minAge,
  memory: { memory, seen, suspension },
  pending,
  rollouts,
  source,
  proposals,
  clock,
}: TimingOptions): () => Timing {
  return () => ({
    gates,
    gathering: pending.gathering,
    rollouts,
    proposals,
    now: clock.now(),
    ages: { byDefault: minAge, seen: seen.value, inProcess: memory.keeping.in === 'process' },
    suspension: suspension.value,
    readOnly: source.access === 'read-only',
  });
}
