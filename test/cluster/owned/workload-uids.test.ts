import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { startKubernetes } from '../../../src/sim/index.ts';
import { createKubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { WEB } from '../live/world.ts';
import { manifest, request } from '../world.ts';

const ID = 'default:deployment/web';

async function start() {
  const kubernetes = await startKubernetes({ pods: 'all', rolloutMs: 1 });
  const directory = mkdtempSync(join(tmpdir(), 'flux-owned-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  writeFileSync(kubeconfigFile, kubernetes.kubeconfig());
  let ahead = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };
  const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock, log: silentLogger() });
  onTestFinished(async () => {
    cluster.close();
    await kubernetes.stop();
    rmSync(directory, { recursive: true });
  });
  return {
    kube: createKubeClient(readKubeconfig(kubeconfigFile)),
    sync: async () => cluster.apply(await cluster.plan(request([manifest(WEB)]))),
    owned() {
      // What was read two seconds ago is not shared any more.
      ahead += 2_000;
      return cluster.owned({ namespace: 'default', withJobs: false });
    },
  };
}

const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/web';
const REPLICA_SETS = '/apis/apps/v1/namespaces/default/replicasets';

test('what a workload owns names its uid, also once it was created again', async () => {
  const { kube, sync, owned } = await start();
  expect(await owned()).toEqual({ objects: [], uids: new Map(), isCut: false });
  const synced = async () => {
    await sync();
    await until('its ReplicaSet is there', async () => (await kube.get(REPLICA_SETS)).items.length === 1);
    const { metadata } = await kube.get(DEPLOYMENT);
    await until('the watch has it', async () => (await owned()).uids.get(ID) === metadata.uid);
    const { objects } = await owned();
    expect(objects.filter(({ kind }) => kind === 'ReplicaSet')).toMatchObject([{ owner: { uid: metadata.uid } }]);
    return metadata.uid;
  };
  const first = await synced();
  await kube.delete(DEPLOYMENT);
  await until('all of it is gone', async () => (await kube.get(REPLICA_SETS)).items.length === 0);
  expect(await synced()).not.toBe(first);
});
