import { expect, test } from 'vitest';
import { createPastImages } from '../../../src/controller/jobs/past-images.ts';
import { createSyncRecord, formatSyncRecord, type RecordedHealth, withHealth } from '../../../src/record/index.ts';

const WEB = 'shop:deployment/web';
const revision = (n: number) => n.toString(16).padStart(40, '0');

/** A branch, newest first, of which these commits have a record that says this of the workload. */
function branch(length: number, records: Readonly<Record<number, RecordedHealth | 'garbage'>>) {
  const commits = Array.from({ length }, (_, n) => ({
    revision: revision(length - n),
    subject: '',
    author: { name: '', email: '' },
    trailers: [],
    ours: false,
    committedAt: 0,
  }));
  const textOf = (n: number): string | undefined => {
    const health = records[n];
    if (health === undefined || health === 'garbage') return health;
    const input = { daemon: 'fluxd/1', startedAt: 0, durationMs: 1, counts: {}, changes: [], imageUpdates: [] };
    return formatSyncRecord(withHealth(createSyncRecord({ ...input, revision: revision(n) }), { [WEB]: health }));
  };
  return {
    commits: async () => commits,
    syncRecords: async (revisions: readonly string[], limit: number) =>
      revisions
        .flatMap((each) => {
          const text = textOf(Number.parseInt(each, 16));
          return text === undefined ? [] : [{ revision: each, text }];
        })
        .slice(0, limit),
  };
}

async function tags(id: string, source: ReturnType<typeof branch>): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const { web } of createPastImages(source, revision(1), {}).healthy(id)) found.push(web);
  return found;
}

const health = (tag: string, state: RecordedHealth['state'] = 'healthy'): RecordedHealth => ({ state, images: { web: tag } });

test('the images with which a workload became healthy are read from the records, newest first', async () => {
  const source = branch(9, { 9: health('5', 'failed'), 7: health('4'), 5: 'garbage', 4: health('3', 'unknown'), 2: health('2') });
  expect(await tags(WEB, source)).toEqual(['4', '2']);
  expect(await tags('shop:deployment/api', source)).toEqual([]);
  expect(await tags('constructor', source)).toEqual([]);
});

test('a long history is read in parts, up to a limit', async () => {
  const source = branch(900, Object.fromEntries(Array.from({ length: 900 }, (_, n) => [n + 1, health(String(n + 1))])));
  const found = await tags(WEB, source);
  expect([found.length, found[0], found[45]]).toEqual([500, '900', '855']);
});
