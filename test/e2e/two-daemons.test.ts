import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import {
  EVERYTHING,
  type Fluxd,
  manifest,
  path,
  type Recorded,
  type Repository,
  startWorld,
  until,
  type World,
} from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const args = ['--registry-disable-scanning'];
/** What a fail-over may take at most, from the death of the leader to what Git wants in the cluster. */
const FAIL_OVER_MS = 15_000;

const isLease = (request: Recorded) => request.path.includes('/coordination.k8s.io/');
/** Whatever may change something; the Lease itself is how they agree who does. */
const isWrite = (request: Recorded) =>
  request.method !== 'GET' && !isLease(request) && request.query.get('dryRun') === null && !request.path.includes('reviews');

interface Shop {
  readonly name: string;
  readonly home: string;
  readonly repository: Repository;
  /** Starts a daemon in the shop's pod of that name. */
  daemon(pod: string, ...more: readonly string[]): Promise<Fluxd>;
  greeting(map: string): Promise<unknown>;
}

async function namespace(stem: string): Promise<string> {
  const name = world.namespace(stem);
  await world.kube.create('api/v1/namespaces', { metadata: { name } });
  return name;
}

async function open(home: string): Promise<Shop> {
  const name = await namespace('shop');
  const repository = await world.repository();
  await repository.commit('Open the shop', { 'a.yaml': manifest.configMap(name, 'a') });
  return {
    name,
    home,
    repository,
    daemon: (pod, ...more) => world.fluxd(repository, { pod: { namespace: home, name: pod }, args: [...args, ...more] }),
    greeting: async (map) => (await world.kube.find(path.configMap(name, map)))?.data.greeting,
  };
}

/** Waits until a number is above zero and has stayed the same for a while. */
async function settled(what: string, count: () => number): Promise<void> {
  let [last, since] = [0, performance.now()];
  await until(what, () => {
    if (count() !== last) [last, since] = [count(), performance.now()];
    return last > 0 && performance.now() - since > 500;
  });
}

const readyz = async (fluxd: Fluxd) => (await fetch(fluxd.url.replace('/api/flux', '/readyz'))).status;
const metrics = async (fluxd: Fluxd) => (await fetch(fluxd.url.replace('/api/flux', '/metrics'))).text();
const waits = (fluxd: Fluxd) => until('it waits for the other one', () => fluxd.log().includes('another fluxd leads'));
const leases = async (home: string) =>
  (await world.kube.get(`apis/coordination.k8s.io/v1/namespaces/${home}/leases`)).items as {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly holderIdentity: string };
  }[];

describe('two daemons for one source', () => {
  test.runIf(thorough('a leader and a standby'))(
    'one writes; the other is ready, answers questions, and names the one that takes changes',
    async () => {
      const shop = await open(await namespace('flux'));
      const first = await shop.daemon('flux-1');
      await shop.repository.synced(shop.repository.head());
      const second = await shop.daemon('flux-2');
      await waits(second);
      await until('both are ready', async () => (await readyz(first)) === 200 && (await readyz(second)) === 200);
      expect(await metrics(first)).toContain('\nflux_leader 1\n');
      expect(await metrics(second)).toContain('\nflux_leader 0\n');
      expect((await leases(shop.home)).map(({ metadata, spec }) => [metadata.name, spec.holderIdentity.split('_')[0]])).toEqual([
        [expect.stringMatching(/^flux-[0-9a-f]{12}$/), 'flux-1'],
      ]);

      const refused = await second.fluxctl('sync');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('this daemon is on standby: flux-1 leads, and accepts changes');
      const problem = await fetch(second.url.replace('/flux', '/v1/syncs'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect([problem.status, problem.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect(await problem.json()).toMatchObject({ detail: expect.stringContaining('flux-1') });
      expect((await second.fluxctl('list-workloads', '-a')).code).toBe(0);
      const compared = await second.fluxctl('diff');
      expect(compared).toMatchObject({ code: 0 });

      const head = await shop.repository.commit('More', { 'b.yaml': manifest.configMap(shop.name, 'b') });
      await shop.repository.synced(head);
      expect(second.proxy.requests.filter(isWrite)).toEqual([]);
      expect(first.proxy.requests.filter(isWrite).length).toBeGreaterThan(0);
    },
  );

  test.runIf(thorough('a leader that is stopped'))('a leader that is stopped gives way at once', async () => {
    const shop = await open(await namespace('flux'));
    const first = await shop.daemon('flux-1');
    await shop.repository.synced(shop.repository.head());
    const second = await shop.daemon('flux-2');
    await waits(second);
    expect((await first.stop()).code).toBe(0);
    expect(first.log()).toContain('lease released');
    const since = performance.now();
    const head = await shop.repository.commit('More', { 'b.yaml': manifest.configMap(shop.name, 'b') });
    await shop.repository.synced(head);
    expect(performance.now() - since).toBeLessThan(FAIL_OVER_MS);
    expect((await second.sync()).counts).toEqual({ unchanged: 2 });
  });

  test.runIf(thorough('a leader that is killed'))('a leader that is killed is followed within 15 s', async () => {
    const shop = await open(await namespace('flux'));
    const first = await shop.daemon('flux-1');
    await shop.repository.synced(shop.repository.head());
    const second = await shop.daemon('flux-2');
    await waits(second);
    await first.kill();
    const since = performance.now();
    const head = await shop.repository.commit('More', { 'b.yaml': manifest.configMap(shop.name, 'b') });
    await until('the other one has applied it', async () => (await shop.greeting('b')) === 'hello');
    const took = performance.now() - since;
    console.log(`fail-over after SIGKILL: ${Math.round(took)} ms`);
    expect(took).toBeLessThan(FAIL_OVER_MS);
    await shop.repository.synced(head);
  });

  test.runIf(thorough('a leader that is paused'))(
    'a leader that is paused in the middle of a sync, and wakes after another took over, writes nothing (R-064)',
    async () => {
      const shop = await open(await namespace('flux'));
      const first = await shop.daemon('flux-1', '--sync-timeout=10m');
      await shop.repository.synced(shop.repository.head());
      const second = await shop.daemon('flux-2');
      await waits(second);

      const maps = Array.from({ length: 40 }, (_, index) => `m${index}`);
      const files = (greeting: string) => ({
        'maps.yaml': maps.map((map) => manifest.configMap(shop.name, map, { greeting })).join('---\n'),
      });
      let out = 0;
      const paused = Promise.withResolvers<void>();
      first.proxy.intercept = async (request) => {
        if (!isWrite(request)) return undefined;
        out += 1;
        await paused.promise;
        return undefined;
      };
      const old = await shop.repository.commit('Old', files('old'));
      // It stands still while it waits for answers, so that none of its writes is between the look at the lease and the wire.
      await settled('as many writes are out as go at once', () => out);
      first.pause();
      paused.resolve();
      const newer = await shop.repository.commit('Newer', files('newer'));
      await shop.repository.synced(newer);
      const before = first.proxy.requests.filter(isWrite).length;
      expect(before).toBeLessThan(maps.length);
      second.proxy.clear();
      const tag = await shop.repository.git('rev-parse', 'flux-sync');

      first.resume();
      await until('it knows', () => first.log().includes('another fluxd leads'));
      expect((await second.sync()).counts).toEqual({ unchanged: maps.length + 1 });
      expect(first.proxy.requests.filter(isWrite)).toHaveLength(before);
      expect(second.proxy.requests.filter(isWrite)).toEqual([]);
      expect(await Promise.all(maps.map(shop.greeting))).toEqual(maps.map(() => 'newer'));
      expect(await shop.repository.git('rev-parse', 'flux-sync')).toBe(tag);
      expect(await shop.repository.resolve('flux-sync')).toBe(newer);
      expect(old).not.toBe(newer);
      expect(await readyz(first)).toBe(200);
    },
  );
});

test.runIf(thorough('a fail-over with the marker in a Secret'))(
  'with --sync-state=secret one writes the annotations, and a fail-over neither loses nor repeats a record',
  async () => {
    const shop = await open(await namespace('flux'));
    const annotations = async () =>
      (await world.kube.find(`api/v1/namespaces/${shop.home}/secrets/flux-git-deploy`))?.metadata.annotations ?? {};
    const marked = (revision: string) =>
      until('it is marked', async () => (await annotations())['flux.weave.works/sync-hwm'] === revision);
    const records = async (): Promise<readonly { readonly revision: string; readonly startedAt: string }[]> =>
      JSON.parse((await annotations())['fluxcd.io/sync-records'] ?? '[]');
    const flag = '--sync-state=secret';
    const first = await shop.daemon('flux-1', flag);
    const one = shop.repository.head();
    await marked(one);
    const second = await shop.daemon('flux-2', flag);
    await waits(second);
    const two = await shop.repository.commit('Two', { 'b.yaml': manifest.configMap(shop.name, 'b') });
    expect(await first.fluxctl('sync')).toMatchObject({ code: 0, stderr: expect.any(String) });
    await marked(two);
    expect(second.proxy.requests.filter(isWrite)).toEqual([]);
    const before = await records();
    expect(before.map(({ revision }) => revision)).toEqual([two, one]);

    await first.kill();
    const three = await shop.repository.commit('Three', { 'c.yaml': manifest.configMap(shop.name, 'c') });
    await marked(three);
    const after = await records();
    expect(after.map(({ revision }) => revision)).toEqual([three, two]);
    // What the first one wrote of it.
    expect(after[1]).toEqual(before[0]);
    const history = JSON.parse((await second.fluxctl('history', '-o', 'json')).stdout);
    expect(history.map(({ revision }: { revision: string }) => revision)).toEqual([three, two, one]);
    expect(second.log().match(/sync marker moved/g)).toHaveLength(1);

    await first.restart();
    await until('it waits', () => (first.log().split('--- restarted ---')[1] ?? '').includes('another fluxd leads'));
    first.proxy.clear();
    const four = await shop.repository.commit('Four', { 'd.yaml': manifest.configMap(shop.name, 'd') });
    expect(await second.fluxctl('sync')).toMatchObject({ code: 0, stderr: expect.any(String) });
    await marked(four);
    expect(first.proxy.requests.filter(isWrite)).toEqual([]);
    expect((await records()).map(({ revision }) => revision)).toEqual([four, three]);
  },
);

test.runIf(thorough('daemons for different sources'))(
  'daemons for different sources in one namespace do not wait for each other',
  async () => {
    const home = await namespace('flux');
    const shops = [await open(home), await open(home), await open(home)];
    const daemons = await Promise.all(shops.map((shop, index) => shop.daemon(`flux-${index}`)));
    await Promise.all(shops.map(({ repository }) => repository.synced(repository.head())));
    expect(new Set((await leases(home)).map(({ metadata }) => metadata.name)).size).toBe(3);
    for (const daemon of daemons) expect(daemon.log()).not.toContain('another fluxd leads');
  },
);

test.runIf(thorough('a daemon without Leases'))('a daemon that may not touch Leases runs without, and says so once', async () => {
  const shop = await open(await namespace('flux'));
  const account = await world.account();
  await account.grant({ namespaces: { [shop.name]: [EVERYTHING] } });
  const fluxd = await world.fluxd(shop.repository, { account, args: [...args, `--k8s-allow-namespace=${shop.name}`] });
  await shop.repository.synced(shop.repository.head());
  await fluxd.sync();
  expect(fluxd.log().match(/running without a lease/g)).toHaveLength(1);
  expect(await metrics(fluxd)).toContain('\nflux_leader 1\n');
});

test.runIf(thorough('a container that is restarted in its pod'))(
  'a container that is restarted in its pod does not wait for the lease that it left',
  async () => {
    const shop = await open(await namespace('flux'));
    const fluxd = await shop.daemon('flux-1');
    await shop.repository.synced(shop.repository.head());
    await fluxd.restart();
    await fluxd.sync();
    expect(fluxd.log()).not.toContain('another fluxd leads');
  },
);
