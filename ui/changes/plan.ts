import type { Rehearsed, Update } from './act.ts';
import { type Door, type JobResult, runJob } from './job.ts';
import type { Failure } from './outcome.ts';
import { dryRunRequest } from './spec.ts';

/** What a dry run showed. */
export interface Plan {
  readonly updates: readonly (Update & { readonly id: string })[];
  /** What else is said of a workload: why it stays as it is, which image is banned, or that automation will update it again. */
  readonly notes: readonly { readonly id: string; readonly text: string }[];
}

/** Asks what an act would do. Nothing is changed, so an answer that is lost does no harm. */
export async function rehearse(act: Rehearsed, door: Door): Promise<{ readonly kind: 'planned'; readonly plan: Plan } | Failure> {
  const job = await runJob(dryRunRequest(act), door);
  return job.kind === 'succeeded' ? { kind: 'planned', plan: planOf(job.result) } : job;
}

function planOf({ result = {} }: JobResult): Plan {
  const all = Object.entries(result).filter(([, { Status }]) => Status !== 'ignored');
  return {
    updates: all.flatMap(([id, { Status, PerContainer }]) =>
      Status !== 'success'
        ? []
        : (PerContainer ?? []).map(({ Container, Current, Target }) => ({
            id,
            container: Container,
            current: Current,
            target: Target,
          })),
    ),
    notes: all.flatMap(([id, { Error: text }]) => (text === undefined || text === UP_TO_DATE ? [] : [{ id, text }])),
  };
}

/** Flux v1's words for a workload of which nothing is to be said. */
const UP_TO_DATE = 'image(s) up to date';
