import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { patientRecorder } from '../../../src/controller/sync/patient-recorder.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { outcomeOf } from '../../support/outcome.ts';

const HOUR = 3_600_000;

/** Pushes that are tried within an hour in which a sync comes every ten seconds. */
async function pushesIn(hours: number, failure: FluxError | undefined, revisionAt: (second: number) => string = () => 'a') {
  const clock = new ManualClock();
  const pushes: number[] = [];
  const startedAt = clock.monotonic();
  const push = async () => {
    pushes.push(clock.monotonic() - startedAt);
    if (failure) throw failure;
  };
  const recorder = patientRecorder({ record: push, claim: push, recordHealth: async () => true }, clock);
  const errors = new Set<unknown>();
  for (let ms = 0; ms < hours * HOUR; ms += 10_000) {
    await recorder.record(outcomeOf({ revision: revisionAt(ms / 1000) })).catch((error: unknown) => errors.add(error));
    clock.advance(10_000);
  }
  return { pushes, errors };
}

describe('recording', () => {
  const refused = new FluxError('protected', { code: 'git/push-failed', fault: 'user' });

  test('what the host refuses is pushed ever more rarely, at last every ten minutes, and always told by the same error', async () => {
    const { pushes, errors } = await pushesIn(3, refused);
    expect(pushes.length).toBeLessThan(45);
    const pauses = pushes.slice(1).map((at, index) => at - (pushes[index] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(610_000);
    expect(Math.min(...pauses.slice(-5))).toBeGreaterThanOrEqual(300_000);
    expect([...errors]).toEqual([refused]);
  });

  test('a new revision is pushed at once', async () => {
    const { pushes } = await pushesIn(1, refused, (second) => (second < 1800 ? 'a' : 'b'));
    expect(pushes.some((at) => at >= 1_800_000 && at < 1_810_000)).toBe(true);
  });

  test('what failed on the way is tried each time', async () => {
    const { pushes } = await pushesIn(1, new FluxError('hung up', { code: 'git/push-unanswered' }));
    expect(pushes).toHaveLength(360);
  });
});
