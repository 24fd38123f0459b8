import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { type Files, manifest, path, startWorld, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const MIB = 1024 * 1024;

/** Each file is bad in one way; the objects in them would go to the namespace if they were good. */
function badFiles(shop: string): Files {
  const map = (name: string) => manifest.configMap(shop, name);
  const head = (kind: string, name: string) => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${shop} }\n`;
  return {
    'bad/unparsable.yaml': 'apiVersion: v1\nkind: [ConfigMap\n',
    'bad/tabs.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: tabs\n',
    'bad/unknown-kind.yaml': `apiVersion: nowhere.example.org/v1\nkind: Nothing\nmetadata: { name: x, namespace: ${shop} }\n`,
    'bad/unknown-version.yaml': `apiVersion: apps/v9\nkind: Deployment\nmetadata: { name: x, namespace: ${shop} }\n`,
    'bad/no-name.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { namespace: ${shop} }\n`,
    'bad/no-version.yaml': `kind: ConfigMap\nmetadata: { name: x, namespace: ${shop} }\n`,
    'bad/deep.yaml': `${head('ConfigMap', 'deep')}data:\n  deep: ${'['.repeat(5000)}${']'.repeat(5000)}\n`,
    'bad/bomb.yaml': `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghi']
      .map((key, n) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[n]}`).join(', ')}]\n`)
      .join('')}`,
    'bad/binary.yaml': new Uint8Array(4096).map((_, n) => (n * 7919) % 256),
    'bad/link.yaml': { link: '/etc/passwd' },
    'bad/link-up.yaml': { link: '../../../../etc/passwd' },
    'bad/huge.yaml': `${head('ConfigMap', 'huge')}data:\n  text: ${'x'.repeat(10 * MIB)}\n`,
    'bad/encoding.yaml': Buffer.concat([
      Buffer.from(`${head('ConfigMap', 'encoding')}data:\n  text: "`),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28]),
      Buffer.from('"\n'),
    ]),
    'bad/schema.yaml': manifest
      .deployment({ namespace: shop, name: 'schema', image: 'x:1' })
      .replace('replicas: 1', 'replicas: many'),
    'bad/no-namespace.yaml': manifest.configMap(`${shop}-nowhere`, 'homeless'),
    'bad/duplicate.yaml': `${map('duplicate')}---\n${map('duplicate')}`,
    'bad/name-of-wrong-type.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: [a], namespace: ${shop} }\n`,
    'bad/metadata-of-wrong-type.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: nothing\n',
    'bad/invalid-name.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: Not_A_Name, namespace: ${shop} }\n`,
    'bad/invalid-label.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: label, namespace: ${shop}, labels: { a: "not a label!" } }\n`,
    'bad/list-of-nothing.yaml': 'apiVersion: v1\nkind: List\nitems: [1, two, null]\n',
  };
}

test.runIf(thorough('bad input, end to end'))(
  '20 kinds of bad input beside 10 good files: all good ones are applied, all bad ones are named, nothing is pruned',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const good = Object.fromEntries([...Array(9).keys()].map((n) => [`good/${n}.yaml`, manifest.configMap(shop, `good-${n}`)]));
    const first = await repository.commit('One that will be taken out again', {
      'good/namespace.yaml': manifest.namespace(shop),
      'good/leaving.yaml': manifest.configMap(shop, 'leaving'),
    });
    const fluxd = await world.fluxd(repository, { args: ['--sync-garbage-collection'] });
    await repository.synced(first);

    const bad = badFiles(shop);
    expect(Object.keys(bad).length).toBeGreaterThanOrEqual(20);
    const second = await repository.commit('Good and bad', { ...good, ...bad, 'good/leaving.yaml': null });
    await repository.synced(second);
    const report = await fluxd.sync();

    const live = (await world.kube.list(path.configMaps(shop))).map(({ metadata }) => metadata.name);
    expect(live.filter((name) => name !== 'kube-root-ca.crt').sort()).toEqual([
      ...Object.keys(good).map((_, n) => `good-${n}`),
      'leaving',
    ]);
    const refused = report.errors.map(({ file }) => file);
    const failed = report.changes
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'held')
      .map(({ place }) => place?.file);
    const named = new Set([...refused, ...failed]);
    expect(Object.keys(bad).filter((file) => !named.has(file))).toEqual([]);
    expect([...named].filter((file) => file?.startsWith('good/'))).toEqual([]);
    const reasons = [
      ...report.errors.map(({ error }) => error.message),
      ...report.changes.map(({ reason, error }) => error?.message ?? reason),
    ];
    expect(reasons.filter((reason) => !reason)).toEqual([]);
    expect(JSON.stringify(report)).not.toContain(readFileSync('/etc/passwd', 'utf8').split('\n')[0]);

    const { code, stdout, stderr } = await fluxd.fluxctl('sync');
    expect(code).toBe(1);
    for (const file of Object.keys(bad)) expect(stdout + stderr).toContain(file);
  },
);

test.runIf(thorough('memory stays flat while bad input is read'))(
  'memory stays flat while bad input is read again and again',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const bad = badFiles(shop);
    const revision = await repository.commit('Bad from the start', { 'namespace.yaml': manifest.namespace(shop), ...bad });
    const fluxd = await world.fluxd(repository);
    await repository.synced(revision);
    const rounds = async (from: number) => {
      for (const n of [from, from + 1, from + 2]) {
        // New content, so that no cached parse helps.
        const changed = Object.entries(bad).map(([file, content]) => [
          file,
          typeof content === 'string' ? `${content}\n# ${n}\n` : content,
        ]);
        await repository.synced(await repository.commit(`Round ${n}`, Object.fromEntries(changed)));
      }
      return fluxd.peakMemory();
    };
    const warm = await rounds(1);
    const later = await rounds(4);
    expect(warm).toBeLessThan(512);
    expect(later - warm).toBeLessThan(64);
  },
);

test.runIf(thorough('what only looks bad'))(
  'what only looks bad is taken: many bounded aliases, a key given twice, an empty file, comments only, Windows line ends',
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const aliases = `apiVersion: v1
kind: ConfigMap
metadata: { name: aliases, namespace: ${shop} }
data:
  a: &text some text
${[...Array(200).keys()].map((n) => `  key-${n}: *text\n`).join('')}`;
    const revision = await repository.commit('Odd but fine', {
      'namespace.yaml': manifest.namespace(shop),
      'aliases.yaml': aliases,
      'twice.yaml': `${manifest.configMap(shop, 'twice', { a: 'first' })}  a: last\n`,
      'empty.yaml': '',
      'comments.yaml': '# nothing here\n---\n# nor here\n',
      'windows.yaml': manifest.configMap(shop, 'windows').replaceAll('\n', '\r\n'),
      'bom.yaml': `\ufeff${manifest.configMap(shop, 'bom')}`,
      'list.json': JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed', namespace: shop } }],
      }),
    });
    const fluxd = await world.fluxd(repository);
    await repository.synced(revision);
    const report = await fluxd.sync();
    expect(report.errors).toEqual([]);
    expect(report.counts).toEqual({ unchanged: 6 });
    expect(report.warnings).toContainEqual(expect.objectContaining({ file: 'twice.yaml', line: 8 }));
    expect((await world.kube.get(path.configMap(shop, 'twice'))).data).toEqual({ a: 'last' });
  },
);

test.runIf(thorough('a file of 10 MiB'))(
  'a file of 10 MiB with thousands of good objects is not bad input',
  { timeout: 600_000 },
  async () => {
    const shop = world.namespace('shop');
    const repository = await world.repository();
    const count = 5000;
    const text = 'x'.repeat((10 * MIB) / count);
    const objects = [...Array(count).keys()].map((n) => manifest.configMap(shop, `map-${n}`, { text }));
    const revision = await repository.commit('One big file', {
      'all.yaml': [manifest.namespace(shop), ...objects].join('---\n'),
    });
    await world.fluxd(repository, { args: ['--sync-timeout=10m'] });
    await expect.poll(() => repository.resolve('refs/tags/flux-sync'), { timeout: 540_000 }).toBe(revision);
    expect((await repository.synced(revision)).counts).toEqual({ created: count + 1 });
  },
);
