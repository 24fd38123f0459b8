import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import {
  type Fault,
  type Files,
  type Fluxd,
  manifest,
  path,
  type Recorded,
  startWorld,
  until,
  type World,
} from './harness/index.ts';

/**
 * A sample of each fault that test/faults plays through on virtual time, in real time: the daemon as it ships, and where
 * TEST_KUBECONFIG is set a real API server behind the proxy.
 */
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

type Intercept = (recorded: Recorded) => Fault | undefined;

const MAPS = 6;

const maps = (shop: string, data?: Readonly<Record<string, string>>, count = MAPS): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`map-${n}.yaml`, manifest.configMap(shop, `map-${n}`, data)]));

const status = (code: number, reason: string, message: string): Fault => ({
  kind: 'answer',
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
});

const isApply = ({ method }: Recorded) => method === 'PATCH';
const isList = ({ method, path: where }: Recorded) => method === 'GET' && where.endsWith('/configmaps');
const isMap = (n: number) => (recorded: Recorded) => recorded.path.endsWith(`/configmaps/map-${n}`);

/** Every n-th of the requests that match. */
function every(n: number, matches: (recorded: Recorded) => boolean, fault: Fault): Intercept {
  let count = 0;
  return (recorded) => (matches(recorded) && ++count % n === 0 ? fault : undefined);
}

async function greetings(shop: string): Promise<readonly string[]> {
  const found = await world.kube.list(path.configMaps(shop));
  return found.filter(({ metadata }) => metadata.name.startsWith('map-')).map(({ data }) => data.greeting);
}

/** The repository of one test, applied; and a daemon that looks at it every second. */
async function start(stem: string, args: readonly string[] = []) {
  const shop = world.namespace(stem);
  const repository = await world.repository();
  const revision = await repository.commit('Maps', { 'namespace.yaml': manifest.namespace(shop), ...maps(shop) });
  const fluxd = await world.fluxd(repository, { args: ['--registry-disable-scanning', ...args] });
  await repository.synced(revision);
  return { shop, repository, fluxd };
}

/** The daemon's answer to Kubernetes' probes. */
async function ready(fluxd: Fluxd): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(new URL('/readyz', fluxd.url));
  return { status: response.status, text: await response.text() };
}

const SAMPLES: Readonly<Record<string, readonly (readonly [string, Intercept])[]>> = {
  'what is asked': [
    ['R-002: every answer takes a second', () => ({ kind: 'delay', ms: 1000 })],
    ['R-004: every third answer is a 503', every(3, () => true, { kind: 'answer', status: 503 })],
    ['R-005: every third answer is cut in the middle', every(3, ({ watch }) => !watch, { kind: 'cut', bytes: 40 })],
    ['R-006: every watch is cut after half a second', ({ watch }) => (watch ? { kind: 'expire', ms: 500 } : undefined)],
    ['R-006: every watch is too old', ({ watch }) => (watch ? status(410, 'Expired', 'too old resource version') : undefined)],
    ['R-007: every list is {}', (recorded) => (isList(recorded) ? { kind: 'answer', status: 200, body: {} } : undefined)],
    ['R-010: no credentials are accepted', () => status(401, 'Unauthorized', 'Unauthorized')],
  ],
  'what is written': [
    [
      'R-003: every third apply is told to come back in a second',
      every(3, isApply, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }),
    ],
    ['R-005: every second apply loses its answer', every(2, isApply, { kind: 'lose-answer' })],
    ['R-011: every second apply meets a conflict', every(2, isApply, status(409, 'Conflict', 'the object has been modified'))],
  ],
};

test.runIf(thorough('faults in the middle')).for(Object.keys(SAMPLES))(
  'faults in %s (R-002 to R-011), two seconds each while somebody commits: soon after all is applied, and nothing is deleted',
  async (name) => {
    const { shop, repository, fluxd } = await start('fault', ['--sync-garbage-collection']);
    fluxd.proxy.clear();
    for (const [greeting, intercept] of SAMPLES[name] ?? []) {
      fluxd.proxy.intercept = intercept;
      // The watches of before are not spared.
      await fluxd.proxy.refuse();
      await fluxd.proxy.accept();
      await repository.commit(greeting, maps(shop, { greeting }));
      await sleep(2000);
      fluxd.proxy.intercept = undefined;
      await until(greeting, async () => (await greetings(shop)).join() === Array(MAPS).fill(greeting).join());
      expect(fluxd.running(), greeting).toBe(true);
    }
    expect(fluxd.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect((await fluxd.sync()).counts).toEqual({ unchanged: MAPS + 1 });
  },
);

test.runIf(thorough('an API server that is gone'))(
  'R-001: an API server that is gone for seconds: fluxd stays up and says so, and applies what was committed meanwhile',
  async () => {
    const { shop, repository, fluxd } = await start('gone');
    await fluxd.proxy.refuse();
    await repository.commit('Changed', maps(shop, { greeting: 'changed' }));
    await until('it is told', async () => (await ready(fluxd)).status === 503);
    expect((await ready(fluxd)).text).toContain('ECONNREFUSED');
    expect((await fetch(new URL('/healthz', fluxd.url))).status).toBe(200);
    await fluxd.proxy.accept();
    await until('all is changed', async () => (await greetings(shop)).join() === Array(MAPS).fill('changed').join());
    await until('it is ready', async () => (await ready(fluxd)).status === 200);
  },
);

test.runIf(thorough('a webhook that denies'))(
  'R-012, R-013: a webhook that denies two objects: they are told, the others applied, and they follow once it lets them',
  async () => {
    const { shop, repository, fluxd } = await start('denied');
    fluxd.proxy.intercept = (recorded) =>
      isApply(recorded) && (isMap(1)(recorded) || isMap(4)(recorded))
        ? status(403, 'Forbidden', 'admission webhook "tags.acme.io" denied the request: not today')
        : undefined;
    const revision = await repository.commit('Changed', maps(shop, { greeting: 'changed' }));
    const record = await repository.synced(revision);
    expect(record.counts).toEqual({ configured: MAPS - 2, failed: 2, unchanged: 1 });
    expect(JSON.stringify(record.changes)).toContain('admission webhook \\"tags.acme.io\\" denied the request');
    fluxd.proxy.intercept = undefined;
    await until('all is changed', async () => (await greetings(shop)).join() === Array(MAPS).fill('changed').join());
  },
);

test.runIf(thorough('deletions that fail'))(
  'R-012, R-005: of two deletions one loses its answer, and is done; the other is refused, is told and shown, and holds up nothing',
  async () => {
    const { shop, repository, fluxd } = await start('deletion', ['--sync-garbage-collection']);
    let lost = false;
    fluxd.proxy.intercept = (recorded) => {
      if (recorded.method !== 'DELETE') return undefined;
      if (isMap(4)(recorded))
        return status(403, 'Forbidden', 'admission webhook "keep.acme.io" denied the request: not on Fridays');
      if (lost) return undefined;
      lost = true;
      return { kind: 'lose-answer' };
    };
    await repository.synced(await repository.commit('Two less', { 'map-4.yaml': null, 'map-5.yaml': null }));
    await until('one is gone', async () => (await greetings(shop)).length === MAPS - 1);
    const refused = `${shop}:configmap/map-4`;
    const record = await repository.synced(await repository.commit('More', maps(shop, { greeting: 'more' }, MAPS - 2)));
    expect(record.counts).toMatchObject({ configured: MAPS - 2 });
    expect(record.changes.map(({ id }) => id)).toContain(refused);
    expect((await fluxd.fluxctl('gc')).stdout).toMatch(/"keep\.acme\.io" denied the request.*\n.*configmap\/map-4/);
    expect(lost).toBe(true);
    const deletions = fluxd.proxy.requests
      .filter(({ method }) => method === 'DELETE')
      .map(({ path: where }) => where.split('/').at(-1));
    // Not again within a minute.
    expect(deletions.filter((name) => name === 'map-4')).toHaveLength(1);
    expect(new Set(deletions)).toEqual(new Set(['map-4', 'map-5']));
  },
);

test.runIf(thorough('a definition and its object in one commit'))(
  'R-014: a definition and its object in one commit',
  async () => {
    const { shop, repository } = await start('definition');
    const group = `${world.unique('faults')}.example.org`;
    const revision = await repository.commit('A kind of our own', {
      'crd.yaml': manifest.customResourceDefinition(group, 'Widget'),
      'object.yaml': `apiVersion: ${group}/v1\nkind: Widget\nmetadata: { name: mine, namespace: ${shop} }\nspec: { size: 1 }\n`,
    });
    expect((await repository.synced(revision)).counts).toMatchObject({ created: 2 });
  },
);

test.runIf(thorough('a namespace that hangs in its deletion'))(
  'R-015: a namespace that hangs in its deletion: its objects are told, others go on, and all comes back once it is gone',
  async () => {
    const { shop, repository } = await start('calm');
    const stuck = world.namespace('stuck');
    await world.kube.create('api/v1/namespaces', { metadata: { name: stuck } });
    await world.kube.create(path.configMaps(stuck), { metadata: { name: 'keeper', finalizers: ['acme.io/wait'] } });
    await world.kube.delete(path.namespace(stuck));
    const revision = await repository.commit('Into the stuck one', {
      'stuck.yaml': manifest.namespace(stuck),
      'stuck-map.yaml': manifest.configMap(stuck, 'late'),
      'more.yaml': manifest.configMap(shop, 'more'),
    });
    const record = await repository.synced(revision);
    expect(record.counts).toMatchObject({ created: 1, failed: 1 });
    expect(JSON.stringify(record.changes)).toContain('being deleted');
    await world.kube.patch(path.configMap(stuck, 'keeper'), { metadata: { finalizers: null } });
    await until('it is back', async () => (await world.kube.find(path.configMap(stuck, 'late'))) !== undefined);
  },
);
