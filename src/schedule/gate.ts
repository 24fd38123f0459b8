import { parseSchedule, type Schedule } from './schedule.ts';

/** When something may happen: in every window, and in no freeze. */
export interface Gate {
  stateAt(now: number): GateState;
}

export type GateState =
  | { readonly state: 'open' }
  /** Times are in milliseconds since the epoch; `opensAt` is infinity if it never opens, as far as can be seen. */
  | { readonly state: 'closed'; readonly by: 'window' | 'freeze'; readonly text: string; readonly opensAt: number }
  /** A text that is no schedule closes it: a typo must not open what should be closed. */
  | { readonly state: 'invalid'; readonly by: 'window' | 'freeze'; readonly text: string; readonly problem: string };

interface Rule {
  readonly by: 'window' | 'freeze';
  readonly schedule: Schedule;
}

/** How many changes are followed to find when it opens. */
const MAX_STEPS = 20;

/** A gate of any number of windows and freezes, each in the form of `parseSchedule`. */
export function createGate({
  windows,
  freezes,
}: {
  readonly windows: readonly string[];
  readonly freezes: readonly string[];
}): Gate {
  const rules: Rule[] = [];
  for (const [by, texts] of [
    ['freeze', freezes],
    ['window', windows],
  ] as const) {
    for (const text of texts) {
      const schedule = parseSchedule(text);
      if ('problem' in schedule) {
        const state = { state: 'invalid', by, text, problem: schedule.problem } as const;
        return { stateAt: () => state };
      }
      rules.push({ by, schedule });
    }
  }
  let closed: { readonly state: GateState; readonly since: number; readonly until: number } | undefined;
  return {
    stateAt(now) {
      // To find when it opens takes many evaluations.
      if (closed && now >= closed.since && now < closed.until) return closed.state;
      const first = closedAt(rules, now);
      if (!first) return { state: 'open' };
      const { by, schedule } = first.rule;
      const { until } = schedule.stateAt(now);
      const state = { state: 'closed', by, text: schedule.text, opensAt: opening(rules, first) } as const;
      closed = { state, since: now, until };
      return state;
    },
  };
}

interface Closed {
  readonly rule: Rule;
  /** Until when the rule closes the gate; infinity if no end is in sight. */
  readonly until: number;
}

/** The first rule that closes the gate at a time. */
function closedAt(rules: readonly Rule[], now: number): Closed | undefined {
  for (const rule of rules) {
    const { open, until, endless } = rule.schedule.stateAt(now);
    if (open === (rule.by === 'freeze')) return { rule, until: endless ? Number.POSITIVE_INFINITY : until };
  }
  return undefined;
}

/** The first time at which no rule closes the gate. */
function opening(rules: readonly Rule[], first: Closed): number {
  let time = first.until;
  for (let step = 0; step < MAX_STEPS && Number.isFinite(time); step += 1) {
    const closed = closedAt(rules, time);
    if (!closed) return time;
    time = closed.until;
  }
  return Number.POSITIVE_INFINITY;
}
