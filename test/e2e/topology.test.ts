import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectCommitsSchema, objectDiffSchema, type TopologyWire, topologySchema } from '../../src/api/wire/index.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.runIf(thorough('a topology, end to end'))('a workload has its pods, what routes to it, and what it uses', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: shop } };
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    // Its pods do not start, so that there are some on any cluster.
    'shop/web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: 'example.com/acme/web:missing' }),
    'shop/service.yaml': JSON.stringify({ ...service, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }),
  });
  const fluxd = await world.fluxd(repository);
  await repository.synced(first);
  let topology: TopologyWire | undefined;
  const podOf = ({ nodes }: TopologyWire) => nodes.find((node) => node.type === 'owned' && node.kind === 'Pod');
  await until('its pod is there', async () => {
    const answer = await fluxd.api(`../v1/topology?namespace=${shop}`);
    topology = topologySchema.parse(await answer.json());
    return podOf(topology) !== undefined;
  });
  if (!topology) throw new Error('no answer');
  const byKey = new Map(topology.nodes.map((node) => [node.key, node]));
  const chain: unknown[] = [];
  for (let at = podOf(topology); at; at = byKey.get(at.parent ?? ''))
    chain.push(at.type === 'owned' ? at.kind : at.type === 'object' ? at.id : 'name' in at ? at.name : at.type);
  expect(chain).toEqual(['Pod', 'ReplicaSet', `${shop}:deployment/web`, 'shop', 'default']);
  expect(topology.links.map(({ from, to, type }) => [from, type, to].map((key) => key.replace('object default ', '')))).toEqual([
    [`${shop}:service/web`, 'routes', `${shop}:deployment/web`],
  ]);
  expect(topology.unread).toEqual([]);
});

test.runIf(thorough('the commits of an object, end to end'))('an object has the commits of its file', async () => {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const config = (text: string) => manifest.configMap(shop, 'text', { text });
  await repository.commit('Open the shop', { 'namespace.yaml': manifest.namespace(shop), 'text.yaml': config('a') });
  await repository.commit('Say something else', { 'text.yaml': config('b') });
  const last = await repository.commit('Change another file', { 'other.yaml': manifest.configMap(shop, 'other', {}) });
  const fluxd = await world.fluxd(repository);
  await repository.synced(last);
  const commitsOf = async (id: string) =>
    objectCommitsSchema.parse(await (await fluxd.api(`../v1/objects/commits?id=${id}`)).json());
  const { place, commits, isCut } = await commitsOf(`${shop}:configmap/text`);
  expect(place).toEqual({ revision: last, file: 'text.yaml', line: 1 });
  expect([commits.map(({ subject }) => subject), isCut]).toEqual([['Say something else', 'Open the shop'], false]);
  expect(await commitsOf(`${shop}:configmap/unknown`)).toEqual({ commits: [], isCut: false });
});

test.runIf(thorough('what a sync changed of an object, end to end'))(
  'an object has what a sync changed of it in Git',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const secret = (password: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: token, namespace: ${shop} }\nstringData: { password: ${password} }\n`;
    const files = (text: string, password: string) => ({
      'text.yaml': manifest.configMap(shop, 'text', { text }),
      'secret.yaml': secret(password),
    });
    const first = { 'namespace.yaml': manifest.namespace(shop), ...files('a', 'hunter2') };
    const from = await repository.commit('Open the shop', first);
    const fluxd = await world.fluxd(repository);
    await repository.synced(from);
    const to = await repository.commit('Say something else', files('b', 'correct-horse'));
    await fluxd.fluxctl('sync');
    await repository.synced(to);
    const diffOf = async (name: string) =>
      (await fluxd.api(`../v1/objects/diff?id=${shop}:${name}&from=${from}&to=${to}`)).text();
    expect(objectDiffSchema.parse(JSON.parse(await diffOf('configmap/text')))).toEqual({
      state: 'compared',
      before: { file: 'text.yaml', document: 1, line: 1 },
      after: { file: 'text.yaml', document: 1, line: 1 },
      fields: [{ path: 'data.text', from: 'a', to: 'b' }],
      isCut: false,
    });
    expect(JSON.parse(await diffOf('secret/token'))).toMatchObject({
      hidden: 'values',
      fields: [{ path: 'stringData.password', from: '***', to: '*** (changed)' }],
    });
    expect(await diffOf('secret/token')).not.toMatch(/hunter2|correct-horse/);
  },
);
