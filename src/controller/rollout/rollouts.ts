import { asFluxError, type Cancellable, type Clock, type Logger } from '../../base/index.ts';
import { policiesOf } from '../../policy/index.ts';
import { Recent } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import { type FailedRollouts, revertsOnFailure } from '../../update/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Source } from '../ports/source.ts';
import type { SyncOutcome } from '../sync/sync-outcome.ts';
import { blameOf } from './blame.ts';
import { type DueRevert, describeFailure, revertOf } from './due-revert.ts';
import { findTrials, isOver } from './find-trials.ts';
import { readRecent } from './recent.ts';
import type { RevertBudget } from './revert-budget.ts';
import { failureOf, judged, observe, type Trial } from './trial.ts';

export interface RolloutsOptions {
  readonly source: Pick<Source, 'commits' | 'notes' | 'syncRecords'>;
  readonly cluster: Pick<Cluster, 'workloads' | 'pods'>;
  /** Shared by the sources of the daemon. */
  readonly budget: RevertBudget;
  /** `--automation-revert`. */
  readonly byDefault: boolean;
  /** `--automation-revert-deadline`. */
  readonly deadlineMs: number;
  /** How long a workload has to be ready to be healthy. */
  readonly provenMs: number;
  /** `--automation-revert-messages`. */
  readonly withMessages: boolean;
  /** Called when a revert is due. */
  readonly onFailure: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The rollouts of automation's updates: followed until they are healthy, or to be reverted. */
export interface Rollouts extends FailedRollouts {
  /** Learns of a sync. */
  synced(outcome: SyncOutcome, options?: Cancellable): Promise<void>;
  /** The revert that is due, if there is one: of one commit, so that it is one commit too. */
  due(): DueRevert | undefined;
  /** A due revert was committed as this revision, with these of its workloads. */
  reverted(revert: DueRevert, revision: Revision, isDone: (workload: ResourceId) => boolean): void;
  /** Workloads were not reverted; they are judged again later. */
  declined(trials: readonly Trial[], reason: string): void;
  /** Trials are over: a person has committed the images since. */
  end(trials: readonly Trial[]): void;
  /** What is followed. */
  trials(): readonly Trial[];
  /** Forgets all, because another daemon continues. */
  forget(): void;
  close(): void;
}

/** How old an update may be that a restarted daemon follows again: older ones have proven themselves. */
const MAX_AGE_MS = 24 * 3_600_000;
const PODS = 50;
const MAX_ENDED = 1000;

export function createRollouts(options: RolloutsOptions): Rollouts {
  const { source, cluster, budget, byDefault, deadlineMs, provenMs, withMessages, onFailure, clock, log } = options;
  const intervalMs = Math.min(5_000, Math.max(200, deadlineMs / 20));
  let trials: ReadonlyMap<ResourceId, Trial> = new Map();
  /** Workloads of which none wants reverts, so that no history is read. */
  let withoutReverts: SyncOutcome['workloads'] | undefined;
  let hasHistory = false;
  let wasExhausted = false;
  /** Trials that are over, which a sync may find again while the sync tag is blocked. */
  const ended = new Recent<true>(MAX_ENDED);
  let following: AbortController | undefined;

  function set(trial: Trial): void {
    trials = new Map([...trials, [trial.workload, trial]]);
  }

  function end(over: readonly Trial[]): void {
    for (const trial of over) ended.set(keyOf(trial), true);
    trials = new Map([...trials].filter(([, trial]) => !over.includes(trial)));
  }

  /** Begins trials, unless they are under way or over. */
  function begin(found: readonly Trial[]): void {
    for (const trial of found) {
      if (trials.get(trial.workload)?.commit !== trial.commit && ended.get(keyOf(trial)) === undefined) set(trial);
    }
  }

  /** Updates that an earlier process, or another daemon, made. */
  async function readHistory(revision: Revision, workloads: SyncOutcome['workloads'], cancel: Cancellable): Promise<void> {
    try {
      const since = clock.now() - MAX_AGE_MS;
      const recent = await readRecent(source, { revision, since, workloads, byDefault }, cancel);
      hasHistory = true;
      for (const { revision: revert, at } of recent.reverts) budget.spend(revert, at);
      begin(recent.trials.filter(({ workload }) => !trials.has(workload)));
    } catch (error) {
      cancel.signal?.throwIfAborted();
      log.warn({ err: error }, 'reading earlier image updates failed; the next sync tries again');
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (trials.size > 0) {
      try {
        await look(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: asFluxError(error, { code: 'rollout/unknown' }).message }, 'looking at rollouts failed; retrying');
      }
      if (trials.size > 0) await clock.sleep(intervalMs, { signal });
    }
    following = undefined;
  }

  async function look(signal: AbortSignal): Promise<void> {
    const live = new Map((await cluster.workloads({ ids: [...trials.keys()] }, { signal })).map((each) => [each.id, each]));
    for (const trial of [...trials.values()]) {
      const step = observe(trial, live.get(trial.workload), clock.monotonic(), { deadlineMs, provenMs });
      if (trials.get(trial.workload) !== trial) continue;
      if (step.next === 'passed') {
        log.info({ workload: trial.workload, commit: trial.commit }, 'updated workload is healthy');
        end([trial]);
        continue;
      }
      set(step.trial);
      if (step.next === 'judge') await judge(step.trial, signal);
    }
    const isExhausted = exhaustedUntil() !== undefined;
    if (wasExhausted && !isExhausted && failed().length > 0) onFailure();
    wasExhausted = isExhausted;
  }

  async function judge(trial: Trial, signal: AbortSignal): Promise<void> {
    const { workload, commit, images } = trial;
    const pods = await cluster.pods(workload, { limit: PODS, signal });
    const blame = blameOf(pods, new Map(images.map(({ container, bad }) => [container, bad])));
    if (trials.get(workload) !== trial) return;
    const next = judged(trial, blame, clock.monotonic());
    set(next);
    const failure = failureOf(next);
    if (failure) {
      log.warn({ workload, commit, reason: describeFailure(failure, false) }, 'updated workload failed');
      // Once: a revert that fails is retried by the loop, with growing delays.
      if (exhaustedUntil() === undefined) onFailure();
    } else if (blame.by !== 'image')
      log.info({ workload, commit, reason: blame.reason }, 'updated workload is not ready; not reverted');
  }

  const exhaustedUntil = () => budget.exhaustedUntil(clock.now());
  const failed = () => [...trials.values()].filter((trial) => failureOf(trial));

  return {
    async synced(outcome, cancel = {}) {
      const { revision, newCommits, workloads } = outcome;
      const known = { workloads, byDefault };
      end([...trials.values()].filter((trial) => isOver(trial, known)));
      if (newCommits.state === 'read') begin(findTrials(newCommits.commits, known));
      if (!hasHistory && workloads !== withoutReverts) {
        if (isWantedBy(workloads, byDefault)) await readHistory(revision, workloads, cancel);
        else withoutReverts = workloads;
      }
      if (trials.size === 0 || following) return;
      following = new AbortController();
      const { signal } = following;
      follow(signal).catch((error: unknown) => {
        if (!signal.aborted) log.error({ err: error }, 'following rollouts ended');
      });
    },

    due() {
      if (exhaustedUntil() !== undefined) return undefined;
      const [first, ...others] = failed();
      if (!first) return undefined;
      const ofCommit = [first, ...others.filter(({ commit }) => commit === first.commit)];
      return revertOf(first.commit, ofCommit, { withMessages });
    },

    reverted(revert, revision, isDone) {
      budget.spend(revision, clock.now());
      end(revert.trials.filter(({ workload }) => isDone(workload)));
    },

    declined(left, reason) {
      const now = clock.monotonic();
      for (const trial of left) if (trials.get(trial.workload) === trial) set(judged(trial, { by: 'unknown', reason }, now));
    },

    end,
    trials: () => [...trials.values()],
    revertHeldUntil(workload) {
      const trial = trials.get(workload);
      return trial && failureOf(trial) ? exhaustedUntil() : undefined;
    },

    forget() {
      following?.abort();
      following = undefined;
      trials = new Map();
      withoutReverts = undefined;
      hasHistory = false;
    },

    close: () => following?.abort(),
  };
}

function keyOf({ commit, workload }: Trial): string {
  return `${commit} ${workload}`;
}

function isWantedBy(workloads: SyncOutcome['workloads'], byDefault: boolean): boolean {
  for (const { object } of workloads.values())
    if (revertsOnFailure(policiesOf(object.metadata.annotations), byDefault)) return true;
  return false;
}
