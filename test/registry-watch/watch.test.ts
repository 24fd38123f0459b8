import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImageWatch } from '../../src/controller/ports/image-watch.ts';
import type { ImageTarget } from '../../src/image/index.ts';
import { until } from '../support/until.ts';
import { DOCKER_IMAGE, DOCKER_LIST, digestOf, FakeRegistry, json, OCI_INDEX } from './fake-registry.ts';
import { type Setup, setup } from './watch-of.ts';

let registry: FakeRegistry;
let it: Setup;

beforeEach(async () => {
  registry = await new FakeRegistry().listen();
  it = setup();
});

afterEach(async () => {
  await it.close();
  await registry.close();
});

const JANUARY = '2024-01-01T00:00:00Z';
const FEBRUARY = '2024-02-01T00:00:00Z';
const all = () => true;
const known = () => it.watch.repository(registry.name);

function target(options: Partial<ImageTarget> = {}): ImageTarget {
  return { name: registry.name, pullSecrets: [], ...options };
}

describe('the image watch', () => {
  test('is what the controller asks for', async () => {
    const watch: ImageWatch = it.watch;
    expect(watch.repository('nowhere/x')).toBeUndefined();
    await watch.scanNow('nowhere/x');
  });

  test('lists tags and reads the images whose times are needed', async () => {
    const digest = registry.push('1', JANUARY);
    registry.push('2', FEBRUARY);
    it.watch.watch([target({ needsTimes: (tag) => tag === '1' })]);
    expect(known()).toBeUndefined();
    await it.watch.scanNow(registry.name);
    expect(known()).toMatchObject({ tags: ['1', '2'], scannedAt: it.clock.now() });
    expect(known()?.images.get('1')).toMatchObject({
      tag: '1',
      digest,
      createdAt: Date.parse(JANUARY),
      fetchedAt: it.clock.now(),
    });
    expect(it.news).toEqual([registry.name]);
  });

  test('says of each repository when it was looked at, when it is again, and what went wrong', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target(), { name: 'elsewhere.invalid/x', pullSecrets: [] }]);
    const describe = () => it.watch.scans().find(({ name }) => name === registry.name);
    expect(it.watch.scans().map(({ name }) => name)).toEqual([registry.name, 'elsewhere.invalid/x'].sort());
    expect(describe()).toEqual({ name: registry.name, tags: 0, isScanning: false, nextAt: it.clock.now() });
    const scan = it.watch.scanNow(registry.name);
    expect(describe()).toEqual({ name: registry.name, tags: 0, isScanning: true });
    await scan;
    const scannedAt = it.clock.now();
    expect(describe()).toEqual({ name: registry.name, tags: 1, scannedAt, isScanning: false, nextAt: scannedAt + 60_000 });

    registry.intercept = (_, response) => {
      json(response, 429, {}, { 'retry-after': '600' });
      return true;
    };
    await it.watch.scanNow(registry.name);
    const until = scannedAt + 600_000;
    expect(describe()).toMatchObject({ scannedAt, blockedUntil: until, nextAt: until, error: { code: 'registry/rate-limited' } });
    it.clock.advance(600_000);
    expect(describe()).not.toHaveProperty('blockedUntil');
  });

  test('of a small repository reads the other dates in the background, of a large one never', async () => {
    for (let number = 0; number < 200; number += 1) registry.push(`t${number}`, JANUARY);
    it.watch.watch([target()]);
    await it.watch.scanNow();
    await until('200 images are known', () => known()?.images.size === 200);
    registry.push('one-more', JANUARY);
    const before = registry.requests.length;
    await it.watch.scanNow();
    it.clock.advance(3_600_000);
    await it.watch.scanNow();
    expect(registry.requests.slice(before)).toEqual(['GET /v2/team/web/tags/list?n=1000', 'GET /v2/team/web/tags/list?n=1000']);
  });

  test('asks nothing but the tag list when nothing is new, and says nothing', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target({ needsTimes: all })]);
    await it.watch.scanNow();
    const before = registry.requests.length;
    await it.watch.scanNow();
    expect(registry.requests.slice(before)).toEqual(['GET /v2/team/web/tags/list?n=1000']);
    expect(it.news).toHaveLength(1);
  });

  test('lets the registry confirm a list that it tagged, but reads it each hour, and when a person asks', async () => {
    registry.push('1', JANUARY);
    let version = 1;
    const sent: (string | undefined)[] = [];
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return undefined;
      const etag = `"v${version}"`;
      sent.push(request.headers['if-none-match']);
      const tags = Array.from({ length: version }, (_, index) => `${index + 1}`);
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
      else json(response, 200, { name: 'team/web', tags }, { etag });
      return true;
    };
    it.watch.watch([target()]);
    it.watch.start();
    const pass = async (ms: number) => {
      const { length } = sent;
      it.clock.advance(ms);
      await until('it is listed', () => sent.length > length && it.watch.scans()[0]?.nextAt !== undefined);
    };
    await until('it is listed', () => known()?.tags.length === 1 && it.watch.scans()[0]?.nextAt !== undefined);
    await pass(61_000);
    expect(known()).toMatchObject({ tags: ['1'], scannedAt: it.clock.now() });
    version = 2;
    await pass(61_000);
    expect(known()?.tags).toEqual(['1', '2']);
    await pass(61_000);
    await pass(3_600_000);
    await it.watch.scanNow(registry.name);
    expect(sent).toEqual([undefined, '"v1"', '"v1"', '"v2"', undefined, undefined]);
    expect(known()).toMatchObject({ tags: ['1', '2'], scannedAt: it.clock.now() });
  });

  test('says when a tag is new, and forgets one that is gone', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target({ needsTimes: all })]);
    await it.watch.scanNow();
    registry.remove('1');
    registry.push('2', FEBRUARY);
    await it.watch.scanNow();
    expect(it.news).toHaveLength(2);
    expect(known()?.tags).toEqual(['2']);
    expect([...(known()?.images.keys() ?? [])]).toEqual(['2']);
  });

  test('sees at the next scan that a tag in use was moved, by one HEAD', async () => {
    registry.push('live', JANUARY);
    it.watch.watch([target({ needsTimes: all, inUse: ['live'] })]);
    await it.watch.scanNow();
    const before = registry.requests.length;
    await it.watch.scanNow();
    expect(registry.requests.slice(before)).toEqual(['GET /v2/team/web/tags/list?n=1000', 'HEAD /v2/team/web/manifests/live']);
    const digest = registry.push('live', FEBRUARY);
    await it.watch.scanNow();
    expect(known()?.images.get('live')).toMatchObject({ digest, createdAt: Date.parse(FEBRUARY) });
    expect(it.news).toHaveLength(2);
  });

  test('keeps list and map the same objects until a tag changes, and never changes those it gave away', async () => {
    registry.push('live', JANUARY);
    it.watch.watch([target({ needsTimes: all, inUse: ['live'] })]);
    await it.watch.scanNow();
    const first = known();
    const facts = [...(first?.images ?? [])];
    await it.watch.scanNow();
    expect(known()?.tags).toBe(first?.tags);
    expect(known()?.images).toBe(first?.images);
    registry.push('live', FEBRUARY);
    await it.watch.scanNow();
    expect(known()?.images).not.toBe(first?.images);
    expect([...(first?.images ?? [])]).toEqual(facts);
    registry.push('new', FEBRUARY);
    await it.watch.scanNow();
    expect(known()?.tags).toEqual(['live', 'new']);
    expect(first?.tags).toEqual(['live']);
  });

  test('looks at other tags ever more rarely, and twice as often after a move', async () => {
    registry.push('t', JANUARY);
    it.watch.watch([target({ needsTimes: all })]);
    await it.watch.scanNow();
    const heads = async (ms: number) => {
      it.clock.advance(ms);
      const before = registry.requests.length;
      await it.watch.scanNow();
      return registry.requests.slice(before).filter((request) => request.startsWith('HEAD')).length;
    };
    const hour = 3_600_000;
    expect([await heads(hour - 1), await heads(1), await heads(hour), await heads(hour)]).toEqual([0, 1, 0, 1]);
    registry.push('t', FEBRUARY);
    expect([await heads(4 * hour), await heads(2 * hour - 1), await heads(1)]).toEqual([1, 0, 1]);
  });

  test('reads one config once, however many tags share it', async () => {
    const digest = registry.push('1', JANUARY);
    for (const tag of ['1.0', '1.0.0', 'stable']) registry.tag(tag, digest);
    it.watch.watch([target({ needsTimes: (tag) => tag === '1' })]);
    await it.watch.scanNow();
    await until('4 images are known', () => known()?.images.size === 4);
    expect(registry.requests.filter((request) => request.includes('/blobs/'))).toHaveLength(1);
  });

  test('reads at once what a new policy needs', async () => {
    for (let number = 0; number < 201; number += 1) registry.push(`t${number}`, JANUARY);
    it.watch.start();
    it.watch.watch([target()]);
    await until('the repository is known', () => known() !== undefined);
    expect(known()?.images.size).toBe(0);
    it.watch.watch([target({ needsTimes: (tag) => tag === 't7' })]);
    await until('t7 is known', () => known()?.images.has('t7') === true);
  });

  test('reads a tag that is asked for, once', async () => {
    for (let number = 0; number < 201; number += 1) registry.push(`t${number}`, JANUARY);
    it.watch.readTag(registry.name, 't7');
    it.watch.start();
    it.watch.watch([target()]);
    await until('the repository is known', () => known() !== undefined);
    it.watch.readTag(registry.name, 't7');
    it.watch.readTag(registry.name, 'gone');
    await until('t7 is known', () => known()?.images.has('t7') === true);
    it.watch.readTag(registry.name, 't7');
    it.clock.advance(48 * 3_600_000);
    await it.watch.scanNow();
    expect(registry.requests.filter((request) => /manifests/.test(request))).toHaveLength(1);
  });

  test('reads a large repository in parts, and sees new tags in between (R-052)', async () => {
    const digest = registry.image({ created: JANUARY });
    for (let number = 0; number < 1200; number += 1) registry.tag(`t${String(number).padStart(4, '0')}`, digest);
    it.watch.watch([target({ needsTimes: all, inUse: ['t0000'] })]);
    await it.watch.scanNow();
    expect(known()?.images.size).toBe(500);
    expect([known()?.images.has('t0000'), known()?.images.has('t1199'), known()?.images.has('t0001')]).toEqual([
      true,
      true,
      false,
    ]);
    registry.push('u', FEBRUARY);
    it.watch.start();
    await until('1201 images are known', () => known()?.images.size === 1201);
    expect(registry.requests.filter((request) => request.includes('tags/list')).length).toBeGreaterThan(2);
  });

  test('needs no manifest of a repository whose order is by version, however large (R-052)', async () => {
    registry.intercept = (_request, response) => {
      json(response, 200, { tags: Array.from({ length: 100_000 }, (_, number) => `1.0.${number}`) });
      return true;
    };
    it.watch.watch([target()]);
    await it.watch.scanNow();
    expect(known()?.tags).toHaveLength(100_000);
    expect(registry.requests).toEqual(['GET /v2/team/web/tags/list?n=1000']);
  });

  test('scans each repository in its turn, the first time at once, until it is stopped', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target()]);
    it.watch.start();
    const lists = () => registry.requests.filter((request) => request.includes('tags/list')).length;
    await until('the first list is told of', () => lists() === 1 && it.news.length === 1);
    it.clock.advance(59_000);
    await it.watch.scanNow('nowhere/x');
    expect(lists()).toBe(1);
    it.clock.advance(1000);
    await until('a second list is asked for', () => lists() === 2);
    await it.watch.stop();
    it.clock.advance(600_000);
    expect(lists()).toBe(2);
  });

  test('forgets repositories that are not wanted any more', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target()]);
    await it.watch.scanNow();
    it.watch.watch([]);
    expect(known()).toBeUndefined();
    const before = registry.requests.length;
    await it.watch.scanNow();
    expect(registry.requests.length).toBe(before);
  });

  test('a scan asked for while one runs looks again after it', async () => {
    registry.push('1', JANUARY);
    it.watch.watch([target()]);
    let release = () => {};
    registry.intercept = (_request, response) => {
      registry.intercept = () => undefined;
      release = () => json(response, 200, { tags: ['1'] });
      return true;
    };
    const first = it.watch.scanNow(registry.name);
    await until('the registry is asked', () => registry.requests.length > 0);
    registry.push('2', FEBRUARY);
    const second = Promise.all([it.watch.scanNow(registry.name), it.watch.scanNow(registry.name)]);
    release();
    await first;
    await second;
    expect(known()?.tags).toEqual(['1', '2']);
    expect(registry.requests.filter((request) => request.includes('tags/list'))).toHaveLength(2);
  });

  test('a caller who gives up waits no longer', async () => {
    registry.intercept = () => true;
    it.watch.watch([target()]);
    const giveUp = new AbortController();
    const scan = it.watch.scanNow(registry.name, { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(scan).rejects.toThrow('enough');
  });

  test('leaves out what the globs exclude or do not include', async () => {
    const excluding = setup({ excludeImages: ['*lab*', 'k8s.io/*'], includeImages: ['127.0.0.1*', '*lab*'] });
    registry.push('1', JANUARY);
    excluding.watch.watch(
      ['index.docker.io/lab/a', 'k8s.io/x/y', 'quay.io/x/y', registry.name].map((name) => ({ name, pullSecrets: [] })),
    );
    await excluding.watch.scanNow();
    expect(excluding.watch.repository('quay.io/x/y')).toBeUndefined();
    expect(excluding.watch.repository('index.docker.io/lab/a')).toBeUndefined();
    expect(excluding.watch.repository(registry.name)?.tags).toEqual(['1']);
    await excluding.close();
  });
});

describe('an image', () => {
  const scan = async (options: Partial<ImageTarget> = {}) => {
    it.watch.watch([target({ needsTimes: all, ...options })]);
    await it.watch.scanNow();
    return known()?.images;
  };

  test('is read to the nanosecond', async () => {
    registry.push('a', FEBRUARY.replace('Z', '.123456789Z'));
    registry.push('b', FEBRUARY);
    const images = await scan();
    expect(images?.get('a')).toMatchObject({ createdAt: Date.parse(FEBRUARY) + 123, createdNs: 456_789 });
    expect(images?.get('b')).not.toHaveProperty('createdNs');
  });

  test('is read from Docker and OCI manifests and from the linux/amd64 entry of an index', async () => {
    const amd64 = registry.image(
      { created: FEBRUARY },
      { type: DOCKER_IMAGE, mediaType: 'application/vnd.docker.container.image.v1+json' },
    );
    registry.tag('docker', amd64);
    registry.push('oci', JANUARY);
    const entries = [
      { digest: registry.push('arm', JANUARY), platform: { os: 'linux', architecture: 'arm64' } },
      { digest: amd64, platform: { os: 'linux', architecture: 'amd64', variant: 'v2' } },
      { digest: registry.push('second', JANUARY), platform: { os: 'linux', architecture: 'amd64' } },
    ];
    const list = registry.store({ schemaVersion: 2, mediaType: DOCKER_LIST, manifests: entries }, DOCKER_LIST);
    registry.tag('list', list);
    const nested = registry.store({ manifests: [{ digest: list, platform: { os: 'linux', architecture: 'amd64' } }] }, OCI_INDEX);
    registry.tag('nested', nested);
    const images = await scan();
    expect(images?.get('docker')).toMatchObject({ digest: amd64, createdAt: Date.parse(FEBRUARY) });
    expect(images?.get('docker')?.indexDigest).toBeUndefined();
    expect(images?.get('oci')?.createdAt).toBe(Date.parse(JANUARY));
    expect(images?.get('list')).toMatchObject({ digest: amd64, indexDigest: list, createdAt: Date.parse(FEBRUARY) });
    expect(images?.get('nested')).toMatchObject({ digest: amd64, indexDigest: nested });
  });

  test('says what it was built from, if its labels do', async () => {
    const Labels = { 'org.opencontainers.image.source': 'https://git.example/shop', 'org.opencontainers.image.revision': 'abc' };
    registry.tag('labelled', registry.image({ created: JANUARY, config: { Labels } }));
    expect((await scan())?.get('labelled')?.origin).toEqual({ source: 'https://git.example/shop', revision: 'abc' });
  });

  test('gets its time labels from both places that builders write', async () => {
    const created = 'org.opencontainers.image.created';
    const buildDate = 'org.label-schema.build-date';
    registry.tag(
      'new',
      registry.image({ created: JANUARY, config: { Labels: { [created]: FEBRUARY, other: 'x', [buildDate]: '20240101' } } }),
    );
    registry.tag('old', registry.image({ created: JANUARY, container_config: { Labels: { [buildDate]: FEBRUARY } } }));
    const images = await scan();
    expect(images?.get('new')?.labels).toEqual({ [created]: FEBRUARY });
    expect(images?.get('old')?.labels).toEqual({ [buildDate]: FEBRUARY });
    expect(images?.get('new')).not.toHaveProperty('origin');
    expect(images?.get('new')?.createdAt).toBe(Date.parse(JANUARY));

    const byLabel = setup({ useLabels: ['127.0.0.1:*/team/*'] });
    byLabel.watch.watch([target({ needsTimes: all })]);
    await byLabel.watch.scanNow();
    const times = [...(byLabel.watch.repository(registry.name)?.images.values() ?? [])].map(({ createdAt }) => createdAt);
    expect(times).toEqual([Date.parse(FEBRUARY), Date.parse(FEBRUARY)]);
    await byLabel.close();
  });

  test.each<[string, unknown]>([
    ['before 1970', { created: '0001-01-01T00:00:00Z' }],
    ['after the year 9000', { created: '9999-01-01T00:00:00Z' }],
    ['garbage', { created: 'yesterday' }],
    ['a number', { created: 1e300 }],
    ['in a config that is a list', []],
  ])('created %s has no time, and says why (S-054)', async (_name, config) => {
    registry.tag('odd', registry.image(config));
    registry.push('good', JANUARY);
    const images = await scan();
    expect(images?.get('odd')?.createdAt).toBeUndefined();
    expect(images?.get('odd')?.error?.code).toBe('registry/bad-time');
    expect(images?.get('good')?.createdAt).toBe(Date.parse(JANUARY));
  });

  test('whose config names no time has none, and that is no error', async () => {
    registry.tag('timeless', registry.image({ os: 'linux' }));
    const info = (await scan())?.get('timeless');
    expect(info).toMatchObject({ tag: 'timeless', labels: {} });
    expect(info?.createdAt).toBeUndefined();
    expect(info?.error).toBeUndefined();
  });

  const entry = (digest: string) => ({ digest, platform: { os: 'linux', architecture: 'amd64' } });
  test.each<[string, () => string, string]>([
    [
      'for other platforms only',
      () => registry.store({ manifests: [{ digest: digestOf(''), platform: { os: 'windows' } }] }, OCI_INDEX),
      'registry/no-suitable-manifest',
    ],
    ['in an empty index', () => registry.store({ manifests: [] }, OCI_INDEX), 'registry/no-suitable-manifest'],
    [
      'that is a Helm chart',
      () => registry.image({}, { mediaType: 'application/vnd.cncf.helm.config.v1+json' }),
      'registry/bad-manifest',
    ],
    [
      'in schema 1',
      () => registry.store({ schemaVersion: 1 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'),
      'registry/bad-manifest',
    ],
    ['both image and index', () => registry.store({ manifests: [], config: {} }, OCI_INDEX), 'registry/bad-manifest'],
    ['that says another type', () => registry.store({ mediaType: OCI_INDEX, config: {} }, DOCKER_IMAGE), 'registry/bad-manifest'],
    [
      'with an index of 1,001 entries',
      () => registry.store({ manifests: Array.from({ length: 1001 }, () => entry(digestOf(''))) }, OCI_INDEX),
      'registry/bad-manifest',
    ],
    [
      'with a config digest that is none',
      () => registry.store({ config: { digest: 'sha256:../../x' } }, DOCKER_IMAGE),
      'registry/bad-manifest',
    ],
    [
      'with an entry that is gone',
      () => registry.store({ manifests: [entry(digestOf('gone'))] }, OCI_INDEX),
      'registry/not-found',
    ],
    [
      'nested too deep',
      () => [1, 2, 3, 4].reduce((inner) => registry.store({ manifests: [entry(inner)] }, OCI_INDEX), registry.push('x', JANUARY)),
      'registry/bad-manifest',
    ],
    ['of 5 MiB', () => registry.store({ pad: 'x'.repeat(5 * 2 ** 20) }, DOCKER_IMAGE), 'http/too-large'],
  ])('%s is named unreadable and holds nothing back (S-054)', async (_name, digest, code) => {
    registry.tag('bad', digest());
    registry.push('good', JANUARY);
    let images = await scan();
    if (code === 'registry/not-found') {
      // It may be on its way: nothing is said of it before a second look.
      expect(images?.has('bad')).toBe(false);
      it.clock.advance(60_000);
      images = await scan();
    }
    expect(images?.get('bad')).toMatchObject({ tag: 'bad', labels: {}, error: { code } });
    expect(images?.get('bad')?.digest).toBeUndefined();
    expect(images?.get('good')?.createdAt).toBe(Date.parse(JANUARY));
    expect(known()?.error).toBeUndefined();
  });

  test.each(['manifests/bad', 'blobs/'])('whose %s does not match its digest is not believed (S-054)', async (path) => {
    registry.push('bad', JANUARY);
    const forged = registry.image({ created: FEBRUARY });
    registry.intercept = (request, response) => {
      if (request.url?.includes(path)) response.setHeader('docker-content-digest', forged);
      if (!request.url?.includes(path)) return false;
      response.writeHead(200, { 'content-type': DOCKER_IMAGE });
      response.end('{}');
      return true;
    };
    expect((await scan())?.has('bad')).toBe(false);
    it.clock.advance(60_000);
    expect((await scan())?.get('bad')?.error?.code).toBe('registry/digest-mismatch');
  });

  test('that failed for a while is unreadable only after three attempts, and is asked again', async () => {
    registry.push('flaky', JANUARY);
    registry.push('good', JANUARY);
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith('/manifests/flaky')) return false;
      json(response, 503, {});
      return true;
    };
    expect((await scan())?.has('flaky')).toBe(false);
    for (const ms of [60_000, 120_000]) {
      it.clock.advance(ms);
      await it.watch.scanNow();
    }
    expect(known()?.images.get('flaky')?.error?.code).toBe('registry/unavailable');
    expect(known()?.images.get('good')?.error).toBeUndefined();
    registry.intercept = () => undefined;
    it.clock.advance(240_000);
    await it.watch.scanNow();
    expect(known()?.images.get('flaky')?.createdAt).toBe(Date.parse(JANUARY));
    expect(it.news.length).toBeGreaterThan(1);
  });
});
