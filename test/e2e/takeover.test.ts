import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type KubeJson, manifest, path, startWorld, type World, writesOf } from './harness/index.ts';
import { runOk } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const quiet = { args: ['--registry-disable-scanning', '--git-poll-interval=1h'] };

/** `kubectl apply` of a new object: with kubectl itself on a real cluster, else with the request that kubectl sends. */
async function kubectlApply(collection: string, text: string): Promise<void> {
  if (!world.runsPods) return createAs('kubectl-client-side-apply', collection, text);
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-kubectl-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'object.yaml'), text);
  await runOk('kubectl', ['--kubeconfig', world.kubeconfig, 'apply', '-f', join(directory, 'object.yaml')], {
    env: { HOME: directory },
  });
}

/** What `kubectl apply` creates, under the name that its version has as field manager. */
async function createAs(manager: string, collection: string, text: string): Promise<void> {
  const object = load(text) as KubeJson;
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(object)}\n` };
  await world.kube.create(`${collection}?fieldManager=${manager}`, { ...object, metadata: { ...object.metadata, annotations } });
}

const deployments = (namespace: string) => `apis/apps/v1/namespaces/${namespace}/deployments`;
const managers = ({ metadata }: KubeJson) =>
  new Set(metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`));

async function inNamespace(stem: string): Promise<string> {
  const name = world.namespace(stem);
  await world.kube.create('api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

test.runIf(thorough('a field that kubectl applied'))(
  'a field that kubectl applied and that is no longer in Git goes with the first sync, the last-applied annotation too',
  async () => {
    const shop = await inNamespace('takeover');
    const web = manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 0, annotations: { keep: 'a' } });
    const more = web
      .replace('    keep: "a"\n', '    keep: "a"\n    drop: "b"\n')
      .replace('          ports:\n', '          env: [{ name: OLD, value: "1" }]\n          ports:\n');
    expect(more).not.toBe(web);
    await kubectlApply(deployments(shop), more);
    await kubectlApply(path.configMaps(shop), manifest.configMap(shop, 'settings', { keep: 'a', drop: 'b' }));
    // Somebody else's field is none of kubectl apply's.
    await world.kube.patch(path.configMap(shop, 'settings'), { data: { theirs: 'c' } });

    const repository = await world.repository();
    await repository.commit('From now on by Flux', {
      'web.yaml': web,
      'settings.yaml': manifest.configMap(shop, 'settings', { keep: 'a' }),
    });
    const fluxd = await world.fluxd(repository, quiet);
    await repository.synced(repository.head());

    const live = await world.kube.get(path.deployment(shop, 'web'));
    expect(live.spec.template.spec.containers[0].env).toBeUndefined();
    expect(live.metadata.annotations).toMatchObject({ keep: 'a' });
    expect(live.metadata.annotations).not.toHaveProperty('drop');
    expect(live.metadata.annotations).not.toHaveProperty([LAST_APPLIED]);
    expect(managers(live)).toContain('flux Apply');
    expect(managers(live)).not.toContain('kubectl-client-side-apply Update');
    expect((await world.kube.get(path.configMap(shop, 'settings'))).data).toEqual({ keep: 'a', theirs: 'c' });

    fluxd.proxy.clear();
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 2 });
    expect(writesOf(fluxd.proxy)).toEqual([]);
  },
);

test.runIf(thorough('a takeover without a change'))(
  'taking over what is as Git wants it restarts nothing, and neither do our own label and annotation',
  async () => {
    const shop = await inNamespace('takeover');
    const web = manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 1 });
    await kubectlApply(deployments(shop), web);
    // The embedded cluster rolls out without ReplicaSets.
    const rollouts = async () =>
      world.runsPods ? (await world.kube.list(`apis/apps/v1/namespaces/${shop}/replicasets`)).length : 1;
    await expect.poll(rollouts).toBe(1);
    await expect.poll(async () => (await world.kube.get(path.deployment(shop, 'web'))).status?.observedGeneration).toBe(1);

    const before = await world.kube.get(path.deployment(shop, 'web'));

    const repository = await world.repository();
    await repository.commit('From now on by Flux', { 'web.yaml': web });
    await world.fluxd(repository, quiet);
    await repository.synced(repository.head());
    const { metadata, spec } = await world.kube.get(path.deployment(shop, 'web'));
    expect(spec).toEqual(before.spec);
    // The new annotation counts as a generation; that one is rolled out when the controller has seen it.
    await expect.poll(async () => (await world.kube.get(path.deployment(shop, 'web'))).status?.observedGeneration).toBe(2);
    expect(metadata.labels).toHaveProperty(['fluxcd.io/sync-gc-mark']);
    expect(await rollouts()).toBe(1);
  },
);

test.runIf(thorough('what an old kubectl wrote'))(
  'of what an old kubectl wrote, only what it applied is taken over',
  async () => {
    const shop = await inNamespace('takeover');
    await createAs('kubectl', path.configMaps(shop), manifest.configMap(shop, 'old', { keep: 'a', drop: 'b' }));
    const web = manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas: 0 });
    const more = web.replace('          ports:\n', '          env: [{ name: OLD, value: "1" }]\n          ports:\n');
    await createAs('kubectl', deployments(shop), more);
    const labelled = { metadata: { labels: { team: 'shop' } } };
    await world.kube.patch(`${path.configMap(shop, 'old')}?fieldManager=kubectl&`, labelled);
    const repository = await world.repository();
    await repository.commit('From now on by Flux', {
      'old.yaml': manifest.configMap(shop, 'old', { keep: 'a' }),
      'web.yaml': web,
    });
    await world.fluxd(repository, quiet);
    await repository.synced(repository.head());
    const { data, metadata } = await world.kube.get(path.configMap(shop, 'old'));
    expect(data).toEqual({ keep: 'a' });
    expect(metadata.labels).toMatchObject({ team: 'shop' });
    expect(metadata.annotations).not.toHaveProperty([LAST_APPLIED]);
    const live = await world.kube.get(path.deployment(shop, 'web'));
    expect(live.spec.template.spec.containers[0].env).toBeUndefined();
    expect(live.metadata.annotations).not.toHaveProperty([LAST_APPLIED]);
  },
);

test.runIf(thorough('another writer during a takeover'))(
  'a writer who comes between makes us look again, and nothing of theirs is lost (R-011)',
  async () => {
    const shop = await inNamespace('takeover');
    await createAs(
      'kubectl-client-side-apply',
      path.configMaps(shop),
      manifest.configMap(shop, 'busy', { keep: 'a', drop: 'b' }),
    );
    const repository = await world.repository();
    await repository.commit('Nothing yet', { 'other.yaml': manifest.configMap(shop, 'other') });
    const fluxd = await world.fluxd(repository, quiet);
    await repository.synced(repository.head());
    let patches = 0;
    fluxd.proxy.intercept = async ({ method, path: asked }) => {
      if (method === 'PATCH' && asked.endsWith('/busy') && patches++ === 0) {
        await world.kube.patch(path.configMap(shop, 'busy'), { data: { theirs: 'c' } });
      }
      return undefined;
    };
    await repository.commit('Take it over', { 'busy.yaml': manifest.configMap(shop, 'busy', { keep: 'a' }) });
    expect((await fluxd.sync()).counts).toEqual({ configured: 1, unchanged: 1 });
    expect(patches).toBeGreaterThan(2);
    expect((await world.kube.get(path.configMap(shop, 'busy'))).data).toEqual({ keep: 'a', theirs: 'c' });
  },
);

test.runIf(thorough('replicas that are held through the scale subresource'))(
  'replicas that somebody holds through the scale subresource stay theirs, until they are written otherwise (R-011)',
  async () => {
    const shop = await inNamespace('scale');
    const web = (image: string) => manifest.deployment({ namespace: shop, name: 'web', image, replicas: 1 });
    const repository = await world.repository();
    await repository.commit('One replica', { 'web.yaml': web('x:1') });
    const fluxd = await world.fluxd(repository, quiet);
    await repository.synced(repository.head());
    const replicas = async () => (await world.kube.get(path.deployment(shop, 'web'))).spec.replicas;
    const image = async () => (await world.kube.get(path.deployment(shop, 'web'))).spec.template.spec.containers[0].image;

    await world.kube.patch(`${path.deployment(shop, 'web')}/scale`, { spec: { replicas: 3 } });
    await fluxd.sync();
    expect(await replicas()).toBe(3);
    await repository.commit('Another image', { 'web.yaml': web('x:2') });
    expect((await fluxd.sync()).counts).toEqual({ configured: 1 });
    expect([await image(), await replicas()]).toEqual(['x:2', 3]);
    await fluxd.restart();
    await fluxd.sync();
    expect(await replicas()).toBe(3);

    // An edit of the Deployment itself is drift like any other.
    await world.kube.patch(path.deployment(shop, 'web'), { spec: { replicas: 2 } });
    await fluxd.sync();
    expect(await replicas()).toBe(1);
  },
);

test.runIf(thorough('a new number of replicas in Git'))(
  'a new number of replicas in Git takes the place of one that a person scaled to, unless an autoscaler decides (R-011)',
  async () => {
    const shop = await inNamespace('scaled');
    const web = (replicas: number) => manifest.deployment({ namespace: shop, name: 'web', image: 'x:1', replicas });
    const repository = await world.repository();
    await repository.commit('One replica', { 'web.yaml': web(1) });
    const fluxd = await world.fluxd(repository, quiet);
    await repository.synced(repository.head());
    const replicas = async () => (await world.kube.get(path.deployment(shop, 'web'))).spec.replicas;
    const scale = (to: number) => world.kube.patch(`${path.deployment(shop, 'web')}/scale`, { spec: { replicas: to } });

    await scale(3);
    await repository.commit('Five replicas', { 'web.yaml': web(5) });
    expect((await fluxd.sync()).changes[0]?.reason).toMatch(/^changed in Git; spec\.replicas 5 replaces kubectl-\w+'s 3$/);
    expect(await replicas()).toBe(5);

    // Also when it is another process that finds both.
    await scale(2);
    await fluxd.stop();
    await repository.commit('Four replicas', { 'web.yaml': web(4) });
    await fluxd.restart();
    await repository.synced(repository.head());
    expect(await replicas()).toBe(4);

    await scale(2);
    await world.kube.create(`/apis/autoscaling/v2/namespaces/${shop}/horizontalpodautoscalers`, {
      metadata: { name: 'web' },
      spec: { maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    });
    await repository.commit('Six replicas', { 'web.yaml': web(6) });
    const waits = /spec\.replicas 6 is not applied: kubectl-\w+ holds 2 through the scale subresource/;
    const report = await fluxd.sync();
    expect(report.warnings[0]?.error.message).toMatch(waits);
    expect(report.warnings[0]?.error.message).toContain('HorizontalPodAutoscaler web decides');
    expect(await replicas()).toBe(2);
    expect(fluxd.log()).toMatch(waits);
    expect((await fluxd.fluxctl('status')).stdout).toMatch(waits);
    expect((await fluxd.fluxctl('diff')).stdout).toMatch(waits);
    expect((await fluxd.fluxctl('sync')).stdout).toMatch(waits);
  },
);
