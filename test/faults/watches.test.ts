import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { metadataOf } from '../../src/cluster/object/live.ts';
import { createReflector, type Reflector } from '../../src/cluster/watch/reflector.ts';
import { CONFIG_MAPS, transportTo } from '../cluster/transport-to.ts';
import { configMap, manifest, request } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { configMapPath } from './manifests.ts';
import { randomOf } from './random.ts';
import { type Site, startSite, startWorld } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MAPS = 'api/v1/namespaces/shop/configmaps';
/** Objects that are never deleted: one that is missing from the copy was deleted falsely. */
const STEADY = 10;

interface Watched extends Site {
  readonly reflector: Reflector<string>;
  /** Steady objects that were missing when something changed. */
  readonly falselyDeleted: string[];
  /** When lists were asked for. */
  lists(): number[];
}

async function startWatch(intercept?: (recorded: Recorded) => Fault | undefined): Promise<Watched> {
  const site = await startSite();
  const { proxy, clock, person } = site;
  await person.create('api/v1/namespaces', { metadata: { name: 'shop' } });
  for (let n = 0; n < STEADY; n += 1) await person.create(MAPS, { metadata: { name: `steady-${n}` } });
  // The controllers of the cluster have their turn.
  await site.time.pass(SECOND);
  proxy.intercept = intercept;
  const transport = await transportTo(proxy.kubeconfig, clock);
  const falselyDeleted: string[] = [];
  const reflector = createReflector({
    transport,
    clock,
    log: silentLogger(),
    resource: CONFIG_MAPS,
    namespace: 'shop',
    detail: 'metadata',
    trim: (object) => metadataOf(object).resourceVersion ?? '',
    onChange: () => {
      for (let n = 0; n < STEADY; n += 1) if (!reflector.objects.has(`shop/steady-${n}`)) falselyDeleted.push(`steady-${n}`);
    },
  });
  onTestFinished(() => {
    reflector.close();
    transport.close();
  });
  const isList = ({ query, watch }: Recorded) => !watch || query.has('sendInitialEvents');
  return {
    ...site,
    reflector,
    falselyDeleted,
    lists: () => proxy.requests.filter(isList).map(({ at }) => at),
  };
}

/** People who create, change and delete, one write in so many milliseconds. */
async function work({ person, time }: Site, seed: number, writes: number, everyMs: number): Promise<void> {
  const random = randomOf(seed);
  for (let n = 0; n < writes; n += 1) {
    const kind = random();
    const name = `m${Math.floor(random() * 5)}`;
    const found = await person.find(configMapPath(name));
    if (kind < 0.4) await person.patch(configMapPath(`steady-${Math.floor(random() * STEADY)}`), { data: { n: String(n) } });
    else if (!found) await person.create(MAPS, { metadata: { name } });
    else if (kind < 0.7) await person.patch(configMapPath(name), { data: { n: String(n) } });
    else await person.delete(configMapPath(name));
    await time.pass(everyMs);
  }
}

/** Lets time go by until the copy holds exactly what is there. */
async function untilExact({ time, person, reflector }: Watched, withinMs: number): Promise<void> {
  const there = new Map(
    (await person.list(MAPS)).map(({ metadata }) => [`shop/${metadata.name}`, metadata.resourceVersion] as const),
  );
  const sorted = (entries: Iterable<readonly [string, string]>) =>
    JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  await time.until('the copy is exact', () => sorted(reflector.objects) === sorted(there), withinMs);
}

const gone = (message = 'too old resource version'): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Expired',
  message,
  code: 410,
});
const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
const eachLine = (line: (line: string, count: number) => readonly (string | 'end')[]): Fault => ({ kind: 'stream', line });

/** Every change comes after what follows it. */
function swapped(): Fault {
  let held: string | undefined;
  return eachLine((line) => {
    const late = held;
    held = undefined;
    if (late !== undefined) return [`${line}\n`, `${late}\n`];
    if (!line.includes('"MODIFIED"')) return [`${line}\n`];
    held = line;
    return [];
  });
}

function padded(line: string): string {
  const parsed = JSON.parse(line);
  parsed.object.metadata.annotations = { ...parsed.object.metadata.annotations, pad: 'x'.repeat(5 * 2 ** 20) };
  return `${JSON.stringify(parsed)}\n`;
}

const isWatch = ({ watch }: Recorded) => watch;
/** A watch that goes on from a version, as against one that brings the list first. */
const isResumed = ({ watch, query }: Recorded) => watch && !query.has('sendInitialEvents');

/** Which requests go wrong how; `withinMs`: how soon the copy is exact once that is over; `lists`: the most that a fault of ten minutes costs. */
const FAULTS: readonly (readonly [
  string,
  {
    readonly matches?: (recorded: Recorded) => boolean;
    readonly fault: () => Fault;
    readonly withinMs: number;
    readonly lists: number;
  },
])[] = [
  [
    '410 at the start',
    { matches: isResumed, fault: () => ({ kind: 'answer', status: 410, body: gone() }), withinMs: 31 * SECOND, lists: 60 },
  ],
  [
    '410 at the start, lists included',
    { fault: () => ({ kind: 'answer', status: 410, body: gone() }), withinMs: 31 * SECOND, lists: 60 },
  ],
  [
    '410 in the stream',
    { matches: isResumed, fault: () => eachLine(() => [event('ERROR', gone()), 'end']), withinMs: 31 * SECOND, lists: 60 },
  ],
  ['500 at the start', { fault: () => ({ kind: 'answer', status: 500 }), withinMs: 31 * SECOND, lists: 60 }],
  [
    'an error event of 500',
    {
      matches: isResumed,
      fault: () => eachLine(() => [event('ERROR', { ...gone(), code: 500, reason: 'InternalError' })]),
      withinMs: 31 * SECOND,
      lists: 2,
    },
  ],
  ['cut every second', { fault: () => ({ kind: 'expire', ms: SECOND }), withinMs: 31 * SECOND, lists: 2 }],
  ['reset at once', { fault: () => ({ kind: 'expire', ms: 0 }), withinMs: 31 * SECOND, lists: 60 }],
  ['silent from the start', { fault: () => ({ kind: 'silence', after: 0 }), withinMs: 60 * SECOND, lists: 15 }],
  ['silent after some events', { fault: () => ({ kind: 'silence', after: STEADY + 3 }), withinMs: 60 * SECOND, lists: 2 }],
  ['every event twice', { fault: () => eachLine((line) => [`${line}\n`, `${line}\n`]), withinMs: 2 * SECOND, lists: 20 }],
  ['events in disorder', { fault: swapped, withinMs: 60 * SECOND, lists: 60 }],
  [
    'events of 5 MiB',
    { fault: () => eachLine((line) => [line.includes('steady-1') ? padded(line) : `${line}\n`]), withinMs: 2 * SECOND, lists: 1 },
  ],
  [
    'JSON that is cut in the middle of a line',
    { matches: isResumed, fault: () => eachLine((line) => [`${line.slice(0, 60)}\n`]), withinMs: 31 * SECOND, lists: 60 },
  ],
  [
    'JSON that is cut by the end of the connection',
    { matches: isResumed, fault: () => eachLine((line) => [line.slice(0, 60), 'end']), withinMs: 31 * SECOND, lists: 60 },
  ],
  ['HTML', { fault: () => eachLine(() => ['<html>\n']), withinMs: 31 * SECOND, lists: 60 }],
  ['{}', { fault: () => eachLine(() => ['{}\n']), withinMs: 31 * SECOND, lists: 60 }],
  [
    'bookmarks between all events',
    {
      fault: () =>
        eachLine((line) => {
          const { object, type } = JSON.parse(line);
          const bookmark = event('BOOKMARK', {
            kind: object.kind,
            apiVersion: object.apiVersion,
            metadata: { resourceVersion: object.metadata.resourceVersion },
          });
          return type === 'BOOKMARK' ? [`${line}\n`] : [`${line}\n`, bookmark, bookmark];
        }),
      withinMs: 2 * SECOND,
      lists: 1,
    },
  ],
];

describe('R-006: watches that go wrong', () => {
  test.for(sampled('faults of watches', FAULTS, 3))(
    '%s: nothing is deleted falsely, lists are few, and the copy is exact soon after',
    async ([, { matches = isWatch, fault, withinMs, lists }]) => {
      const watched = await startWatch();
      const { proxy, time, reflector } = watched;
      await time.during(reflector.current());
      proxy.clear();
      proxy.intercept = (recorded) => (matches(recorded) ? fault() : undefined);
      // From here on every connection is one that the fault is about.
      await proxy.refuse();
      await proxy.accept();
      const started = watched.clock.now();
      await work(watched, 7, 60, 10 * SECOND);
      expect(watched.falselyDeleted).toEqual([]);
      const listed = watched.lists();
      expect(listed.length).toBeLessThanOrEqual(lists);
      // One list a step, and the steps grow.
      expect(listed.filter((at) => at < started + SECOND).length).toBeLessThanOrEqual(4);
      for (const [n, at] of listed.entries()) if (n > 0) expect(at - (listed[n - 1] ?? 0)).toBeGreaterThanOrEqual(90);

      proxy.intercept = undefined;
      await untilExact(watched, withinMs);
      expect(watched.falselyDeleted).toEqual([]);
      await work(watched, 8, 5, SECOND);
      await untilExact(watched, withinMs);
      expect(reflector.live).toBe(true);
    },
  );

  test('a quiet watch of an hour, with nothing but bookmarks: no list, and the next change is there at once', async () => {
    const watched = await startWatch();
    const { time, reflector, proxy, person } = watched;
    await time.during(reflector.current());
    proxy.clear();
    await time.pass(60 * MINUTE);
    expect(watched.lists()).toEqual([]);
    await person.patch(configMapPath('steady-3'), { data: { late: 'yes' } });
    await untilExact(watched, 2 * SECOND);
    expect(watched.lists()).toEqual([]);
  });

  test('a connection that is dead, though nobody closed it, is found within a minute', async () => {
    const watched = await startWatch((recorded) => (recorded.watch ? { kind: 'silence', after: STEADY + 2 } : undefined));
    const { time, reflector, proxy, person } = watched;
    await time.during(reflector.current());
    proxy.intercept = undefined;
    await person.patch(configMapPath('steady-3'), { data: { late: 'yes' } });
    await time.pass(5 * SECOND);
    expect(reflector.objects.get('shop/steady-3')).not.toBe(
      (await person.get(configMapPath('steady-3'))).metadata.resourceVersion,
    );
    await untilExact(watched, 55 * SECOND);
    expect(watched.lists()).toHaveLength(1);
  });

  test('who asks for it where nobody may watch is told so, though the request is lost once', async () => {
    const watched = await startWatch(() => ({ kind: 'answer', status: 403 }));
    const { time, reflector, proxy } = watched;
    const refused = () => expect(time.during(reflector.current())).rejects.toMatchObject({ code: 'cluster/forbidden' });
    for (let n = 0; n < 3; n += 1) await refused();
    let lost = 0;
    proxy.intercept = () => ({ kind: 'answer', status: ++lost === 1 ? 503 : 403 });
    const started = watched.clock.now();
    await refused();
    expect(lost).toBe(2);
    expect(watched.clock.now() - started).toBeLessThanOrEqual(SECOND);
  });

  test('a server that forgets all history: one new list', async () => {
    const watched = await startWatch();
    const { time, reflector, proxy, kubernetes } = watched;
    await time.during(reflector.current());
    proxy.clear();
    await proxy.refuse();
    await work(watched, 9, 20, 0);
    kubernetes.compact();
    await proxy.accept();
    await untilExact(watched, 31 * SECOND);
    await time.pass(10 * MINUTE);
    expect(watched.lists()).toHaveLength(1);
    expect(watched.falselyDeleted).toEqual([]);
  });
});

test('a preview that waits for the watch of a kind which only it needs is not held up when a sync closes that', async () => {
  const world = await startWorld();
  const { cluster, proxy } = world;
  await world.sync([configMap('a')]);
  const secret = manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b', namespace: 'shop' } });
  let isOpening = false;
  proxy.intercept = ({ path, watch }) => {
    if (!watch || !path.endsWith('/secrets')) return undefined;
    isOpening = true;
    return { kind: 'hang', after: 'nothing' };
  };
  const preview = cluster.plan(request([configMap('a'), secret], { preview: true }));
  await until('the watch is opened', () => isOpening);
  await world.sync([configMap('a')]);
  expect((await preview).entries.map(({ action, reason }) => [action, reason])).toEqual([
    ['unchanged', undefined],
    ['create', 'not in the cluster'],
  ]);
});
