import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KubeJson, manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('a person commits a manifest, it runs in the cluster, and Git says so', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'shop.yaml': manifest.namespace(shop),
    'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'hello' }),
  });
  await world.fluxd(repository);

  const record = await repository.synced(first);
  expect(record).toMatchObject({ revision: first, counts: { created: 2 } });
  expect((await world.kube.get(path.configMap(shop, 'greeting'))).data).toEqual({ text: 'hello' });
  expect(await repository.git('cat-file', '-t', 'flux-sync')).toBe('tag\n');
  expect(await repository.git('tag', '--list', '--format=%(contents)', 'flux-sync')).toContain('Sync pointer');

  const second = await repository.commit('Be polite', {
    'greeting.yaml': manifest.configMap(shop, 'greeting', { text: 'good day' }),
  });
  expect(await repository.synced(second)).toMatchObject({ previous: first, counts: { unchanged: 1, configured: 1 } });
  expect((await world.kube.get(path.configMap(shop, 'greeting'))).data).toEqual({ text: 'good day' });
  expect(repository.head()).toBe(second);
});

test('a pushed tag leads to one commit of one line, one note, one moved tag and a rolled-out Deployment', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  const repository = await world.repository();
  const before = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({
      namespace: shop,
      name: 'web',
      image: `${image}:1.0.0`,
      annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:^1' },
    }),
  });
  const fluxd = await world.fluxd(repository);
  await until('the first version runs', async () =>
    rolledOut(await world.kube.find(path.deployment(shop, 'web')), `${image}:1.0.0`),
  );

  await world.push(name, '2.0.0', { version: '2.0.0' }); // outside the wanted range
  await world.push(name, '1.0.1', { version: '1.0.1' });
  const told = await fluxd.api('v11/notify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: world.registry, Image: name } } }),
  });
  expect(told.status).toBe(202);
  await until('the new version runs', async () =>
    rolledOut(await world.kube.find(path.deployment(shop, 'web')), `${image}:1.0.1`),
  );
  const head = repository.head();
  await repository.synced(head);

  expect(await repository.commitsSince(before)).toEqual([head]);
  expect(await changedLines(repository.git, before, head)).toEqual([
    `-          image: ${image}:1.0.0 # kept current by Flux`,
    `+          image: ${image}:1.0.1 # kept current by Flux`,
  ]);
  const notes = (await repository.git('notes', '--ref=flux', 'list')).trim().split('\n');
  expect(notes.map((line) => line.split(' ')[1])).toEqual([head]);
  expect(JSON.parse(await repository.git('notes', '--ref=flux', 'show', head))).toMatchObject({
    spec: { type: 'auto' },
    result: {
      [`${shop}:deployment/web`]: {
        Status: 'success',
        PerContainer: [{ Container: 'web', Current: `${image}:1.0.0`, Target: `${image}:1.0.1` }],
      },
    },
  });
  // What kubectl describe shows of the Deployment, on a real cluster by its own search too.
  const { uid } = (await world.kube.get(path.deployment(shop, 'web'))).metadata;
  const shown = async () => {
    const events = await world.kube.list(`apis/events.k8s.io/v1/namespaces/${shop}/events`);
    return events.filter(({ regarding }) => regarding.uid === uid).map(({ reason, note }) => `${reason}: ${note}`);
  };
  await until('the Events are written', async () => (await shown()).some((text) => text.startsWith('ImageUpdated')));
  expect(await shown()).toEqual(
    expect.arrayContaining([
      `SyncApplied: created from web.yaml:2 (document 1) at ${before.slice(0, 7)}`,
      `SyncApplied: configured from web.yaml:2 (document 1) at ${head.slice(0, 7)}`,
      `ImageUpdated: web: ${image}:1.0.0 → ${image}:1.0.1 (by automation, commit ${head.slice(0, 7)})`,
    ]),
  );
  if (world.runsPods) {
    await until('the pod answers with the new version', async () => (await ask(shop, 'web')).includes('version=1.0.1'));
  }
});

/** The Deployment runs the image, all of its pods are ready, and none of an older one is left. */
function rolledOut(deployment: KubeJson | undefined, image: string): boolean {
  const { spec, status, metadata } = deployment ?? { spec: undefined, status: undefined };
  return (
    spec?.template.spec.containers[0].image === image &&
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === spec.replicas &&
    status?.availableReplicas === spec.replicas &&
    (status?.replicas ?? 0) === spec.replicas
  );
}

async function changedLines(git: (...args: string[]) => Promise<string>, from: string, to: string): Promise<readonly string[]> {
  const diff = await git('diff', '--unified=0', from, to);
  return diff.split('\n').filter((line) => /^[-+](?![-+])/.test(line));
}

/** What the pod of an app answers over HTTP, from its own address. */
async function ask(namespace: string, app: string): Promise<string> {
  const pods = await world.kube.list(`${path.pods(namespace)}?labelSelector=app%3D${app}`);
  const address = pods.find((pod) => pod.metadata.deletionTimestamp === undefined)?.status.podIP;
  return address ? (await fetch(`http://${address}:8080/`)).text() : '';
}
