import { describe, expect, test } from 'vitest';
import { createSyncRecord, differsInTrouble, formatSyncRecord, type RecordedChange } from '../../src/record/index.ts';

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
});
