import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { EVERYTHING, manifest, path, type Rule, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** What docs/rights.md says is needed. */
const NEEDED: Rule = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] };
const quiet = ['--registry-disable-scanning', '--git-poll-interval=1h'];

async function namespace(stem: string): Promise<string> {
  const name = world.namespace(stem);
  await world.kube.create('api/v1/namespaces', { metadata: { name } });
  return name;
}

const secret = (ns: string, name: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name}, namespace: ${ns} }\nstringData: { a: b }\n`;

describe('with Roles in one namespace and no right beside', () => {
  test.runIf(thorough('rights in one namespace, end to end'))(
    '--k8s-allow-namespace is enough to sync, follow health, list, correct drift and delete there; what is outside is reported, and stays out of every path (S-092, S-095)',
    async () => {
      const [shop, other] = [await namespace('shop'), await namespace('other')];
      const account = await world.account();
      await account.grant({ namespaces: { [shop]: [NEEDED] } });
      const repository = await world.repository();
      await repository.commit('Open the shop', {
        'namespace.yaml': manifest.namespace(shop),
        'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 0 }),
        'maps.yaml': `${manifest.configMap(shop, 'a')}---\n${manifest.configMap(shop, 'b')}---\n${manifest.configMap(other, 'c')}`,
      });
      const fluxd = await world.fluxd(repository, {
        account,
        args: [...quiet, '--sync-garbage-collection', `--k8s-allow-namespace=${shop}`],
      });
      await repository.synced(repository.head());
      const waited = await fluxd.fluxctl('sync', '--wait');
      expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining('4 of 4 objects healthy.') });
      const report = await fluxd.sync();
      expect(report.counts).toEqual({ unchanged: 4, skipped: 1 });
      expect(report.changes).toMatchObject([
        {
          id: `${other}:configmap/c`,
          outcome: 'skipped',
          reason: `namespace ${other} is not among those of --k8s-allow-namespace`,
        },
      ]);
      const told = fluxd.log().match(/msg="not applying resources; excluded by namespace constraints".*/g);
      expect(told).toHaveLength(1);
      expect(told?.[0] ?? fluxd.log()).toContain(`${other}:configmap/c`);

      const listed = await fluxd.fluxctl('list-workloads', '-a');
      expect(listed.stdout).toContain(`${shop}:deployment/web`);
      await world.kube.patch(path.configMap(shop, 'a'), { data: { greeting: 'drifted' } });
      await until('drift is corrected', async () => (await world.kube.get(path.configMap(shop, 'a'))).data.greeting === 'hello');

      await repository.commit('Less', { 'maps.yaml': manifest.configMap(shop, 'a') });
      expect((await fluxd.sync()).counts).toEqual({ unchanged: 3, deleted: 1 });
      expect(await world.kube.find(path.configMap(shop, 'b'))).toBeUndefined();
      expect(await world.kube.find(path.configMap(other, 'c'))).toBeUndefined();
      const outside = fluxd.proxy.requests.filter((each) => each.path.includes(`/namespaces/${other}`));
      expect(outside.map((each) => each.path)).toEqual([]);
    },
  );

  test.runIf(thorough('rights that are taken away'))(
    'rights that are taken away and given back are noticed without a restart, and told once',
    async () => {
      const shop = await namespace('shop');
      const account = await world.account();
      const rights = { namespaces: { [shop]: [NEEDED] } };
      await account.grant(rights);
      const repository = await world.repository();
      await repository.commit('Open the shop', { 'a.yaml': manifest.configMap(shop, 'a') });
      const fluxd = await world.fluxd(repository, { account, args: [...quiet, `--k8s-allow-namespace=${shop}`] });
      await repository.synced(repository.head());
      await account.grant({});
      await repository.commit('More', { 'b.yaml': manifest.configMap(shop, 'b') });
      const outcome = async () => (await fluxd.sync()).changes.find(({ id }) => id === `${shop}:configmap/b`);
      await until('the rights are gone', async () => (await outcome())?.error?.message.includes('is forbidden') === true);
      expect((await fluxd.fluxctl('list-workloads', '-a')).stdout).not.toContain('Error');
      await fluxd.fluxctl('list-workloads', '-a');
      expect(fluxd.log().match(/cannot access allowed namespace/g)).toHaveLength(1);
      await account.grant(rights);
      await until('the rights are back', async () => {
        await fluxd.sync();
        return (await world.kube.find(path.configMap(shop, 'b'))) !== undefined;
      });
    },
  );
});

describe('with rights in the whole cluster, but not all to ConfigMaps', () => {
  const others: readonly Rule[] = [
    { apiGroups: [''], resources: ['namespaces', 'secrets'], verbs: ['*'] },
    { apiGroups: ['apps', 'batch'], resources: ['*'], verbs: ['*'] },
  ];

  const WITHOUT: readonly (readonly [readonly string[], 'created' | 'held' | 'failed', string])[] = [
    [['watch'], 'created', ''],
    // A streaming list is a watch.
    [['list'], 'created', ''],
    [['list', 'watch'], 'held', 'cannot list resource "configmaps" in API group "" at the cluster scope'],
    [['get'], 'held', 'cannot get resource "configmaps" in API group "" in the namespace'],
    [['patch'], 'failed', 'cannot patch resource "configmaps" in API group "" in the namespace'],
  ];
  test.runIf(thorough('rights that are missing')).for(WITHOUT)(
    'without %j: ConfigMaps are %s, and everything else is applied',
    async ([missing, expected, why]) => {
      const shop = await namespace('shop');
      const account = await world.account();
      const verbs = NEEDED.verbs.filter((verb) => !missing.includes(verb));
      await account.grant({ cluster: [...others, { apiGroups: [''], resources: ['configmaps'], verbs }] });
      const repository = await world.repository();
      await repository.commit('Open the shop', {
        'a.yaml': manifest.configMap(shop, 'a'),
        's.yaml': secret(shop, 's'),
      });
      const fluxd = await world.fluxd(repository, { account, args: quiet });
      await repository.synced(repository.head());
      expect(await world.kube.find(path.secret(shop, 's'))).toBeDefined();
      const map = await world.kube.find(path.configMap(shop, 'a'));
      expect(map !== undefined).toBe(expected === 'created');
      const { changes } = await fluxd.sync();
      if (expected === 'created') expect(changes).toEqual([]);
      else
        expect(changes).toMatchObject([{ id: `${shop}:configmap/a`, outcome: expected, error: { code: 'cluster/forbidden' } }]);
      expect(changes[0]?.error?.message ?? '').toContain(why);
      const flood = fluxd.log().match(/watch failed; retrying/g) ?? [];
      expect(flood.length).toBeLessThanOrEqual(1);
    },
  );
});

test.runIf(thorough('what this Flux lives by'))(
  'what this Flux lives by stays, though a commit drops it and confirms that; what gives power is told (S-093)',
  async () => {
    const account = await world.account();
    await account.grant({ cluster: [EVERYTHING] });
    const [home, shop] = [account.namespace, world.namespace('shop')];
    const repository = await world.repository();
    const first = await repository.commit('Everything, Flux itself included', {
      'home.yaml': manifest.namespace(home),
      'account.yaml': `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: flux, namespace: ${home} }\n`,
      'settings.yaml': manifest.configMap(home, 'settings'),
      'shop.yaml': `${manifest.namespace(shop)}  labels: { pod-security.kubernetes.io/enforce: privileged }\n`,
    });
    const fluxd = await world.fluxd(repository, { account, args: [...quiet, '--sync-garbage-collection'] });
    await repository.synced(first);
    for (const told of [
      `Namespace ${home} is security-sensitive: this Flux itself needs it`,
      'ServiceAccount flux is security-sensitive: this Flux itself needs it',
      `Namespace ${shop} is security-sensitive: its pods may be privileged`,
    ])
      await until(told, async () => fluxd.log().includes(told));

    await repository.commit('Away with it\n\nAllow-Prune: 9', { 'home.yaml': null, 'account.yaml': null, 'settings.yaml': null });
    const report = await fluxd.sync();
    expect(report.counts).toEqual({ unchanged: 1, deleted: 1, held: 2 });
    expect(await world.kube.find(path.configMap(home, 'settings'))).toBeUndefined();
    for (const own of [path.namespace(home), `api/v1/namespaces/${home}/serviceaccounts/flux`])
      expect((await world.kube.get(own)).metadata.deletionTimestamp).toBeUndefined();
  },
);
