import { describe, expect, test } from 'vitest';
import { LogBuffer, MAX_KEPT } from '../../../ui/logs/log-buffer.ts';

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
});
