import { beforeEach, describe, expect, test } from 'vitest';
import { createDryRun } from '../../../src/controller/jobs/dry-run.ts';
import { JobQueue } from '../../../src/controller/jobs/jobs.ts';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const cause = { Message: '', User: '' };
const sync = (text = ''): UpdateSpec => ({ type: 'policy', cause: { ...cause, Message: text }, spec: {} });
const source = { noteBlobs: async () => new Map(), notes: async () => new Map() };

let jobs: JobQueue;
beforeEach(() => {
  jobs = new JobQueue(source);
});

describe('the queue of jobs', () => {
  test('knows the state of each of 1,000 jobs that wait, and refuses the next one', async () => {
    const ids = Array.from({ length: 1000 }, () => jobs.add(sync(), 0).id);
    expect(() => jobs.add(sync(), 0)).toThrow(expect.objectContaining({ code: 'job/queue-full', expected: true }));
    const running = jobs.next();
    expect(running?.id).toBe(ids[0]);
    expect(await Promise.all(ids.map((id) => jobs.status(id)))).toEqual([
      { state: 'running', error: '' },
      ...Array(999).fill({ state: 'queued', error: '' }),
    ]);
    expect(jobs.add(sync(), 0).id).toBeTypeOf('string');
  });

  test('holds no more than 32 million characters of what is asked for', () => {
    const million = sync('x'.repeat(1_000_000));
    for (let n = 0; n < 33; n++) jobs.add(million, 0);
    expect(() => jobs.add(million, 0)).toThrow(expect.objectContaining({ code: 'job/queue-full' }));
    jobs.next();
    expect(() => jobs.add(million, 0)).not.toThrow();
  });

  test('dry runs make no job forgotten, and jobs no dry run', async () => {
    const done = jobs.add(sync(), 0).id;
    const calculated = jobs.calculated({ spec: sync() });
    jobs.next();
    jobs.succeed(done, {});
    for (let n = 0; n < 99; n++) jobs.calculated({});
    expect((await jobs.status(done)).state).toBe('succeeded');
    expect((await jobs.status(calculated)).state).toBe('succeeded');
    jobs.calculated({});
    await expect(jobs.status(calculated)).rejects.toMatchObject({ code: 'job/unknown' });
    expect((await jobs.status(done)).state).toBe('succeeded');
  });

  test('when nobody will run them, each of those that wait has failed with the reason', async () => {
    const ids = Array.from({ length: 1000 }, () => jobs.add(sync(), 0).id);
    jobs.failWaiting(new Error('another daemon leads'));
    expect(jobs.length).toBe(0);
    for (const id of ids) expect(await jobs.status(id)).toEqual({ state: 'failed', error: 'another daemon leads' });
  });
});

describe('a dry run', () => {
  const never = () => {
    const signals: AbortSignal[] = [];
    const calculate = (_: UpdateSpec, { signal }: { readonly signal?: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => {
        if (!signal) throw new Error('no signal');
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const clock = new ManualClock();
    return { clock, signals, dryRun: createDryRun({ calculate, timeoutMs: 60_000, clock }) };
  };

  test('has a deadline', async () => {
    const { clock, dryRun } = never();
    const run = expect(dryRun(sync())).rejects.toMatchObject({ code: 'job/timeout' });
    clock.advance(60_000);
    await run;
  });

  test('ends when nobody waits for it any more', async () => {
    const { signals, dryRun } = never();
    const gone = new AbortController();
    const run = expect(dryRun(sync(), { signal: gone.signal })).rejects.toThrow('gone');
    gone.abort(new Error('gone'));
    await run;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('is one of four at most; the next one is asked to come back', async () => {
    const { clock, signals, dryRun } = never();
    const runs = Array.from({ length: 4 }, () => dryRun(sync()));
    await expect(dryRun(sync())).rejects.toMatchObject({ code: 'job/busy', expected: true });
    expect(signals).toHaveLength(4);
    clock.advance(60_000);
    expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    clock.advance(1);
    const again = expect(dryRun(sync())).rejects.toMatchObject({ code: 'job/timeout' });
    clock.advance(60_000);
    await again;
  });
});
