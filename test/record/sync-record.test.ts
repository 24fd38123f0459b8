import { describe, expect, test } from 'vitest';
import {
  createSyncRecord,
  differsInTrouble,
  formatSyncRecord,
  parseSyncRecord,
  type RecordedChange,
  type RecordedHealth,
  recordedAllowPrune,
  withHealth,
} from '../../src/record/index.ts';

const record = (changes: readonly RecordedChange[], durationMs = 10) =>
  createSyncRecord({
    daemon: 'fluxd/1',
    revision: 'a'.repeat(40),
    startedAt: 0,
    durationMs,
    counts: {},
    changes,
    imageUpdates: [],
  });

const failed: RecordedChange = { id: 'a:deployment/x', outcome: 'failed', place: 'x.yaml:1', reason: 'no' };
const created: RecordedChange = { id: 'a:deployment/y', outcome: 'created' };

describe('the record of a sync', () => {
  test('stays small, says how much it left out, and never leaves out trouble', () => {
    const many = Array.from({ length: 5_000 }, (_, n): RecordedChange => ({ ...created, id: `a:deployment/y${n}` }));
    const { changes, omitted } = record([...many, { ...failed, reason: 'x'.repeat(100_000) }]);
    expect(changes).toHaveLength(200);
    expect(omitted).toBe(4_801);
    expect(changes[0]).toMatchObject({ id: failed.id, outcome: 'failed' });
    expect(formatSyncRecord(record(many)).length).toBeLessThan(32_000);
    expect(changes[0]?.reason?.length).toBeLessThan(400);
  });

  test.each<[string, string | undefined, readonly RecordedChange[], boolean]>([
    ['nothing recorded yet', undefined, [], true],
    ['something that is not a record', '{"x":1}', [], true],
    ['garbage', 'not json', [], true],
    ['the same, later and slower', formatSyncRecord(record([created], 10)), [], false],
    [
      'the same trouble in another order',
      formatSyncRecord(record([failed, { ...failed, id: 'b' }])),
      [{ ...failed, id: 'b' }, failed],
      false,
    ],
    ['new trouble', formatSyncRecord(record([created])), [failed], true],
    ['trouble that is over', formatSyncRecord(record([failed])), [], true],
    ['trouble with another reason', formatSyncRecord(record([failed])), [{ ...failed, reason: 'other' }], true],
  ])('after %s', (_name, before, changes, news) => {
    expect(differsInTrouble(before, record(changes, 99))).toBe(news);
  });

  test.each<[string, string, number | undefined]>([
    ['nothing is left', formatSyncRecord(record([created, failed])), undefined],
    ['some are left', formatSyncRecord({ ...record([]), allowPrune: 3 }), 3],
    ['more are left than are confirmed', formatSyncRecord({ ...record([]), allowPrune: 30 }), 12],
    ['it says nonsense', '{"changes":[],"allowPrune":"12"}', undefined],
    ['it says less than nothing', '{"changes":[],"allowPrune":-1}', undefined],
    ['it is no record', '{"allowPrune":12}', undefined],
    ['it is garbage', '12', undefined],
  ])('R-021: says how many confirmed deletions are to be done, when %s', (_when, recorded, left) => {
    expect(recordedAllowPrune(recorded, 12)).toBe(left);
  });

  test('gains the health of workloads, small and without secrets, and is read again', () => {
    const healthy = (n: number): RecordedHealth => ({ state: 'healthy', images: { main: `acme/web:${n}` } });
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`a:deployment/y${n}`, healthy(n)]));
    const reason = `https://ann:secret@host refused\n${'x'.repeat(1_000)}`;
    const first = withHealth(record([created]), many);
    const images = Object.fromEntries(
      Array.from({ length: 50 }, (_, n) => [`c${n}`, n === 0 ? 'x'.repeat(1_000) : 'acme/web:1']),
    );
    const { health = {}, ...rest } = withHealth(first, { 'b:deployment/x': { state: 'failed', images, reason } });
    expect(rest).toEqual(record([created]));
    expect(Object.keys(health)).toHaveLength(200);
    const { state, images: kept, reason: short = '' } = health['b:deployment/x'] ?? healthy(0);
    expect([state, Object.keys(kept).length, Object.hasOwn(kept, 'c0')]).toEqual(['failed', 20, false]);
    expect(short).toMatch(/^https:\/\/ann:\*\*\*@host refused x+…$/);
    expect(short.length).toBeLessThan(310);
    expect(parseSyncRecord(formatSyncRecord({ ...rest, health }))).toEqual({ ...rest, health });
    expect(withHealth({ ...rest, health }, { 'b:deployment/x': healthy(1) }).health?.['b:deployment/x']).toEqual(healthy(1));
  });

  test('is news when what was confirmed is done', () => {
    const before = { ...record([]), allowPrune: 3 };
    expect(differsInTrouble(formatSyncRecord(before), before)).toBe(false);
    expect(differsInTrouble(formatSyncRecord(before), record([]))).toBe(true);
  });
});
