import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger, FluxError, type Logger } from '../../../src/base/index.ts';
import { type BranchAfter, Loop, type LoopSteps, REST_MS } from '../../../src/controller/loop/loop.ts';
import { Watchdog } from '../../../src/controller/loop/watchdog.ts';
import { accept } from '../../../src/git/accept.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

const MINUTE = 60_000;

describe('the loop', () => {
  let clock: ManualClock;
  let ran: string[];
  let rests: number;
  let head: string;
  let jobs: (() => void)[];
  /** What jobs know of the branch; by default its head. */
  let branch: BranchAfter | undefined;
  let failFetch: boolean;
  let trouble: string;
  let expectedTrouble: boolean;
  let stop: AbortController;
  /** Whether it may write; gone when it may not. */
  let term: AbortSignal | undefined;
  let fetching: Promise<void>;
  let running: Promise<void>;
  let loop: Loop;
  let logged: string[];
  let log: Logger;

  const steps: { -readonly [Name in keyof LoopSteps]: LoopSteps[Name] } = {
    fetch: async () => {
      ran.push('fetch');
      const found = head;
      await fetching;
      if (failFetch) throw new FluxError(trouble, { code: 'git/x', expected: expectedTrouble });
      return accept(found);
    },
    fetchFailed: () => void ran.push('fetch failed'),
    sync: async (revision) => void ran.push(`sync ${revision}`),
    job: async () => {
      const job = jobs.shift();
      if (job === undefined) return undefined;
      job();
      return branch ?? { state: 'known', head: accept(head) };
    },
    recordHealth: async () => void ran.push('record health'),
    automate: async () => {
      ran.push('automate');
      return { state: 'known', head: accept(head) };
    },
  };

  const idle = () => until('the loop sleeps', () => clock.sleeping === 1);

  beforeEach(async () => {
    clock = new ManualClock();
    ran = [];
    rests = 0;
    head = 'a';
    jobs = [];
    branch = undefined;
    failFetch = false;
    expectedTrouble = false;
    trouble = 'remote is down';
    logged = [];
    const destination = new Writable({
      write(line: Buffer, _encoding, done) {
        const { msg, err, reason } = JSON.parse(line.toString());
        const why = err?.message ?? reason;
        logged.push(why ? `${msg}: ${why}` : msg);
        done();
      },
    });
    log = await createLogger({ format: 'json', destination });
    stop = new AbortController();
    term = stop.signal;
    fetching = Promise.resolve();
    loop = new Loop({
      steps,
      term: () => term,
      intervals: { fetch: 5 * MINUTE, sync: 7 * MINUTE, automate: 11 * MINUTE },
      clock,
      log,
      watchdog: new Watchdog(clock, 0),
      onRest: () => {
        rests += 1;
      },
    });
    running = loop.run(stop.signal);
    await idle();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  test('starts with a fetch, a sync of what it found, and a look for new images', () => {
    expect(ran).toEqual(['fetch', 'sync a', 'automate']);
  });

  test('automation works on the revision that was synced, not on what a job committed since', async () => {
    const { automate } = steps;
    steps.automate = async (revision) => {
      ran.push(`automate ${revision}`);
      return { state: 'known', head: accept(head) };
    };
    head = 'b';
    jobs = ['c', 'd'].map((commit) => () => {
      ran.push(`job ${commit}`);
      head = commit;
    });
    ran = [];
    loop.ask('fetch', 'sync', 'automate');
    await until('the commits are synced', () => ran.includes('sync d') && clock.sleeping === 1);
    // It has its turn before the next job, however many wait.
    expect(ran).toEqual(['fetch', 'sync b', 'job c', 'sync c', 'automate c', 'job d', 'sync d']);
    steps.automate = automate;
  });

  test('looks for new images rarely while a person has to act first, and at once when a fetch brings a new head', async () => {
    let refused = true;
    const automate = steps.automate;
    steps.automate = async () => {
      ran.push('automate');
      if (!refused) return { state: 'known', head: accept(head) };
      throw new FluxError('protected branch', { code: 'git/push-failed', fault: 'user' });
    };
    ran = [];
    loop.ask('automate');
    await until('refused', () => ran.includes('automate') && clock.sleeping === 1);
    for (let n = 0; n < 60; n += 1) {
      clock.advance(MINUTE);
      await idle();
    }
    expect(ran.filter((step) => step === 'automate').length).toBeLessThan(20);
    refused = false;
    head = 'b';
    ran = [];
    loop.ask('fetch');
    await until('tried', () => ran.includes('automate') && clock.sleeping === 1);
    steps.automate = automate;
  });

  test('syncs at once when a fetch brings a new head, and not when it does not', async () => {
    ran = [];
    clock.advance(5 * MINUTE);
    await until('fetched', () => ran.includes('fetch') && clock.sleeping === 1);
    expect(ran).toEqual(['fetch']);
    head = 'b';
    ran = [];
    clock.advance(5 * MINUTE);
    await until('synced', () => ran.includes('sync b') && clock.sleeping === 1);
  });

  test('tells once that there has been nothing to do for a while, however long that lasts; not while it is kept busy', async () => {
    for (let n = 0; n < 3; n += 1) {
      clock.advance(REST_MS - 1);
      loop.ask('sync');
      await until('synced', () => ran.length === 3 + n + 1 && clock.sleeping === 1);
    }
    expect(rests).toBe(0);
    clock.advance(REST_MS);
    await until('told', () => rests === 1 && clock.sleeping === 1);
    clock.advance(MINUTE);
    loop.ask('sync');
    await until('synced', () => ran.length === 7 && clock.sleeping === 1);
    expect(rests).toBe(1);
    clock.advance(REST_MS);
    await until('told again', () => rests === 2 && clock.sleeping === 1);
  });

  test('where there is always something to do soon, it tells between steps, once a minute', async () => {
    stop.abort();
    await running;
    stop = new AbortController();
    term = stop.signal;
    const every = { fetch: REST_MS, sync: REST_MS, automate: REST_MS };
    const told: number[] = [];
    const onRest = () => void told.push(clock.now());
    const busy = new Loop({
      steps,
      term: () => term,
      intervals: every,
      clock,
      log,
      watchdog: new Watchdog(clock, 0),
      onRest,
    });
    const startedAt = clock.now();
    running = busy.run(stop.signal);
    for (let n = 1; n <= 75; n += 1) {
      await until('it sleeps', () => ran.filter((step) => step === 'automate').length === 1 + n && clock.sleeping === 1);
      clock.advance(REST_MS);
    }
    expect(told.map((at) => at - startedAt)).toEqual([MINUTE, 2 * MINUTE]);
  });

  test('asks made together, and asks made while a step runs, each lead to one run', async () => {
    ran = [];
    loop.ask('sync');
    loop.ask('sync', 'fetch');
    await until('synced', () => ran.length > 0 && clock.sleeping === 1);
    expect(ran).toEqual(['fetch', 'sync a']);
  });

  test('what automation committed is synced without a fetch', async () => {
    const automate = steps.automate;
    steps.automate = async () => {
      head = 'c';
      return { state: 'known', head: accept(head) };
    };
    ran = [];
    loop.ask('automate');
    await until('synced', () => ran.includes('sync c') && clock.sleeping === 1);
    expect(ran).toEqual(['sync c']);
    steps.automate = automate;
  });

  test.each<[string, BranchAfter | undefined, readonly string[]]>([
    ['is synced without a fetch', undefined, ['job', 'sync c']],
    ['is fetched where the mirror may lack it', { state: 'unknown' }, ['job', 'fetch', 'sync c']],
  ])('what a job committed %s', async (_what, known, expected) => {
    branch = known;
    ran = [];
    jobs = [
      () => {
        ran.push('job');
        head = 'c';
      },
    ];
    loop.wake();
    await until('synced', () => ran.includes('sync c') && clock.sleeping === 1);
    expect(ran).toEqual(expected);
  });

  test('a job that is queued while another step runs is not left lying', async () => {
    ran = [];
    jobs = [
      () => {
        jobs.push(() => void ran.push('second'));
        loop.wake();
      },
    ];
    loop.wake();
    await until('both ran', () => ran.includes('second') && clock.sleeping === 1);
  });

  test('R-030: while Git is down the last revision stays the wanted one, and fetching is tried again soon', async () => {
    failFetch = true;
    ran = [];
    loop.ask('fetch', 'sync');
    await until('tried', () => ran.includes('sync a') && clock.sleeping === 1);
    expect(ran).toEqual(['fetch', 'fetch failed', 'sync a']);
    failFetch = false;
    head = 'd';
    clock.advance(2_000);
    await until('recovered', () => ran.includes('sync d'));
  });

  test('trouble that lasts is logged when it begins, when it changes and when it ends', async () => {
    await idle();
    failFetch = true;
    loop.ask('fetch');
    await until('three attempts fail', async () => {
      await clock.advance(30_000);
      return ran.filter((each) => each === 'fetch failed').length >= 3;
    });
    expect(logged).toEqual(['step failed: remote is down']);
    trouble = 'no such host';
    loop.ask('fetch');
    await until('that fails too', () => logged.length > 1);
    failFetch = false;
    loop.ask('fetch');
    await until('a fetch succeeds', () => logged.length > 2);
    expect(logged.slice(1)).toEqual(['step failed: no such host', 'step recovered']);
  });

  test('what is expected, such as that there is no repository yet, is no error', async () => {
    await idle();
    failFetch = true;
    expectedTrouble = true;
    loop.ask('fetch');
    await until('told', () => logged.length > 0);
    expect(logged).toEqual(['step waits: remote is down']);
  });

  test('asked for a sync before it has ever seen a revision, it sleeps until the next fetch', async () => {
    failFetch = true;
    loop.forgetHead();
    loop.ask('sync');
    ran = [];
    await until('tried', () => ran.includes('fetch failed') && clock.sleeping === 1);
    expect(ran).toEqual(['fetch', 'fetch failed']);
  });

  describe('while another daemon writes', () => {
    const lead = (signal: AbortSignal | undefined) => {
      term = signal;
      loop.ask('sync', 'automate');
    };

    test('it fetches at its interval, and does nothing else until it leads', async () => {
      term = undefined;
      head = 'b';
      jobs = [() => void ran.push('job')];
      ran = [];
      loop.ask('sync', 'automate');
      for (const _ of [1, 2]) {
        ran = [];
        clock.advance(5 * MINUTE);
        await until('fetched', () => ran.includes('fetch') && clock.sleeping === 1);
        expect(ran).toEqual(['fetch']);
      }
      ran = [];
      lead(stop.signal);
      await until('all is done', () => ran.includes('job') && ran.includes('automate') && clock.sleeping === 1);
      expect(ran).toEqual(['sync b', 'job', 'automate']);
    });

    test('it syncs nothing that it fetched before the other one stopped writing', async () => {
      term = undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      ran = [];
      fetching = promise;
      loop.ask('fetch');
      await until('it fetches', () => ran.includes('fetch'));
      // The other one fetches and applies this, and is gone.
      head = 'newer';
      fetching = Promise.resolve();
      loop.forgetHead();
      lead(stop.signal);
      resolve();
      await until('synced', () => ran.some((step) => step.startsWith('sync')) && clock.sleeping === 1);
      expect(ran).toEqual(['fetch', 'fetch', 'sync newer', 'automate']);
    });

    test('it syncs nothing that a job of its former term left', async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const { job } = steps;
      steps.job = async () => {
        steps.job = job;
        ran.push('job');
        await promise;
        return { state: 'known', head: accept('older') };
      };
      ran = [];
      loop.wake();
      await until('the job runs', () => ran.includes('job'));
      head = 'newer';
      loop.forgetHead();
      lead(stop.signal);
      resolve();
      await until('synced', () => ran.includes('automate') && clock.sleeping === 1);
      expect(ran).toEqual(['job', 'fetch', 'sync newer', 'automate']);
    });

    test('a step under way ends with the right to write, which is no failure; what was left is done when it is back', async () => {
      const lost = new AbortController();
      term = lost.signal;
      const { sync } = steps;
      let aborted = false;
      steps.sync = (_, { signal }) =>
        new Promise((_resolve, reject) => {
          ran.push('sync');
          signal?.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          });
        });
      ran = [];
      loop.ask('sync');
      await until('it syncs', () => ran.includes('sync'));
      term = undefined;
      lost.abort(new Error('the lease is lost'));
      await idle();
      steps.sync = sync;
      expect(aborted).toBe(true);
      ran = [];
      clock.advance(MINUTE);
      await idle();
      expect(ran).toEqual([]);
      lead(stop.signal);
      await until('synced', () => ran.includes('automate') && clock.sleeping === 1);
      expect(ran).toEqual(['sync a', 'automate']);
    });
  });
});
