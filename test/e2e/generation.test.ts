import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type Files, manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ARGS = ['--manifest-generation', '--generation-sandbox=best-effort', '--sync-garbage-collection'];

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;
const template = 'sed "s|@IMAGE@|$(cat image)|; s|@AUTOMATED@|$(cat automated)|" web.template';

const UPDATED = lines(
  'version: 1',
  'commandUpdated:',
  '  generators:',
  `  - command: '${template}'`,
  '  - command: cat maps.template',
  '    timeout: 30s',
  '  updaters:',
  '  - containerImage:',
  '      command: printf %s "$FLUX_IMG:$FLUX_TAG" > image',
  '    policy:',
  '      command: test "$FLUX_POLICY" = automated && printf %s "$FLUX_POLICY_VALUE" > automated',
);

function maps(shop: string, count: number): string {
  return [...Array(count).keys()].map((n) => `---\n${manifest.configMap(shop, `map-${n}`)}`).join('');
}

/** A shop whose Deployment and maps are what commands print; a plain file is beside them in another folder. */
async function generatedShop(files: (shop: string, image: string) => Files = () => ({}), args: readonly string[] = []) {
  const shop = world.namespace('gen');
  const name = world.unique('team');
  const image = `${world.registry}/${name}/web`;
  await world.push(`${name}/web`, '1.0.0', { version: '1.0.0' });
  await world.push(`${name}/web`, '1.1.0', { version: '1.1.0' });
  const repository = await world.repository();
  const annotations = { 'fluxcd.io/automated': '@AUTOMATED@' };
  const first = await repository.commit('Open the shop', {
    'base/namespace.yaml': manifest.namespace(shop),
    'app/.flux.yaml': UPDATED,
    'app/image': `${image}:1.0.0`,
    'app/automated': 'false',
    'app/web.template': manifest.deployment({ namespace: shop, name: 'web', image: '@IMAGE@', replicas: 0, annotations }),
    'app/maps.template': maps(shop, 4),
    ...files(shop, image),
  });
  const fluxd = await world.fluxd(repository, { args: [...ARGS, '--git-path=base,app', ...args] });
  const record = await repository.synced(first);
  const present = async () =>
    (await world.kube.list(path.configMaps(shop))).map(({ metadata }) => metadata.name).filter((each) => each.startsWith('map-'));
  const imageInCluster = async () => (await world.kube.get(path.deployment(shop, 'web'))).spec.template.spec.containers[0].image;
  return { shop, image, repository, fluxd, first, record, present, imageInCluster };
}

test.runIf(thorough('generated manifests, end to end'))(
  'what commands print is applied; a release and a policy go through the updaters',
  async () => {
    const { shop, image, repository, fluxd, first, record, imageInCluster } = await generatedShop();
    expect(record.counts).toEqual({ created: 6 });
    expect(await imageInCluster()).toBe(`${image}:1.0.0`);
    // Nothing runs again without a commit.
    expect((await fluxd.sync()).counts).toEqual({ unchanged: 6 });

    const workload = `--workload=${shop}:deployment/web`;
    expect(await fluxd.fluxctl('release', workload, `--update-image=${image}:1.1.0`)).toMatchObject({ code: 0 });
    await repository.synced(repository.head());
    expect(await repository.text('app/image')).toBe(`${image}:1.1.0`);
    expect(await imageInCluster()).toBe(`${image}:1.1.0`);

    expect(await fluxd.fluxctl('policy', workload, '--automate')).toMatchObject({ code: 0 });
    await repository.synced(repository.head());
    expect(await repository.text('app/automated')).toBe('true');
    const changed = await repository.git('diff', '--name-only', first, 'main');
    expect(changed.trim().split('\n')).toEqual(['app/automated', 'app/image']);

    const refused = await fluxd.fluxctl('policy', workload, '--lock');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('error executing annotation updater command');
    const why = await fluxd.fluxctl('why', `${shop}:deployment/web`);
    expect(why.stdout).toContain('app/.flux.yaml');
  },
);

test.runIf(thorough('a unit that fails or shrinks'))(
  'a unit that fails, prints nothing or far less than before loses no object',
  async () => {
    const { shop, repository, fluxd, present } = await generatedShop();
    const all = await present();
    expect(all).toHaveLength(4);

    const failing = UPDATED.replace('cat maps.template', 'echo lost >&2; exit 3');
    const broken = await repository.commit('Break it', {
      'app/.flux.yaml': failing,
      'base/other.yaml': manifest.configMap(shop, 'other'),
    });
    const refused = await repository.synced(broken);
    expect(refused.counts).toEqual({ created: 1, unchanged: 1, held: 5 });
    expect(refused.changes).toContainEqual(
      expect.objectContaining({
        outcome: 'refused',
        place: 'app/.flux.yaml',
        reason: expect.stringContaining(
          'command "echo lost >&2; exit 3" from file ".flux.yaml": exit status 3\nerror output:\nlost',
        ),
      }),
    );
    expect(await present()).toEqual(all);
    const why = await fluxd.fluxctl('why', `${shop}:deployment/web`);
    expect(why.stdout).toContain(
      'its unit app/.flux.yaml could not be rendered, and it stays as it is: error executing generator',
    );

    const silent = await repository.commit('Hide a failure in a pipe', {
      'app/.flux.yaml': lines('version: 1', 'commandUpdated: { generators: [{ command: "false | cat" }] }'),
    });
    expect((await repository.synced(silent)).changes).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('printed no manifest') }),
    );
    expect(await present()).toEqual(all);

    const less = await repository.commit('Print one of five', {
      'app/.flux.yaml': lines('version: 1', 'commandUpdated: { generators: [{ command: head -n 8 maps.template }] }'),
      'app/maps.template': maps(shop, 1),
    });
    const held = await repository.synced(less);
    expect(held.counts.deleted).toBeUndefined();
    expect(await present()).toEqual(all);
    const [reason = ''] = held.changes.flatMap((change) => (change.outcome === 'held' ? (change.reason ?? []) : []));
    expect(reason).toContain('renders 1 object, and rendered 5 before');
    // A restart does not make it certain.
    await fluxd.kill();
    await fluxd.restart();
    await fluxd.sync();
    expect(await present()).toEqual(all);
    const [, approval = ''] = /gc approve (\S+),/.exec(reason) ?? [];
    expect(await fluxd.fluxctl('gc', 'approve', approval)).toMatchObject({ code: 0 });
    await until('the deletions are carried out', async () => (await present()).length === 1);
  },
);

test.runIf(thorough('a new way to render'))('a new way to render a folder holds the deletions that follow from it', async () => {
  const shop = world.namespace('gen');
  const repository = await world.repository();
  const first = await repository.commit('Plain files', {
    'namespace.yaml': manifest.namespace(shop),
    'a.yaml': manifest.configMap(shop, 'map-a'),
    'b.yaml': manifest.configMap(shop, 'map-b'),
  });
  const fluxd = await world.fluxd(repository, { args: ARGS });
  await repository.synced(first);
  const second = await repository.commit('Commands', {
    '.flux.yaml': lines('version: 1', 'commandUpdated: { generators: [{ command: cat namespace.yaml a.yaml }] }')
      .replace('cat namespace.yaml', '"cat namespace.yaml; echo ---; cat')
      .replace('a.yaml }', 'a.yaml" }'),
  });
  const record = await repository.synced(second);
  expect(record.changes).toContainEqual(
    expect.objectContaining({
      id: `${shop}:configmap/map-b`,
      outcome: 'held',
      reason: expect.stringContaining('./.flux.yaml was not rendered before'),
    }),
  );
  await fluxd.sync();
  expect(await world.kube.find(path.configMap(shop, 'map-b'))).toBeDefined();
});
