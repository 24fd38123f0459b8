import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { Loop, type LoopSteps } from '../../../src/controller/loop/loop.ts';
import { Watchdog } from '../../../src/controller/loop/watchdog.ts';
import { accept } from '../../../src/git/accept.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

const MINUTE = 60_000;
const EXTRA = 2 * MINUTE;

describe('whether the loop gets on', () => {
  let clock: ManualClock;
  let watchdog: Watchdog;
  let stop: AbortController;
  let running: Promise<void>;
  let hanging: Partial<Record<keyof LoopSteps, true>>;
  let entered: string[];

  /** Ends when the daemon is stopped, as what is stuck in truth does not. */
  const never = ({ signal }: { readonly signal?: AbortSignal }) =>
    new Promise<never>((resolve) => signal?.addEventListener('abort', () => resolve(undefined as never)));

  function start(): void {
    const step =
      <T>(name: keyof LoopSteps, answer: T) =>
      async (...args: readonly unknown[]): Promise<T> => {
        entered.push(name);
        return hanging[name] ? never(args.at(-1) as { readonly signal: AbortSignal }) : answer;
      };
    const steps: LoopSteps = {
      fetch: step('fetch', accept('a')),
      fetchFailed: () => undefined,
      sync: step('sync', undefined),
      job: step('job', undefined),
      recordHealth: step('recordHealth', undefined),
      automate: step('automate', { state: 'known', head: accept('a') }),
    };
    const intervals = { fetch: 24 * 60 * MINUTE, sync: 24 * 60 * MINUTE, automate: 24 * 60 * MINUTE };
    running = new Loop({ steps, term: () => stop.signal, intervals, clock, log: silentLogger(), watchdog }).run(stop.signal);
  }

  beforeEach(() => {
    clock = new ManualClock();
    watchdog = new Watchdog(clock, EXTRA);
    stop = new AbortController();
    hanging = {};
    entered = [];
  });

  afterEach(async () => {
    stop.abort(new Error('stopped'));
    await running;
  });

  test.each(['fetch', 'sync', 'job', 'automate'] as const)(
    'a %s that never ends is said, with its name, but not too soon',
    async (name) => {
      hanging = { [name]: true };
      start();
      await until('it hangs', () => entered.includes(name));
      clock.advance(32 * MINUTE);
      expect(watchdog.stuck()).toBeUndefined();
      clock.advance(MINUTE);
      expect(watchdog.stuck()).toBe(`the loop has done nothing for 33 minutes; it is in step "${name}"`);
    },
  );

  test('each thing done puts it off', async () => {
    hanging = { sync: true };
    start();
    await until('it is busy', () => entered.includes('sync'));
    for (let i = 0; i < 20; i += 1) {
      clock.advance(32 * MINUTE);
      expect(watchdog.stuck()).toBeUndefined();
      watchdog.beat();
    }
  });

  test('a loop that has nothing to do for a day is well, and one that does not wake up is not', async () => {
    start();
    await until('the loop sleeps', () => clock.sleeping === 1);
    clock.advance(23 * 60 * MINUTE);
    expect(watchdog.stuck()).toBeUndefined();
    const late = new Watchdog(clock, EXTRA);
    late.rest(60 * MINUTE);
    clock.advance(60 * MINUTE + 33 * MINUTE);
    expect(late.stuck()).toMatch(/33 minutes; it is asleep/);
  });
});
