import { expect, test } from 'vitest';
import type { ImageRepository } from '../../src/image/index.ts';
import { NO_MIN_AGE, parseMinAge } from '../../src/policy/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import { earliest, type FirstSeen, noticeTags, planAutomation } from '../../src/update/index.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/web';
const IMAGE = 'index.docker.io/acme/web';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-12-01T00:00:00Z');
const AGED = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*', 'fluxcd.io/min-age.web': '72h' };

/** Digests by tag; null for one that was not read. */
type Tags = Readonly<Record<string, string | null>>;

function repositoryOf(tags: Tags): ImageRepository {
  const read = Object.entries(tags).flatMap(([tag, digest]) =>
    digest === null ? [] : [[tag, { tag, digest, labels: {}, fetchedAt: 0 }] as const],
  );
  return { tags: Object.keys(tags), images: new Map(read), scannedAt: 1 };
}

/** A workload with this image, over a registry with these tags; undefined while it was not read. */
function shop(
  tags: Tags | undefined,
  { image = 'acme/web:1.0.0', annotations = AGED }: { image?: string; annotations?: Record<string, string> } = {},
) {
  const { object, text } = workload('Deployment', 'web', { namespace: 'shop', annotations, containers: [['web', image]] });
  const context = contextOf({
    files: { 'web.yaml': text },
    manifests: { [ID]: { file: 'web.yaml', object } },
    running: [ID],
    registry: {},
  });
  const repository = tags && repositoryOf(tags);
  return { ...context, images: { ...context.images, repository: () => repository } };
}

const seenOf = (tags: Readonly<Record<string, readonly [digest: string, since: number]>>): FirstSeen =>
  new Map([[IMAGE, new Map(Object.entries(tags).map(([tag, [digest, since]]) => [tag, { digest, since }]))]]);
const noticed = (seen: FirstSeen, context: ReturnType<typeof shop>, now = START, byDefault = NO_MIN_AGE) =>
  noticeTags(seen, { ...context, byDefault, now });
const plain = (seen: FirstSeen) =>
  Object.fromEntries([...(seen.get(IMAGE) ?? [])].map(([tag, { digest, since }]) => [tag, [digest, since - START]]));

test.each<[string, FirstSeen, Tags | undefined, Parameters<typeof shop>[1], object]>([
  ['tags that are newer', new Map(), { '0.9.0': 'c', '1.0.0': 'a', '1.1.0': 'b' }, {}, { '1.1.0': ['b', 0] }],
  ['not those without digest', new Map(), { '1.0.0': 'a', '1.1.0': null }, {}, {}],
  [
    'known ones since they are known',
    seenOf({ '1.1.0': ['b', START - 5] }),
    { '1.0.0': 'a', '1.1.0': 'b' },
    {},
    { '1.1.0': ['b', -5] },
  ],
  ['a moved one from now', seenOf({ '1.1.0': ['b', START - 5] }), { '1.1.0': 'other' }, {}, { '1.1.0': ['other', 0] }],
  [
    'not what a clock that was set back makes later',
    seenOf({ '1.1.0': ['b', START + DAY] }),
    { '1.1.0': 'b' },
    {},
    { '1.1.0': ['b', 0] },
  ],
  ['known ones while the registry was not read', seenOf({ '1.1.0': ['b', START - 5] }), undefined, {}, { '1.1.0': ['b', -5] }],
  [
    'known ones while their digest is unread',
    seenOf({ '1.1.0': ['b', START - 5] }),
    { '1.1.0': null },
    {},
    { '1.1.0': ['b', -5] },
  ],
  ['not what the registry no longer has', seenOf({ '1.1.0': ['b', START - 5] }), { '1.0.0': 'a' }, {}, {}],
  ['not what is in Git by now', seenOf({ '1.1.0': ['b', START - 5] }), { '1.1.0': 'b' }, { image: 'acme/web:1.1.0' }, {}],
  [
    'what is newer than a tag that the registry no longer has',
    new Map(),
    { '0.9.0': 'c', '1.1.0': 'b' },
    { image: 'acme/web:1.0.0' },
    { '1.1.0': ['b', 0] },
  ],
  ['not banned ones', new Map(), { '1.1.0': 'b' }, { annotations: { ...AGED, 'fluxcd.io/ban.web': '1.1.0' } }, {}],
  [
    'those of a locked workload',
    new Map(),
    { '1.1.0': 'b' },
    { annotations: { ...AGED, 'fluxcd.io/locked': 'true' } },
    { '1.1.0': ['b', 0] },
  ],
  ['nothing where no age is asked for', new Map(), { '1.1.0': 'b' }, { annotations: { 'fluxcd.io/automated': 'true' } }, {}],
  ['nothing without automation', new Map(), { '1.1.0': 'b' }, { annotations: { ...AGED, 'fluxcd.io/automated': 'false' } }, {}],
  [
    'a moved tag of an image that is pinned',
    new Map(),
    { '1.0.0': 'sha256:bb' },
    { image: 'acme/web:1.0.0@sha256:aa' },
    { '1.0.0': ['sha256:bb', 0] },
  ],
])('notices %s', async (_name, seen, tags, options, expected) => {
  expect(plain(await noticed(seen, shop(tags, options)))).toEqual(expected);
});

test('answers the same value while nothing changes', async () => {
  const context = shop({ '1.0.0': 'a', '1.1.0': 'b' });
  const first = await noticed(new Map(), context);
  expect(await noticed(first, context, START + HOUR)).toBe(first);
});

test('the default of the flag counts where no annotation says otherwise', async () => {
  const context = shop({ '1.1.0': 'b' }, { annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*' } });
  expect(plain(await noticed(new Map(), context, START, parseMinAge('3d')))).toEqual({ '1.1.0': ['b', 0] });
});

test('follows 50 tags of a container, and newer ones when there is room; those that it follows become old', async () => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`1.${n + 1}.0`, `d${n}`]));
  const first = await noticed(new Map(), shop(tags(80)));
  expect(first.get(IMAGE)?.size).toBe(50);
  expect(plain(first)).toHaveProperty(['1.80.0']);
  const second = await noticed(first, shop(tags(100)), START + HOUR);
  expect(second).toBe(first);
  const { spec } = await planAutomation({ ...shop(tags(100)), timing: timingOf(second, START + 3 * DAY) });
  expect(spec?.Changes[0]?.ImageID).toBe('acme/web:1.80.0');
  const third = await noticed(second, shop(tags(100), { image: 'acme/web:1.80.0' }), START + 3 * DAY);
  expect(Object.keys(plain(third))).toHaveLength(20);
});

test('workloads that share an image keep what each of them follows, also while the registry was not read', async () => {
  const annotations = { ...AGED, 'fluxcd.io/tag.a': 'semver:~1', 'fluxcd.io/tag.b': 'semver:~2', 'fluxcd.io/min-age': '72h' };
  const containers = [
    ['a', 'acme/web:1.0.0'],
    ['b', 'acme/web:2.0.0'],
  ] as const;
  const { object } = workload('Deployment', 'web', { namespace: 'shop', annotations, containers });
  const context = contextOf({ files: {}, manifests: { [ID]: { file: 'a.yaml', object } }, running: [ID], registry: {} });
  const tags = Object.fromEntries([1, 2].flatMap((major) => Array.from({ length: 60 }, (_, n) => [`${major}.1.${n}`, 'd'])));
  let repository: ImageRepository | undefined = repositoryOf(tags);
  const all = { ...context, images: { ...context.images, repository: () => repository }, byDefault: NO_MIN_AGE };
  const seen = await noticeTags(new Map(), { ...all, now: START });
  expect(seen.get(IMAGE)?.size).toBe(100);
  repository = undefined;
  expect(await noticeTags(seen, { ...all, now: START + HOUR })).toBe(seen);
});

test('what is kept of many images is bounded', async () => {
  const containers = Array.from({ length: 300 }, (_, n) => [`c${n}`, `acme/app-${n}:1.0.0`] as const);
  const tags = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`1.${n}.1`, `sha256:${String(n).padStart(64, '0')}`]));
  const { object } = workload('Deployment', 'web', {
    annotations: {
      'fluxcd.io/automated': 'true',
      'fluxcd.io/min-age': '1h',
      ...Object.fromEntries(containers.map(([name]) => [`fluxcd.io/tag.${name}`, 'semver:*'])),
    },
    containers,
  });
  const context = contextOf({ files: {}, manifests: { [ID]: { file: 'a.yaml', object } }, running: [ID], registry: {} });
  const repository = repositoryOf(tags);
  const all = { ...context, images: { ...context.images, repository: () => repository } };
  const seen = await noticeTags(new Map(), { ...all, byDefault: NO_MIN_AGE, now: START });
  const size = JSON.stringify([...seen].map(([image, each]) => [image, [...each]])).length;
  expect(size).toBeGreaterThan(400_000);
  expect(size).toBeLessThan(1_000_000);
  // The rest waits for room, and what is known stays.
  expect(await noticeTags(seen, { ...all, byDefault: NO_MIN_AGE, now: START + HOUR })).toBe(seen);
});

test('joins what is stored with what the process knows: the earlier time of the same digest', () => {
  const stored = seenOf({ '1.1.0': ['b', 1], '1.2.0': ['c', 1] });
  const known = seenOf({ '1.1.0': ['b', 5], '1.2.0': ['moved', 5], '1.3.0': ['d', 5] });
  expect([...(earliest(stored, known).get(IMAGE) ?? [])]).toEqual([
    ['1.1.0', { digest: 'b', since: 1 }],
    ['1.2.0', { digest: 'moved', since: 5 }],
    ['1.3.0', { digest: 'd', since: 5 }],
  ]);
});

const timingOf = (seen: FirstSeen, now: number) => ({
  gates: createGates({}),
  now,
  ages: { byDefault: NO_MIN_AGE, seen, inProcess: false },
});

test.each([1, 6])('a build every day, or %i a day, does not starve a minimum age of three days', async (aDay) => {
  let seen: FirstSeen = new Map();
  let image = 'acme/web:1.0.0';
  const pushedAt = new Map<string, number>();
  const updates: number[] = [];
  for (let hour = 0; hour <= 24 * 20; hour += 1) {
    const now = START + hour * HOUR;
    if (hour % (24 / aDay) === 0) pushedAt.set(`1.${hour}.1`, now);
    const context = shop(
      { '1.0.0': 'd', ...Object.fromEntries([...pushedAt.keys()].map((tag) => [tag, `of ${tag}`])) },
      { image },
    );
    seen = await noticeTags(seen, { ...context, byDefault: NO_MIN_AGE, now });
    const { spec, nextAt } = await planAutomation({ ...context, timing: timingOf(seen, now) });
    const [change] = spec?.Changes ?? [];
    if (!change) {
      // It looks again in time for the next one.
      expect(nextAt).toBeLessThanOrEqual(now + 3 * DAY);
      continue;
    }
    const age = now - (pushedAt.get(change.ImageID.split(':')[1] ?? '') ?? Number.NaN);
    expect(age).toBe(3 * DAY);
    image = change.ImageID;
    updates.push(hour);
  }
  // From the third day on, one for each build.
  expect(updates).toHaveLength(17 * aDay + 1);
});
