import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { longestTurn } from '../support/turn-cpu.ts';
import { until } from '../support/until.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeRegistry, json } from './fake-registry.ts';
import { setup } from './watch-of.ts';

/** A registry of our own for each test. */
async function registry(): Promise<FakeRegistry> {
  const started = await new FakeRegistry().listen();
  onTestFinished(() => started.close());
  return started;
}

function watch(options: Parameters<typeof setup>[0] = {}) {
  const it = setup(options);
  onTestFinished(() => it.close());
  return it;
}

const JANUARY = '2024-01-01T00:00:00Z';
const listsOf = ({ requests }: FakeRegistry) => requests.filter((request) => request.includes('tags/list')).length;

/** Forty repositories of a registry that never answers are watched before one of another. */
async function slowBesideQuick() {
  const slow = await registry();
  slow.intercept = () => true;
  const quick = await registry();
  quick.push('1', JANUARY);
  const it = watch();
  const names = Array.from({ length: 40 }, (_, index) => `${slow.host}/team/web${index}`);
  it.watch.watch([...names, quick.name].map((name) => ({ name, pullSecrets: [] })));
  return { slow, quick, it };
}

test('a registry that never answers holds up its own repositories only (S-052)', async () => {
  const { slow, quick, it } = await slowBesideQuick();
  it.watch.start();
  await until('the other registry was scanned', () => it.watch.repository(quick.name)?.tags.length === 1);
  await until('as many of the slow one are under way as may be', () => listsOf(slow) === 4);
});

test('a scan of all repositories that a person asks for gets to those of other registries as well', async () => {
  const { quick, it } = await slowBesideQuick();
  const stop = new AbortController();
  const scan = it.watch.scanNow(undefined, { signal: stop.signal });
  await until('the other registry was scanned', () => it.watch.repository(quick.name)?.tags.length === 1);
  stop.abort(new Error('enough'));
  await expect(scan).rejects.toThrow('enough');
});

test('a list of slow pages is given up as a whole, and says so', async () => {
  const slow = await registry();
  let page = 0;
  slow.intercept = (_request, response) => {
    page += 1;
    setTimeout(() => json(response, 200, { tags: [`t${page}`] }, { link: `<?page=${page}>; rel="next"` }), 20);
    return true;
  };
  const clock = Object.assign(new FakeClock(), {
    // Ten minutes, a little sooner.
    deadline: (ms: number, parent?: AbortSignal) => systemClock.deadline(ms === 600_000 ? 300 : ms, parent),
  });
  const it = watch({ clock });
  it.watch.watch([{ name: slow.name, pullSecrets: [] }]);
  await it.watch.scanNow();
  expect(it.watch.repository(slow.name)).toMatchObject({ tags: [], error: { code: 'registry/slow-tag-list' } });
});

test.each([
  ['entries that are no tags', JSON.stringify(Array(100_001).fill('!')), 'more than 100000 entries'],
  ['empty lists', `[${'[],'.repeat(200_000)}1]`, 'more than 120000 values'],
  ['empty maps', `[${'{},'.repeat(200_000)}1]`, 'more than 120000 values'],
  ['nested lists', `${'['.repeat(5000)}${']'.repeat(5000)}`, 'is not a tag list'],
  ['long texts', JSON.stringify(Array(31).fill('x'.repeat(1 << 20))), 'larger than 4194304 bytes'],
  ['numbers', `[${'1,'.repeat(300_000)}1]`, 'more than 120000 values'],
])('a page of %s is refused, and keeps nothing from its turn (S-052)', async (_, tags, message) => {
  const hostile = await registry();
  const pieces = `{"name":"team/web","tags":${tags}}`.match(/.{1,65536}/g) ?? [];
  hostile.intercept = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    // The registry answers from this very thread, so a little at a time.
    Readable.from(pieces).pipe(response);
    return true;
  };
  const it = watch();
  it.watch.watch([{ name: hostile.name, pullSecrets: [] }]);
  const { cpuMs } = await longestTurn(() => it.watch.scanNow());
  expect(it.watch.repository(hostile.name)?.error?.message).toContain(message);
  expect(cpuMs).toBeLessThan(100);
});
