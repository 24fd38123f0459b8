import { describe, expect, test } from 'vitest';
import type { Blame } from '../../../src/controller/rollout/blame.ts';
import { failureOf, judged, type LiveWorkload, observe, type Trial } from '../../../src/controller/rollout/trial.ts';

const MINUTE = 60_000;
const LIMITS = { deadlineMs: 10 * MINUTE, provenMs: MINUTE };
const NEW: Trial = {
  workload: 'shop:deployment/cart',
  commit: 'c',
  images: [{ container: 'cart', bad: 'acme/cart:2', good: 'acme/cart:1' }],
  state: { name: 'pending' },
};
const FAILURE: Blame = { by: 'image', pod: 'cart-1', container: 'cart', reason: 'CrashLoopBackOff', exitCode: 1 };
const SPARED: Blame = { by: 'surroundings', reason: 'no node' };

/** Shows the workload to the trial at times in minutes, and answers a question for its pods. */
function run(...looks: readonly (readonly [minute: number, status: string, image?: string | undefined, blame?: Blame])[]) {
  let trial = NEW;
  const steps: string[] = [];
  for (const [minute, status, image = 'acme/cart:2', blame = FAILURE] of looks) {
    const live: LiveWorkload = { status, containers: [{ name: 'cart', image }] };
    const step = observe(trial, live, minute * MINUTE, LIMITS);
    steps.push(step.next);
    if (step.next === 'passed') break;
    trial = step.next === 'judge' ? judged(step.trial, blame, minute * MINUTE) : step.trial;
  }
  return { steps, trial };
}

describe('a trial', () => {
  test('waits until the cluster has the image, and its time begins then', () => {
    const { steps, trial } = run([0, 'ready', 'acme/cart:1'], [100, 'updating'], [109, 'updating'], [110, 'updating']);
    expect(steps).toEqual(['wait', 'wait', 'wait', 'judge']);
    expect(failureOf(trial)).toEqual(FAILURE);
  });

  test('is passed when the workload has been ready for a minute without interruption', () => {
    expect(run([0, 'updating'], [1, 'ready'], [2, 'ready']).steps).toEqual(['wait', 'wait', 'passed']);
    expect(run([0, 'ready'], [0.5, 'updating'], [1, 'ready'], [1.5, 'ready'], [2, 'ready']).steps).toEqual([
      'wait',
      'wait',
      'wait',
      'wait',
      'passed',
    ]);
  });

  test('is judged before its deadline when Kubernetes gives up', () => {
    expect(run([0, 'updating'], [1, 'error']).steps).toEqual(['wait', 'judge']);
  });

  test('spares what is not the fault of the image, and looks again', () => {
    const { steps, trial } = run(
      [0, 'updating'],
      [10, 'updating', undefined, SPARED],
      [10.5, 'updating'],
      [11, 'updating', undefined, SPARED],
      [12, 'updating'],
    );
    expect(steps).toEqual(['wait', 'judge', 'wait', 'judge', 'judge']);
    expect(failureOf(trial)).toEqual(FAILURE);
  });

  test('is not reverted while the workload is ready after all, and passes', () => {
    const failed = run([0, 'updating'], [10, 'updating'], [11, 'ready']);
    expect([failed.steps, failureOf(failed.trial)]).toEqual([['wait', 'judge', 'wait'], undefined]);
    expect(run([0, 'updating'], [10, 'updating'], [11, 'ready'], [12, 'ready']).steps.at(-1)).toBe('passed');
    expect(failureOf(run([0, 'updating'], [10, 'updating'], [11, 'ready'], [11.5, 'updating']).trial)).toEqual(FAILURE);
  });

  test('begins again when the cluster had another image in between', () => {
    expect(
      run([0, 'updating'], [9, 'updating', 'acme/cart:1'], [10, 'updating'], [19, 'updating'], [20, 'updating']).steps,
    ).toEqual(['wait', 'wait', 'wait', 'wait', 'judge']);
  });

  test('waits for a workload that is not there', () => {
    expect(observe(NEW, undefined, 0, LIMITS)).toEqual({ next: 'wait', trial: NEW });
  });
});
