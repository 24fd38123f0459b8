import { type Cancellable, type Logger, redact, yieldTurn } from '../../base/index.ts';
import { type Change, countBy, type ObjectEvent } from '../../change/index.ts';
import { formatImageRef } from '../../image/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import { type DecidedContainer, type Decision, describeDecision, kindOf } from '../../update/index.ts';
import type { ControllerMetrics } from '../metrics.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { SyncOutcome } from '../sync/sync-outcome.ts';

/** Reports what automation decided about each container: in metrics, and when it changes in the log and in Kubernetes Events. */
export interface DecisionReport {
  decided(decisions: readonly DecidedContainer[], revision: Revision, cancel?: Cancellable): Promise<void>;
  /** A sync ended; Events are about its objects. */
  synced(outcome: Pick<SyncOutcome, 'changes' | 'workloads'>): void;
  /** Another daemon leads. */
  forget(): void;
}

export interface DecisionReportOptions {
  readonly cluster: Pick<Cluster, 'recordEvents'>;
  readonly metrics: Pick<ControllerMetrics, 'decided'>;
  readonly log: Logger;
}

export function createDecisionReport({ cluster, metrics, log }: DecisionReportOptions): DecisionReport {
  /** The last report of each container. */
  let reported: ReadonlyMap<string, string> = new Map();
  let changes: ReadonlyMap<ResourceId, Change> = new Map();

  return {
    async decided(decisions, revision, { signal } = {}) {
      await yieldTurn(signal);
      const counts = countBy(decisions, ({ decision }) => `${decision.state} ${kindOf(decision)}`);
      metrics.decided(
        Object.entries(counts).map(([key, count = 0]) => {
          const [state = '', reason = ''] = key.split(' ');
          return { state, reason, count };
        }),
      );
      const now = new Map<string, string>();
      const events: ObjectEvent[] = [];
      for (const decided of decisions) {
        const { workload, container, decision } = decided;
        if (!isNotable(decision)) continue;
        const key = `${workload} ${container}`;
        const identity = identityOf(decision);
        now.set(key, identity);
        if (reported.get(key) === identity) continue;
        await yieldTurn(signal);
        logDecision(decided, log);
        const change = changes.get(workload);
        const isGathering = decision.state === 'waiting' && decision.for.kind === 'gathering';
        const event = isGathering ? undefined : EVENTS[decision.state];
        if (change && event) {
          const note = redact(`${container}: ${describeDecision(decision)}`);
          events.push({ change, revision, action: 'UpdateImage', note, ...event });
        }
      }
      reported = now;
      if (events.length > 0) cluster.recordEvents(events);
    },

    synced({ changes: all, workloads }) {
      changes = new Map(all.flatMap((change) => (change.inGit && workloads.has(change.id) ? [[change.id, change]] : [])));
    },

    forget() {
      reported = new Map();
      changes = new Map();
    },
  };
}

const EVENTS: Readonly<Record<Decision['state'], Pick<ObjectEvent, 'reason' | 'type'> | undefined>> = {
  current: undefined,
  update: undefined,
  waiting: { reason: 'ImageUpdateWaits', type: 'Normal' },
  held: { reason: 'ImageUpdateHeld', type: 'Warning' },
  unknown: { reason: 'ImageUpdateUnknown', type: 'Warning' },
};

/** What makes a decision another one: its reason and what it is about, without the times and counts that change by themselves. */
function identityOf(decision: Decision): string {
  return [decision.state, kindOf(decision), ...aboutOf(decision)].join('\n');
}

function aboutOf(decision: Decision): readonly string[] {
  switch (decision.state) {
    case 'waiting':
      return [formatImageRef(decision.target), 'text' in decision.for ? decision.for.text : ''];
    case 'held':
      return decision.by.kind === 'reverts-exhausted' ? [] : [describeDecision(decision)];
    case 'unknown':
      if ('tag' in decision.why) return [decision.why.tag];
      return 'newest' in decision.why ? [decision.why.newest] : [];
    case 'current':
    case 'update':
      return [describeDecision(decision)];
  }
}

function logDecision({ decision, ...container }: DecidedContainer, log: Logger): void {
  const what = { ...container, reason: describeDecision(decision) };
  if (decision.state === 'waiting') log.info(what, 'update waits');
  // A person wants it so.
  else if (decision.state === 'held' && decision.by.kind === 'banned') log.info(what, 'container not updated');
  else log.warn(what, 'container not updated');
}

/** What the next scan will know. */
function isEarly(why: Extract<Decision, { readonly state: 'unknown' }>['why']): boolean {
  return why.kind === 'not-scanned' || (why.kind === 'unverified' && why.because === undefined);
}

/** A container that is up to date, or whose image has not been scanned yet, is nothing to report. */
function isNotable(decision: Decision): boolean {
  if (decision.state === 'current') return decision.because === 'not-newer';
  // A suspension is logged once, and the scanner logs what it cannot read.
  if (decision.state === 'held') return decision.by.kind !== 'suspended' && decision.by.kind !== 'digest-unknown';
  if (decision.state === 'unknown') return !isEarly(decision.why);
  return decision.state === 'waiting';
}
