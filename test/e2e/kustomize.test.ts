import { delimiter, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, manifest, path, startWorld, until, type World } from './harness/index.ts';

/** The program; this file runs only where there is one (test/manifests/kustomize/real/run.sh). */
const { TEST_KUSTOMIZE = '' } = process.env;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ARGS = ['--kustomize=auto', '--sync-garbage-collection', '--git-path=stage'];
const env = { PATH: [dirname(TEST_KUSTOMIZE), process.env.PATH].join(delimiter) };

/** A shop of two workloads with one image, a base of each, and a stage. */
async function kustomizedShop(files: (shop: string, image: string) => Files = () => ({}), args: readonly string[] = ARGS) {
  const shop = world.namespace('kus');
  const name = world.unique('team');
  const image = `${world.registry}/${name}/web`;
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) await world.push(`${name}/web`, version, { version });
  const repository = await world.repository();
  const workload = (of: string, annotations: Readonly<Record<string, string>> = {}) =>
    manifest.deployment({ namespace: shop, name: of, image: `${image}:1.0.0`, replicas: 0, annotations });
  const first = await repository.commit('Open the shop', {
    'stage/namespace.yaml': manifest.namespace(shop),
    'base/web/web.yaml': workload('web'),
    'base/web/kustomization.yaml': 'resources:\n- web.yaml\n',
    'base/worker/worker.yaml': workload('worker'),
    'base/worker/kustomization.yaml': 'resources:\n- worker.yaml\n',
    'stage/web/kustomization.yaml': `# The web of the stage.\nnamespace: ${shop}\nresources:\n- ../../base/web\nconfigMapGenerator:\n- name: settings\n  literals: [stage=test]\n`,
    'stage/workers/kustomization.yaml': `namespace: ${shop}\nnamePrefix: stage-\nresources:\n- ../../base/worker\n- other.yaml\n`,
    'stage/workers/other.yaml': workload('other'),
    ...files(shop, image),
  });
  const fluxd = await world.fluxd(repository, { args, env });
  const record = await repository.synced(first);
  const imageOf = async (of: string) => (await world.kube.get(path.deployment(shop, of))).spec.template.spec.containers[0].image;
  return { shop, image, repository, fluxd, first, record, imageOf };
}

describe('folders that kustomize builds', () => {
  test('are applied; releases edit the stage alone, and policies become patches', async () => {
    const { shop, image, repository, fluxd, first, record, imageOf } = await kustomizedShop();
    expect(record.counts).toEqual({ created: 5 });
    expect(await imageOf('web')).toBe(`${image}:1.0.0`);
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 5 });

    const release = (of: string, version: string) =>
      fluxd.fluxctl('release', `--workload=${shop}:deployment/${of}`, `--update-image=${image}:${version}`);
    expect(await release('web', '1.1.0')).toMatchObject({ code: 0 });
    // Two workloads of one unit have this image, so only a patch changes one of them.
    expect(await release('stage-worker', '1.1.0')).toMatchObject({ code: 0 });
    expect(await fluxd.fluxctl('policy', `--workload=${shop}:deployment/stage-other`, '--lock')).toMatchObject({ code: 0 });
    await repository.synced(repository.head());
    expect([await imageOf('web'), await imageOf('stage-worker'), await imageOf('stage-other')]).toEqual(
      ['1.1.0', '1.1.0', '1.0.0'].map((version) => `${image}:${version}`),
    );
    const changed = await repository.git('diff', '--name-only', first, 'main');
    expect(changed.trim().split('\n')).toEqual([
      'stage/web/kustomization.yaml',
      'stage/workers/flux-patch.yaml',
      'stage/workers/kustomization.yaml',
    ]);
    expect(await repository.text('stage/web/kustomization.yaml')).toContain(`# The web of the stage.\nnamespace: ${shop}\n`);
    expect(await repository.text('stage/web/kustomization.yaml')).toContain(`images:\n- name: ${image}\n  newTag: '1.1.0'\n`);
    const why = await fluxd.fluxctl('why', `${shop}:deployment/stage-worker`, '-o', 'wide');
    expect(why.stdout).toContain('stage/workers/kustomization.yaml');
    expect(why.stdout).toContain('base/worker/worker.yaml');
  });

  test('lose no object when one of them is broken, and the others go on', async () => {
    const { shop, repository, fluxd } = await kustomizedShop();
    const broken = await repository.commit('Break the workers', {
      'stage/workers/kustomization.yaml': 'resources:\n- ../../base/worker\nnamePrefix: [\n',
      'stage/new.yaml': manifest.configMap(shop, 'new'),
    });
    const record = await repository.synced(broken);
    expect(record.counts).toEqual({ created: 1, unchanged: 3, held: 2 });
    expect(record.changes).toContainEqual(
      expect.objectContaining({ outcome: 'refused', place: 'stage/workers/kustomization.yaml' }),
    );
    const status = await fluxd.fluxctl('status');
    expect(status.stdout).toContain('stage/workers/kustomization.yaml');
    const remote = await repository.commit('Fetch from elsewhere', {
      'stage/workers/kustomization.yaml': 'resources:\n- https://example.org/a.yaml\n',
    });
    expect((await repository.synced(remote)).changes).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('remote address') }),
    );
  });

  test('are not replaced by their base when they are broken', async () => {
    const { shop, image, repository, fluxd, imageOf } = await kustomizedShop(undefined, ['--kustomize=auto']);
    const release = await fluxd.fluxctl('release', `--workload=${shop}:deployment/web`, `--update-image=${image}:1.1.0`);
    expect(release).toMatchObject({ code: 0 });
    await repository.pull();
    const text = await repository.text('stage/web/kustomization.yaml');
    const broken = await repository.commit('Misspell the base', {
      'stage/web/kustomization.yaml': text.replace('../../base/web', '../../bases/web'),
    });
    const record = await repository.synced(broken);
    expect(record.changes.flatMap(({ outcome, place }) => (outcome === 'refused' ? place : []))).toEqual([
      'stage/web/kustomization.yaml',
      'base/web/kustomization.yaml',
    ]);
    expect(await imageOf('web')).toBe(`${image}:1.1.0`);
  });

  test('are deleted with their folder after approval; another way to read a folder holds deletions', async () => {
    const { shop, repository, fluxd } = await kustomizedShop();
    const gone = await repository.commit('Remove the workers', {
      'stage/workers/kustomization.yaml': null,
      'stage/workers/other.yaml': null,
    });
    const held = await repository.synced(gone);
    expect(held.counts).toEqual({ unchanged: 3, held: 2 });
    const [reason = ''] = held.changes.flatMap((change) => (change.outcome === 'held' ? (change.reason ?? []) : []));
    expect(reason).toContain('stage/workers/kustomization.yaml was rendered before, and is not any more');
    const [, approval = ''] = /gc approve (\S+),/.exec(reason) ?? [];
    expect(await fluxd.fluxctl('gc', 'approve', approval)).toMatchObject({ code: 0 });
    await until(
      'they are deleted',
      async () => (await world.kube.list(`apis/apps/v1/namespaces/${shop}/deployments`)).length === 1,
    );
  });
});
