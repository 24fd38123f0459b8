import { type Cancellable, type Logger, yieldTurn } from '../../base/index.ts';
import { countOutcomes, isHeldDeletion } from '../../change/index.ts';
import type { Notifier } from '../../notify/index.ts';
import type { MinAge } from '../../policy/index.ts';
import type { Health } from '../daemon/health.ts';
import { imageTargets } from '../jobs/image-targets.ts';
import type { DecisionReport } from '../jobs/report-decisions.ts';
import type { Progress } from '../loop/progress.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Rollouts } from '../rollout/rollouts.ts';
import type { HealthFollower } from './health-follower.ts';
import type { SyncHistory } from './history.ts';
import { createOutcomeLog } from './log-outcome.ts';
import type { ObjectStates } from './object-states.ts';
import { recordOf } from './record-of.ts';
import { createSyncEvents } from './sync-events.ts';
import type { SyncOutcome } from './sync-outcome.ts';

export interface Audience {
  readonly progress: Pick<Progress, 'done'>;
  readonly objectStates: Pick<ObjectStates, 'synced'>;
  readonly health: Pick<Health, 'synced'>;
  readonly healthFollower: Pick<HealthFollower, 'synced'>;
  readonly decisionReport: Pick<DecisionReport, 'synced'>;
  readonly history: Pick<SyncHistory, 'synced'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly metrics: Pick<ControllerMetrics, 'synced'>;
  readonly images: Pick<ImageWatch, 'watch'>;
  readonly rollouts: Pick<Rollouts, 'synced'>;
  /** False: no image is watched. */
  readonly automation: boolean;
  /** Minimum age of images without one of their own. */
  readonly minAge: MinAge;
  /** This program and its version, as records name it. */
  readonly daemon: string;
  readonly log: Logger;
}

/**
 * Publishes a sync to everything that reports or uses it. It is called before the record is pushed, so that a client that sees the sync
 * tag move finds the sync in every answer of the API. Others have their turn in between: a sync may have thousands of objects.
 */
export function createPublished(audience: Audience): (outcome: SyncOutcome, cancel?: Cancellable) => Promise<void> {
  const { progress, objectStates, health, healthFollower, decisionReport, history, notifier, metrics, images } = audience;
  const { rollouts, automation, minAge, daemon, log } = audience;
  const logOutcome = createOutcomeLog();
  const syncEvents = createSyncEvents();
  return async (outcome, { signal } = {}) => {
    const { revision, changes, errors, workloads } = outcome;
    progress.done(outcome);
    objectStates.synced(outcome);
    health.synced(outcome);
    await yieldTurn(signal);
    history.synced(recordOf(outcome, daemon));
    await yieldTurn(signal);
    metrics.synced({
      revision,
      outcomes: countOutcomes(changes),
      refused: errors.length,
      corrections: changes.filter(({ drift }) => drift).length,
      heldDeletions: changes.filter(isHeldDeletion).length,
    });
    logOutcome(outcome, log);
    await yieldTurn(signal);
    notifier.notify({ events: syncEvents.of(outcome), sync: { revision, changes } });
    await yieldTurn(signal);
    if (automation) images.watch(imageTargets(workloads, minAge));
    decisionReport.synced(outcome);
    // What runs may be of a later revision.
    if (outcome.onlyRecorded) return;
    await healthFollower.synced(outcome);
    if (automation) await rollouts.synced(outcome, signal ? { signal } : {});
  };
}
