import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { bar, createProgress } from '../../src/cli/progress.ts';

/** A clock whose sleeps end when the test says so, and a terminal that keeps what is written. */
function terminal({ animated = true, columns = 80 } = {}) {
  const written: string[] = [];
  let now = 0;
  let wake: (() => void) | undefined;
  const clock = {
    ...systemClock,
    now: () => now,
    monotonic: () => now,
    sleep: (ms: number, { signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise<void>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        wake = () => {
          now += ms;
          resolve();
        };
      }),
  };
  const output = { isTTY: animated, columns, write: (text: string) => written.push(text) };
  return {
    ...createProgress({ stdout: output, stderr: output, clock, animated }),
    written,
    /** Lets the time of one frame pass. */
    async frame() {
      wake?.();
      await new Promise(setImmediate);
    },
    later(ms: number) {
      now += ms;
    },
  };
}
const ERASE = '\r\u001b[K';

describe('progress', () => {
  test('is redrawn on one line, and gone when the work is done', async () => {
    const { progress, written, frame } = terminal();
    const work = Promise.withResolvers<string>();
    let state = 'waiting';
    const result = progress.during(work.promise, () => state);
    expect(written).toEqual([]);
    await frame();
    state = 'running';
    await frame();
    work.resolve('done');
    expect(await result).toBe('done');
    expect(written).toEqual([`${ERASE}⠋ waiting`, `${ERASE}⠙ running`, ERASE]);
  });

  test('makes room for what is written, and comes back below it', async () => {
    const { progress, stdout, stderr, written, frame } = terminal();
    const work = Promise.withResolvers<void>();
    const result = progress.during(work.promise, () => 'waiting');
    await frame();
    stdout.write('a row\n');
    stderr.write('a word');
    await frame();
    stderr.write(' more\n');
    await frame();
    work.resolve();
    await result;
    expect(written.slice(1)).toEqual([ERASE, 'a row\n', 'a word', ' more\n', `${ERASE}⠹ waiting`, ERASE]);
  });

  test('says how long it takes, on one line, without what could drive it', async () => {
    const { progress, written, frame, later } = terminal({ columns: 20 });
    const work = Promise.withResolvers<void>();
    const result = progress.during(work.promise, () => 'wait\u001b[2J\n');
    later(62_000);
    await frame();
    work.resolve();
    await result;
    expect(written[0]).toBe(`${ERASE}⠋ wait  (62s)`);
  });

  test('is cut to the width of the terminal', async () => {
    const { progress, written, frame } = terminal({ columns: 20 });
    const work = Promise.withResolvers<void>();
    const result = progress.during(work.promise, () => 'x'.repeat(100));
    await frame();
    work.resolve();
    await result;
    expect(written[0]).toBe(`${ERASE}⠋ ${'x'.repeat(17)}`);
  });

  test('a failure of the work is its own', async () => {
    const { progress, written, frame } = terminal();
    const work = Promise.withResolvers<void>();
    const result = progress.during(work.promise, () => 'waiting');
    await frame();
    work.reject(new Error('no'));
    await expect(result).rejects.toThrow('no');
    expect(written.at(-1)).toBe(ERASE);
  });

  test('elsewhere nothing is drawn', async () => {
    const { progress, stdout, written } = terminal({ animated: false });
    expect(await progress.during(Promise.resolve(1), () => 'waiting')).toBe(1);
    stdout.write('a row\n');
    expect(written).toEqual(['a row\n']);
  });

  test.each([
    [0, 0, '[####################] 0/0'],
    [0, 3, '[--------------------] 0/3'],
    [1, 3, '[######--------------] 1/3'],
    [3, 3, '[####################] 3/3'],
  ])('%i of %i', (done, all, drawn) => {
    expect(bar(done, all)).toBe(drawn);
  });
});
