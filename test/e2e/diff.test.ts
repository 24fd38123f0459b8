import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diffReportSchema } from '../../src/api/wire/index.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const secret = (namespace: string, password: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: keys, namespace: ${namespace} }\nstringData: { password: ${password} }\n`;

/** A shop that is synced; its person has a clone whose files they may change without committing. */
async function openShop() {
  const shop = world.namespace('shop');
  const repository = await world.repository();
  const web = (image: string) => manifest.deployment({ namespace: shop, name: 'web', image, replicas: 0 });
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': web('acme/web:1'),
    'map.yaml': manifest.configMap(shop, 'map'),
    'old.yaml': manifest.configMap(shop, 'old'),
    'keys.yaml': secret(shop, 'canary-of-old'),
  });
  const fluxd = await world.fluxd(repository, { args: ['--sync-garbage-collection', '--registry-disable-scanning'] });
  await repository.synced(first);
  const write = (file: string, text: string) => writeFileSync(join(repository.clone, file), text);
  const diff = (...args: readonly string[]) => fluxd.fluxctl('diff', ...args);
  return { shop, repository, first, web, fluxd, write, diff, remove: (file: string) => rmSync(join(repository.clone, file)) };
}

test.runIf(thorough('a diff with nothing to change'))('with nothing to change diff says so and ends with 0', async () => {
  const { first, diff, repository } = await openShop();
  expect(await diff()).toEqual({ code: 0, stdout: `${first.slice(0, 7)}: 5 unchanged\n`, stderr: '' });
  expect(await diff('--path', repository.clone)).toMatchObject({ code: 0, stdout: '5 unchanged\n' });
});

test.runIf(thorough('fluxctl diff --path, end to end'))(
  'diff --path shows each field that the files would change, masks Secrets, and ends with 1',
  async () => {
    const { shop, repository, web, fluxd, write, diff, remove } = await openShop();
    write('web.yaml', web('acme/web:2').replace('terminationGracePeriodSeconds: 0', 'terminationGracePeriodSeconds: 5'));
    write('map.yaml', manifest.configMap(shop, 'map', { greeting: 'hello', added: 'field' }));
    write('keys.yaml', secret(shop, 'canary-of-new'));
    write('new.yaml', manifest.configMap(shop, 'new'));
    remove('old.yaml');
    const { code, stdout, stderr } = await diff('--path', repository.clone);
    expect(stdout.replaceAll(shop, 'SHOP').split('\n')).toEqual([
      'change SHOP:secret/keys  keys.yaml:1  changed in Git',
      '  - data.password: ***',
      '  + data.password: *** (changed)',
      'change SHOP:configmap/map  map.yaml:1  changed in Git',
      '  + data.added: field',
      'create SHOP:configmap/new  new.yaml:1  not in the cluster',
      '  + data.greeting: hello',
      'change SHOP:deployment/web  web.yaml:2  changed in Git',
      '  - spec.template.spec.containers[name=web].image: acme/web:1',
      '  + spec.template.spec.containers[name=web].image: acme/web:2',
      '  - spec.template.spec.terminationGracePeriodSeconds: 0',
      '  + spec.template.spec.terminationGracePeriodSeconds: 5',
      'prune SHOP:configmap/old  no longer in Git',
      '1 create, 3 change, 1 prune, 1 unchanged',
      '',
    ]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });

    const json = await diff('--path', repository.clone, '-o', 'json');
    expect(json.code).toBe(1);
    expect(diffReportSchema.parse(JSON.parse(json.stdout)).counts).toEqual({ create: 1, change: 3, prune: 1, unchanged: 1 });
    const seen = stdout + json.stdout + fluxd.log();
    for (const text of ['canary-of-old', 'canary-of-new']) {
      expect(seen).not.toContain(text);
      expect(seen).not.toContain(Buffer.from(text).toString('base64'));
    }
  },
);

test.runIf(thorough('diff --revision'))('diff --revision compares another revision than the one that is synced', async () => {
  const { first, repository, web, diff } = await openShop();
  const second = await repository.commit('A newer image', { 'web.yaml': web('acme/web:2') });
  await repository.synced(second);
  const { code, stdout } = await diff('--revision', first);
  expect(code).toBe(1);
  expect(stdout).toContain('- spec.template.spec.containers[name=web].image: acme/web:2\n');
  expect(stdout).toContain('+ spec.template.spec.containers[name=web].image: acme/web:1\n');
  expect(stdout).toContain(`${first.slice(0, 7)}: 1 change, `);
  expect((await diff()).code).toBe(0);

  const unknown = await diff('--revision', 'no-such-branch');
  expect(unknown).toMatchObject({ code: 2, stdout: '' });
  expect(unknown.stderr).toContain('no-such-branch');
});

test.runIf(thorough('what the API server would refuse'))(
  'what the API server would refuse is named, the rest is shown, and diff ends with 2',
  async () => {
    const { shop, repository, write, diff } = await openShop();
    const missing = world.unique('nowhere');
    write('lost.yaml', manifest.configMap(missing, 'lost'));
    write('keys.yaml', secret(shop, 'x').replace('stringData: { password: x }', 'data: { password: canary-not-base64! }'));
    write('broken.yaml', 'kind: [');
    write('map.yaml', manifest.configMap(shop, 'map', { greeting: 'goodbye' }));
    const { code, stdout, stderr } = await diff('--path', repository.clone);
    expect(code).toBe(2);
    expect(stdout).toMatch(new RegExp(`^failed ${missing}:configmap/lost  lost\\.yaml:1  .*not found`, 'm'));
    expect(stdout).toMatch(new RegExp(`^failed ${shop}:secret/keys`, 'm'));
    expect(stdout).toMatch(/^error broken\.yaml/m);
    expect(stdout).toContain('- data.greeting: hello\n  + data.greeting: goodbye\n');
    expect(stderr).toBe('Error: 2 objects would fail, 1 manifest refused\n');
    expect(stdout + stderr).not.toContain('canary');
  },
);

test.runIf(thorough('diff of a new namespace'))(
  'a namespace that comes with the files lets its objects be shown as new',
  async () => {
    const { repository, write, diff } = await openShop();
    const fresh = world.unique('fresh');
    write('fresh.yaml', `${manifest.namespace(fresh)}---\n${manifest.configMap(fresh, 'map')}`);
    const { code, stdout } = await diff('--path', repository.clone);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `create ${fresh}:configmap/map  fresh.yaml:6  a dry run is not possible: Namespace ${fresh} is created in the same sync\n`,
    );
    expect(stdout).toContain('  + data.greeting: hello\n');
    expect(await world.kube.find(path.namespace(fresh))).toBeUndefined();
  },
);

test.runIf(thorough('a diff beside syncs'))('a diff writes nothing, and the next sync finds nothing to do', async () => {
  const { shop, repository, web, fluxd, write, diff } = await openShop();
  await fluxd.sync();
  // Without what the controllers of the cluster write whenever they come to it.
  const asWritten = async (at: string) => {
    const { metadata, spec, data } = await world.kube.get(at);
    const ours = metadata.managedFields?.filter(({ manager }) => manager === 'flux');
    return { uid: metadata.uid, generation: metadata.generation, labels: metadata.labels, ours, spec, data };
  };
  const all = () =>
    Promise.all([path.deployment(shop, 'web'), path.configMap(shop, 'map'), path.secret(shop, 'keys')].map(asWritten));
  const before = await all();
  write('web.yaml', web('acme/web:2'));
  write('keys.yaml', secret(shop, 'other'));
  fluxd.proxy.clear();
  expect((await diff('--path', repository.clone)).code).toBe(1);
  const tried = fluxd.proxy.requests.filter(({ method }) => method === 'PATCH').map((request) => request.path);
  expect(new Set(tried)).toEqual(new Set([path.deployment(shop, 'web'), path.secret(shop, 'keys')].map((each) => `/${each}`)));
  const { counts, changes } = await fluxd.sync();
  expect({ counts, changes }).toEqual({ counts: { unchanged: 5 }, changes: [] });
  const writes = fluxd.proxy.requests.filter(({ method, query }) => method !== 'GET' && query.get('dryRun') !== 'All');
  expect(writes).toEqual([]);
  expect(await all()).toEqual(before);
});
