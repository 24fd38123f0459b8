import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { createCluster } from '../../../src/cluster/index.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { configMap, path, request, startWorld } from '../../cluster/world.ts';
import { failingGit } from '../../git/support/failing-git.ts';
import { createRemote, sourceOf, temporaryDirectory } from '../../git/support/repository.ts';
import { loneSource } from '../../support/lone-cluster.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { configMap as manifestOf, yaml } from '../manifests.ts';
import { EACH_FAULT, FAULTS, type Fault } from './life.ts';

const SHARED = 'shop:configmap/shared';

/**
 * An object moves from a source to another one, and is then removed from that. A git process of the other one comes to nothing each time
 * the first source asks it what it wants. Resolves to whether that process began.
 */
async function move(fault: Fault, which: number): Promise<boolean> {
  const where = `${fault}: ${which}`;
  const { server, clock } = await startWorld();
  const remote = createRemote({ 'b.yaml': yaml(manifestOf('b')) });
  const git = failingGit();
  const environment = { ...process.env, PATH: git.path };
  const directory = join(temporaryDirectory(), 'mirror');
  const source = sourceOf(`file://${remote.path}`, {
    directory,
    environment,
    timeoutMs: fault === 'never ends' ? 2_000 : 20_000,
  });
  const manifests = createManifests();
  const cluster = await createCluster({
    kubeconfigFile: server.kubeconfigFile,
    excludeResources: [],
    clock,
    log: silentLogger(),
  });
  const desired = async () => {
    const files = await source.files(await source.fetch());
    return manifests.read(files, (id) => source.blob(id));
  };
  cluster.join(loneSource('a'));
  cluster.join({ ...loneSource('b'), desired });
  const sync = async (syncSet: string, wanted: readonly Manifest[]) => {
    clock.time += 60_000;
    const plan = await cluster.plan(request(wanted, { syncSet, garbageCollection: 'on' }));
    return (await cluster.apply(plan)).find(({ id }) => id === SHARED)?.outcome;
  };
  const own = ['1', '2', '3', '4'].map((n) => configMap(`a-${n}`));
  await sync('b', (await desired()).manifests);
  await sync('a', [...own, configMap('shared')]);
  const { uid } = server.get(path.configMap('shared')).metadata;

  remote.commit({ 'shared.yaml': yaml(manifestOf('shared')) });
  const before = git.calls().length;
  git.replace(which, FAULTS[fault](remote));
  expect(await sync('a', own), where).toBe('held');
  const hasFailed = git.calls().length >= before + which;
  expect(await sync('a', own), where).toBe('held');
  expect(server.get(path.configMap('shared')).metadata.uid, where).toBe(uid);

  remote.commit({ 'shared.yaml': undefined });
  git.replace(which, FAULTS[fault](remote));
  const first = await sync('a', own);
  expect(['held', 'deleted'], where).toContain(first);
  if (first === 'held') expect(await sync('a', own), where).toBe('deleted');
  expect(server.get(path.configMap('shared')), where).toBeUndefined();
  cluster.close();
  return hasFailed;
}

describe('one git process of another source that comes to nothing while it is asked what it wants', () => {
  test.for(sampled('faults of the first process', EACH_FAULT, 1))('the first one %s', async (fault) => {
    expect(await move(fault, 1)).toBe(true);
  });

  test.runIf(thorough('each git process of another source, failing in each way')).for(EACH_FAULT)(
    'whichever it is: it %s',
    { timeout: 600_000 },
    async (fault) => {
      let n = 1;
      while (await move(fault, n)) n += 1;
      expect(n).toBeGreaterThan(2);
    },
  );
});
