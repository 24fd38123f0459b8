import { type Cancellable, type Clock, FluxError } from '../base/index.ts';
import { GitHostError } from './api.ts';

/** Takes each step, and resolves to the failures that a user has to correct: without a label, a request may still have reviewers. */
export async function takeEach(steps: readonly (() => Promise<unknown>)[]): Promise<readonly FluxError[]> {
  const failures: FluxError[] = [];
  for (const step of steps)
    try {
      await step();
    } catch (error) {
      if (!(error instanceof FluxError) || error.fault !== 'user') throw error;
      failures.push(error);
    }
  return failures;
}

const WAITS_MS = [1_000, 3_000, 9_000];

/** Repeats a request for a merge: hosts decide in the background whether a new request can be merged, and answer `notYet` until then. */
export async function onceDecided(
  merge: () => Promise<unknown>,
  notYet: readonly number[],
  { clock, cancel }: { readonly clock: Clock; readonly cancel: Cancellable | undefined },
): Promise<void> {
  for (const waitMs of [...WAITS_MS, undefined]) {
    try {
      await merge();
      return;
    } catch (error) {
      if (!(error instanceof GitHostError) || !notYet.includes(error.status) || waitMs === undefined) throw error;
      await clock.sleep(waitMs, cancel);
    }
  }
}

/** Reviewers as GitHub and Gitea expect them; `org/team` is a team. */
export function peopleAndTeams(reviewers: readonly string[]): {
  readonly reviewers: readonly string[];
  readonly team_reviewers: readonly string[];
} {
  const isTeam = (each: string) => each.includes('/');
  return {
    reviewers: reviewers.filter((each) => !isTeam(each)),
    team_reviewers: reviewers.filter(isTeam).map((each) => each.replace(/^.*\//, '')),
  };
}
