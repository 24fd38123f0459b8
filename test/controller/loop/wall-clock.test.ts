import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { begin, remember, silentLogger } from '../../../src/base/index.ts';
import { Loop } from '../../../src/controller/loop/loop.ts';
import { Watchdog } from '../../../src/controller/loop/watchdog.ts';
import { accept } from '../../../src/git/accept.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What may happen to the time of day of a machine, some time after the start. */
const TROUBLES: readonly (readonly [string, (clock: ManualClock) => void])[] = [
  ['is set back by 3 h', (clock) => clock.setBy(-3 * HOUR)],
  ['is set ahead by 3 h', (clock) => clock.setBy(3 * HOUR)],
  ['is set ahead by a year', (clock) => clock.setBy(365 * 24 * HOUR)],
  ['stands still', (clock) => clock.goAt(0)],
  ['goes at double rate', (clock) => clock.goAt(2)],
];

describe.each(TROUBLES)('R-066: when the time of day %s', (_, trouble) => {
  let clock: ManualClock;
  let ran: { readonly step: string; readonly at: number }[];
  let stop: AbortController;
  let watchdog: Watchdog;
  let running: Promise<void>;
  const asleep = () => until('the loop sleeps', () => clock.sleeping === 1);

  beforeEach(async () => {
    clock = new ManualClock();
    ran = [];
    stop = new AbortController();
    watchdog = new Watchdog(clock, 0);
    const note = (step: string) => void ran.push({ step, at: clock.monotonic() });
    const loop = new Loop({
      steps: {
        fetch: async () => {
          note('fetch');
          return accept('a');
        },
        fetchFailed: () => {},
        sync: async () => {
          note('sync');
          return undefined;
        },
        job: async () => undefined,
        recordHealth: async () => undefined,
        automate: async () => {
          note('automate');
          return { state: 'known', head: accept('a') };
        },
      },
      term: () => stop.signal,
      intervals: { fetch: 5 * MINUTE, sync: 7 * MINUTE, automate: 11 * MINUTE },
      clock,
      log: silentLogger(),
      watchdog,
    });
    running = loop.run(stop.signal);
    await asleep();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  test('fetch, sync and automation keep their intervals, and the loop does not seem stuck', async () => {
    const startedAt = clock.monotonic();
    trouble(clock);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(MINUTE);
      await asleep();
      expect(watchdog.stuck()).toBeUndefined();
    }
    const timesOf = (step: string) => ran.filter((each) => each.step === step).map(({ at }) => (at - startedAt) / MINUTE);
    expect(timesOf('fetch')).toEqual(Array.from({ length: 13 }, (_, n) => 5 * n));
    expect(timesOf('sync')).toEqual(Array.from({ length: 9 }, (_, n) => 7 * n));
    expect(timesOf('automate')).toEqual(Array.from({ length: 6 }, (_, n) => 11 * n));
  });

  test('what is remembered for a minute is asked for again after it, and no work takes a negative time', async () => {
    let asked = 0;
    const answer = remember(async () => ++asked, MINUTE, clock);
    const { startedAt, ended } = begin(clock);
    await answer();
    trouble(clock);
    clock.advance(MINUTE - 1);
    expect(await answer()).toBe(1);
    clock.advance(1);
    expect(await answer()).toBe(2);
    expect(ended() - startedAt).toBe(MINUTE);
  });
});
