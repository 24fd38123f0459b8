import type { Clock, ElectionHandlers } from '../../base/index.ts';
import type { Health } from '../daemon/health.ts';
import type { JobQueue } from '../jobs/jobs.ts';
import type { DecisionReport } from '../jobs/report-decisions.ts';
import type { Loop, LoopSteps } from '../loop/loop.ts';
import type { Progress } from '../loop/progress.ts';
import type { Memory } from '../memory/memory.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { Rollouts } from '../rollout/rollouts.ts';
import type { Approvals } from '../sync/approvals.ts';
import type { HealthFollower } from '../sync/health-follower.ts';
import type { ObjectStates } from '../sync/object-states.ts';
import type { SyncReports } from '../sync/sync-reports.ts';
import { following, type Leadership, leading, leadsElsewhere, unknown } from './leadership.ts';

export interface ElectionOptions {
  /** Updates the daemon's knowledge of the election. */
  readonly become: (leadership: Leadership) => void;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
  readonly loop: Loop;
  readonly steps: Pick<LoopSteps, 'fetchFailed'>;
  readonly memory: Pick<Memory, 'forget'>;
  readonly jobs: JobQueue;
  readonly reports: SyncReports;
  readonly progress: Progress;
  readonly objectStates: ObjectStates;
  readonly approvals: Approvals;
  readonly health: Health;
  readonly healthFollower: Pick<HealthFollower, 'close'>;
  readonly decisionReport: Pick<DecisionReport, 'forget'>;
  readonly rollouts: Pick<Rollouts, 'forget'>;
  readonly metrics: Pick<ControllerMetrics, 'leading' | 'queueLength'>;
  readonly clock: Clock;
}

/** The daemon's reactions to a change of the leader. */
export function createElectionHandlers(options: ElectionOptions): ElectionHandlers {
  const { become, stopping, loop, metrics, clock } = options;

  /** Called when another daemon takes over, whose state is unknown here. */
  function forget(): void {
    options.progress.forget();
    options.objectStates.forget();
    options.approvals.update([]);
    options.health.close();
    options.healthFollower.close();
    options.decisionReport.forget();
    options.rollouts.forget();
    options.memory.forget();
  }

  return {
    onLead(term, { afterAnother }) {
      options.memory.forget();
      become(leading(AbortSignal.any([stopping, term])));
      metrics.leading(true);
      term.addEventListener('abort', () => metrics.leading(false), { once: true });
      if (afterAnother) loop.forgetHead();
      loop.ask('sync', 'automate');
    },
    onFollow(leader) {
      become(following(leader));
      metrics.leading(false);
      const refusal = leadsElsewhere(leader);
      options.jobs.failWaiting(refusal);
      metrics.queueLength(options.jobs.length);
      options.reports.failWaiting(refusal, clock.now());
      options.steps.fetchFailed(refusal);
      forget();
    },
    onTrouble(error) {
      become(unknown(error));
      metrics.leading(false);
    },
  };
}
