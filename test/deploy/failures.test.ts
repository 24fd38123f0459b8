import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer, killProcesses, type Pod, pods, restartContainerd } from './harness/cluster.ts';
import { command, environment } from './harness/environment.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { type Clone, clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { configMaps, shop } from './harness/manifests.ts';
import { until } from './harness/until.ts';

const SHOP = 'failures';
const IMAGE = `${SHOP}/web`;
/** Enough for a sync to take a while. */
const MAPS = 300;
/** From the death of the leader to what Git wants in the cluster. */
const FAIL_OVER_MS = 15_000;

let flux: Installation;
let repository: Clone;
beforeAll(async () => {
  await pushWeb(IMAGE, '1.0.0');
  repository = await clone('failures');
  const first = await repository.commit('Open the shop', {
    'shop.yaml': shop(SHOP, `${environment.registry}/${IMAGE}:1.0.0`),
    ...maps('first'),
  });
  flux = await installOverSsh('flux-failures', 'failures');
  await repository.synced(first);
  await until('the shop is open', async () => (await application()).ready);
});
afterAll(() => flux.uninstall());

/** What the maps in the cluster say, each text once. */
async function texts(): Promise<ReadonlySet<string>> {
  const list = JSON.parse(await command('kubectl', '-n', SHOP, 'get', 'configmaps', '--output=json'));
  const maps = (list.items as readonly { metadata: { name: string }; data: { text: string } }[]).filter(({ metadata }) =>
    metadata.name.startsWith('map-'),
  );
  return new Set([`${maps.length} maps`, ...maps.map(({ data }) => data.text)]);
}

/** Of the application, which Flux has no reason to restart. */
async function application(): Promise<Pod> {
  const [pod, ...others] = await pods(SHOP, 'app=web');
  if (pod === undefined || others.length > 0) throw new Error(`${others.length + 1} pods`);
  return pod;
}

/** Nothing is lost: all that Git wants is in the cluster, recorded, and nobody wrote to Git but who should. */
async function nothingLost(revision: string, text: string): Promise<void> {
  const record = await repository.synced(revision);
  expect(record.revision).toBe(revision);
  expect(record.changes.filter(({ outcome }) => outcome === 'failed' || outcome === 'refused')).toEqual([]);
  expect(await texts()).toEqual(new Set([`${MAPS} maps`, text]));
  expect(await repository.pull()).toBe(revision);
}

const maps = (text: string) => ({ 'maps.yaml': configMaps(SHOP, MAPS, text) });
const leader = async () =>
  (await command('kubectl', '-n', flux.namespace, 'get', 'leases', '--output=jsonpath={.items[*].spec.holderIdentity}')).split(
    '_',
  )[0];

/** As a machine that fails: no warning, and nothing of the pod is left. */
async function destroy(pod: Pod): Promise<void> {
  killProcesses(pod.uid);
  await command('kubectl', '-n', flux.namespace, 'delete', 'pod', pod.name, '--grace-period=0', '--force');
}

test('a daemon whose pod is killed in the middle of a sync: the next one finishes it', async () => {
  showLogOnFailure(flux);
  const before = await application();

  const [pod] = await flux.pods();
  if (pod === undefined) throw new Error('no pod of fluxd');
  const second = await repository.commit('Second', maps('second'));
  await until('the sync is under way', async () => (await texts()).has('second'));
  await destroy(pod);
  console.log(`killed with ${(await texts()).has('first') ? 'a part' : 'all'} of the maps applied`);

  await nothingLost(second, 'second');
  expect(await application()).toEqual(before);
  expect((await flux.pods()).map(({ name }) => name)).not.toContain(pod.name);
});

test('containerd restarted: the daemon goes on, and a new image is deployed', async () => {
  showLogOnFailure(flux);
  const [before, daemon] = [await application(), await flux.pods()];
  await restartContainerd();
  const third = await repository.commit('Third', maps('third'));
  await nothingLost(third, 'third');
  expect(await application()).toMatchObject({ uid: before.uid, restarts: 0 });
  expect((await flux.pods()).map(({ uid, restarts }) => [uid, restarts])).toEqual(
    daemon.map(({ uid, restarts }) => [uid, restarts]),
  );

  await pushWeb(IMAGE, '1.1.0');
  await until('the new image answers', async () => ((await answer(SHOP, 'web')) ?? '').includes('version=1.1.0 '));
  const fourth = await repository.nextAfter(third);
  expect((await repository.git('rev-list', `${third}..${fourth}`)).trim()).toBe(fourth);
  await nothingLost(fourth, 'third');
});

test('with two replicas, one waits; when the leader is killed, it takes the Lease and nothing is lost or done twice', async () => {
  showLogOnFailure(flux);
  await flux.upgrade('replicaCount=2');
  await until('two pods are ready and one of them leads', async () => {
    const found = await flux.pods();
    const holder = await leader();
    return found.length === 2 && found.every(({ ready }) => ready) && found.some(({ name }) => name === holder);
  });
  const before = await application();
  const holder = await leader();
  const killed = (await flux.pods()).find(({ name }) => name === holder);
  if (killed === undefined) throw new Error(`no pod ${holder}`);

  await destroy(killed);
  const since = performance.now();
  const fifth = await repository.commit('Fifth', maps('fifth'));
  await until('another leads', async () => (await leader()) !== killed.name);
  const elected = performance.now() - since;
  await until('it has applied the commit', async () => !(await texts()).has('third'));
  const applied = performance.now() - since;
  console.log(`fail-over: another leads after ${Math.round(elected)} ms, the commit is applied after ${Math.round(applied)} ms`);
  expect(elected).toBeLessThan(FAIL_OVER_MS);
  await nothingLost(fifth, 'fifth');
  expect(await application()).toEqual(before);

  await pushWeb(IMAGE, '1.2.0');
  await until('the new image answers', async () => ((await answer(SHOP, 'web')) ?? '').includes('version=1.2.0 '));
  const sixth = await repository.nextAfter(fifth);
  expect((await repository.git('rev-list', `${fifth}..${sixth}`)).trim()).toBe(sixth);
  await nothingLost(sixth, 'fifth');
  await until('two pods again', async () => (await flux.pods()).filter(({ ready }) => ready).length === 2);
  expect(await repository.pull()).toBe(sixth);
});
