import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { type HistoryPosition, SyncHistory } from '../../../src/controller/sync/history.ts';
import { accept } from '../../../src/git/accept.ts';
import { createSyncRecord, formatSyncRecord, type RecordedChange, type SyncRecord } from '../../../src/record/index.ts';

const revision = (n: number) => n.toString(16).padStart(40, '0');

function record(n: number, changes: readonly RecordedChange[] = [{ id: 'a', outcome: 'created' }], at = n): SyncRecord {
  return createSyncRecord({
    daemon: 'fluxd/1',
    revision: revision(n),
    startedAt: at * 1000,
    durationMs: 1,
    counts: {},
    changes,
    imageUpdates: [],
  });
}

/** A branch of commits, of which some carry a record. */
function branch(length: number, records: Readonly<Record<number, string>> = {}) {
  const commits = Array.from({ length }, (_, n) => ({
    revision: revision(length - n),
    subject: '',
    author: { name: '', email: '' },
    trailers: [],
    committedAt: 0,
    ours: false,
  }));
  return {
    accepted: () => (commits[0] ? accept(commits[0].revision) : undefined),
    commits: async ({ to, limit = length }: { to: string; limit?: number }) => {
      const start = commits.findIndex((commit) => commit.revision === to);
      return start < 0 ? [] : commits.slice(start, start + limit);
    },
    keepsRecords: true,
    syncRecords: async (revisions: readonly string[], limit: number) =>
      revisions
        .flatMap((each) => {
          const text = records[Number.parseInt(each, 16)];
          return text === undefined ? [] : [{ revision: each, text }];
        })
        .slice(0, limit),
  };
}

/** All revisions, read page by page. */
async function readAll(history: SyncHistory, limit: number): Promise<readonly number[]> {
  const all: number[] = [];
  let from: HistoryPosition | undefined;
  do {
    const { entries, next } = await history.page({ ...(from ? { from } : {}), limit });
    expect(entries.length).toBeLessThanOrEqual(limit);
    for (const entry of entries) all.push(Number.parseInt(entry.kind === 'synced' ? entry.record.revision : entry.revision, 16));
    from = next;
  } while (from);
  return all;
}

describe('the history of syncs', () => {
  test('says where it is not complete, because records do not outlast the process', async () => {
    expect(await new SyncHistory(branch(0)).page({ limit: 1 })).not.toHaveProperty('inMemory');
    expect(await new SyncHistory({ ...branch(0), keepsRecords: false }).page({ limit: 1 })).toMatchObject({ inMemory: true });
  });

  test.each([1, 2, 3, 100])('is read whole in pages of %i: first memory, then Git, nothing twice', async (limit) => {
    const old = Object.fromEntries([1, 2, 4, 5].map((n) => [n, formatSyncRecord(record(n))]));
    const history = new SyncHistory(branch(6, old));
    for (const n of [4, 5, 6]) history.synced(record(n));
    expect(await readAll(history, limit)).toEqual([6, 5, 4, 2, 1]);
  });

  test('shows the health of what the last sync of a revision changed, as soon as it is known', async () => {
    const history = new SyncHistory(branch(0));
    for (const [n, at] of [
      [1, 1],
      [2, 2],
      [1, 3],
    ] as const)
      history.synced(record(n, undefined, at));
    history.healthKnown(revision(1), { a: { state: 'healthy', images: {} } });
    history.healthKnown(revision(3), { a: { state: 'healthy', images: {} } });
    const { entries } = await history.page({ limit: 9 });
    expect(entries.map((entry) => entry.kind === 'synced' && entry.record.health?.a?.state)).toEqual([
      'healthy',
      undefined,
      undefined,
    ]);
  });

  test('tells of the same revision twice when something was done twice', async () => {
    const history = new SyncHistory(branch(1, { 1: formatSyncRecord(record(1)) }));
    history.synced(record(1, [{ id: 'a', outcome: 'configured', reason: 'drift' }], 50));
    expect(await readAll(history, 10)).toEqual([1, 1]);
  });

  test('leaves out syncs that did nothing and said nothing new, and records that are pushed again', async () => {
    const history = new SyncHistory(branch(0));
    const held = [{ id: 'a', outcome: 'held', reason: 'x' }];
    history.synced(record(1, [], 1));
    history.synced(record(1, [], 2));
    history.synced(record(1, held, 3));
    history.synced(record(1, held, 4));
    history.synced(record(1, held, 4));
    history.synced(record(2, held, 5));
    expect(await readAll(history, 10)).toEqual([2, 1, 1]);
  });

  test('tells of a failure once while it lasts', async () => {
    const history = new SyncHistory(branch(0));
    const failure = new FluxError('no cluster', { code: 'cluster/unreachable' });
    history.failed(revision(1), 1, failure);
    history.failed(revision(1), 2, failure);
    history.synced(record(1));
    history.failed(revision(1), 3, failure);
    expect(await readAll(history, 2)).toEqual([1, 1, 1]);
  });

  test('forgets the oldest of this process, and stays readable across that', async () => {
    const history = new SyncHistory(branch(0));
    for (let n = 1; n <= 50; n += 1) history.synced(record(n));
    const first = await history.page({ limit: 10 });
    for (let n = 51; n <= 145; n += 1) history.synced(record(n));
    expect((await readAll(history, 30)).length).toBe(100);
    const second = await history.page({ limit: 10, ...(first.next ? { from: first.next } : {}) });
    expect(second.entries).toEqual([]);
  });

  test('a note that somebody broke is no sync', async () => {
    const history = new SyncHistory(branch(3, { 3: '{}', 2: 'x', 1: formatSyncRecord(record(1)) }));
    expect(await readAll(history, 1)).toEqual([1]);
  });

  test('looks at a bounded stretch of commits for one page, and says where to go on', async () => {
    const history = new SyncHistory(branch(2_500, { 1: formatSyncRecord(record(1)) }));
    expect(await history.page({ limit: 10 })).toEqual({ entries: [], next: { commit: revision(1_500) } });
    expect(await readAll(history, 10)).toEqual([1]);
  });
});
