import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBuffer, lastOf, MAX_KEPT, MAX_KEPT_CHARACTERS } from '../../../ui/logs/log-buffer.ts';

describe('the lines of a log', () => {
  test('are kept with their times, apart from them', () => {
    const buffer = new LogBuffer();
    buffer.add(['2030-01-01T00:00:00.000000001Z one 2', '2030-01-01T00:00:00.5+02:00 ', 'unable to read']);
    expect(buffer.matching('', 3)).toEqual([
      { number: 0, time: '2030-01-01T00:00:00.000000001Z', text: 'one 2' },
      { number: 1, time: '2030-01-01T00:00:00.5+02:00', text: '' },
      { number: 2, time: '', text: 'unable to read' },
    ]);
  });

  test('are found by their text, not by their time, in any case, up to a line', () => {
    const buffer = new LogBuffer();
    buffer.add(['2030-01-01T00:00:00Z GET /a', '2030-01-01T00:00:00Z PUT /a', '2030-01-01T00:00:00Z get /b']);
    const found = (filter: string, before: number) => buffer.matching(filter, before).map(({ number }) => number);
    expect([found('get', 3), found('GET', 2), found('2030', 3), found('', 1)]).toEqual([[0, 2], [0], [], [0]]);
  });

  test('are no more than are kept, and those that are gone are counted', () => {
    const buffer = new LogBuffer();
    for (let at = 0; at < 50_000; at += 1_000) buffer.add(Array.from({ length: 1_000 }, (_, index) => `line ${at + index}`));
    const kept = buffer.matching('', Number.POSITIVE_INFINITY);
    expect([buffer.added, kept.at(-1)?.text]).toEqual([50_000, 'line 49999']);
    expect(kept.length).toBeLessThanOrEqual(1.2 * MAX_KEPT);
    expect(buffer.dropped + kept.length).toBe(50_000);
  });

  test('are no more characters than are kept', () => {
    const buffer = new LogBuffer();
    for (let at = 0; at < 2_000; at += 1) buffer.add(['x'.repeat(16_384)]);
    const kept = buffer.matching('', Number.POSITIVE_INFINITY);
    const size = kept.reduce((sum, { text }) => sum + text.length, 0);
    expect(size).toBeLessThanOrEqual(1.2 * MAX_KEPT_CHARACTERS);
    expect(size).toBeGreaterThanOrEqual(MAX_KEPT_CHARACTERS - 16_384);
    expect(buffer.dropped + kept.length).toBe(2_000);
  });

  test('are found alike whenever one looks', () => {
    const looks = fc.array(
      fc.tuple(fc.constantFrom('', 'a', 'B'), fc.array(fc.constantFrom('a', 'ab', 'B', 'c'), { maxLength: 5 })),
    );
    fc.assert(
      fc.property(looks, (steps) => {
        const [often, once] = [new LogBuffer(), new LogBuffer()];
        for (const [filter, lines] of steps) {
          often.add(lines);
          often.matching(filter, 1);
          once.add(lines);
        }
        for (const filter of ['a', 'b', ''])
          expect(often.matching(filter, Number.POSITIVE_INFINITY)).toEqual(once.matching(filter, Number.POSITIVE_INFINITY));
      }),
    );
  });

  test('found lines that are kept no longer are not found any more', () => {
    const buffer = new LogBuffer();
    for (let at = 0; at < 3 * MAX_KEPT; at += 1_000) {
      buffer.add(Array.from({ length: 1_000 }, () => 'a'));
      expect(buffer.matching('a', Number.POSITIVE_INFINITY)[0]?.number).toBe(buffer.dropped);
    }
  });
});

describe('the last of the lines', () => {
  const lines = (...sizes: readonly number[]) => sizes.map((size, number) => ({ number, time: '', text: 'x'.repeat(size) }));

  test.each<[string, readonly number[], number, readonly number[]]>([
    ['are so many', [10, 10, 10], 2, [1, 2]],
    ['are all, where there are fewer', [10, 10], 5, [0, 1]],
    ['are fewer of long ones', [10, 300, 300, 10], 3, [2, 3]],
    ['are at least one', [10, 5_000], 3, [1]],
    ['are none of none', [], 3, []],
  ])('%s', (_what, sizes, count, numbers) => {
    expect(lastOf(lines(...sizes), count).map(({ number }) => number)).toEqual(numbers);
  });
});
