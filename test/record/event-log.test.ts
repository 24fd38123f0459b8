import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventLog, type FluxEvent } from '../../src/record/index.ts';

function event(objects: number): FluxEvent {
  const ids = Array.from({ length: objects }, (_, n) => `shop:configmap/c${n}`);
  return { type: 'drift_corrected', objects: ids, startedAt: 0, endedAt: 0, metadata: { revision: 'r', corrections: [] } };
}

describe('the log of events', () => {
  test('gives a reader what came after the event it has, and tells it when that is not all', () => {
    const log = new EventLog();
    expect(log.since(0)).toEqual({ events: [], complete: true });
    for (let n = 0; n < 1_005; n += 1) log.add(event(1));
    expect(log.last).toBe(1_005);
    expect(log.since(1_003).events.map(({ sequence }) => sequence)).toEqual([1_004, 1_005]);
    expect(log.since(1_005)).toEqual({ events: [], complete: true });
    expect(log.since(5)).toMatchObject({ complete: true, events: { length: 1_000 } });
    expect(log.since(4)).toMatchObject({ complete: false, events: { length: 1_000 } });
  });

  test('keeps few events that name many objects, but always the last', () => {
    const log = new EventLog();
    log.add(event(20_000));
    log.add(event(20_000));
    log.add(event(20_000));
    expect(log.since(0)).toMatchObject({ complete: false, events: [{ sequence: 2 }, { sequence: 3 }] });
    log.add(event(60_000));
    expect(log.since(3)).toMatchObject({ complete: true, events: [{ sequence: 4 }] });
  });

  test('never skips, repeats or reorders, however readers and writers take turns', () => {
    const turn = fc.oneof(
      fc.record({ act: fc.constant('add' as const), count: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ act: fc.constant('read' as const), count: fc.integer({ min: 1, max: 400 }) }),
    );
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
        const log = new EventLog();
        let at = 0;
        for (const { act, count } of turns) {
          if (act === 'add') for (let n = 0; n < count; n += 1) log.add(event(0));
          else {
            const { events, complete } = log.since(at);
            expect(complete).toBe(at + 1 >= log.last - 999 || log.last === 0);
            if (complete && events[0]) expect(events[0].sequence).toBe(at + 1);
            at = events.slice(0, count).at(-1)?.sequence ?? at;
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('calls whoever listens, until they stop', () => {
    const log = new EventLog();
    let calls = 0;
    const stop = log.listen(() => {
      calls += 1;
    });
    log.add(event(0));
    stop();
    log.add(event(0));
    expect(calls).toBe(1);
  });
});
