import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseExactJson, silentLogger } from '../../../src/base/index.ts';
import { MemoryBudget } from '../../../src/manifests/memory-budget.ts';
import { Renderings } from '../../../src/manifests/units/renderings.ts';
import { SpilledRenderings } from '../../../src/manifests/units/spilled-renderings.ts';
import { Tree } from '../../../src/manifests/units/tree.ts';
import type { KustomizeUnit } from '../../../src/manifests/units/unit.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { until } from '../../support/until.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'flux-spilled-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const manifest = (name: string): Manifest => ({
  place: { unit: 'a', file: 'a', document: 1, renderer: 'kustomize' },
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { number: parseExactJson('90071992547409931') } },
  checksum: name,
});
const rendering = (name: string) => ({ manifests: [manifest(name)], bytes: 100 });

async function stored(keys: readonly string[], maxBytes?: number) {
  const directory = join(parent, 'own');
  const store = new SpilledRenderings(directory, silentLogger(), maxBytes);
  for (const key of keys) {
    store.put(key, rendering(key));
    await until(`${key} is kept`, async () => (await store.get(key)) !== undefined);
  }
  return { store, files: () => readdirSync(directory).map((name) => join(directory, name)) };
}

test('what is kept is found again, with exact numbers', async () => {
  const { store } = await stored(['one', 'two']);
  expect(JSON.stringify(await store.get('one'))).toBe(JSON.stringify(rendering('one')));
  expect(await store.get('three')).toBeUndefined();
});

test.each<[string, (files: readonly [string, string]) => void]>([
  ['changed', ([one]) => writeFileSync(one, readFileSync(one, 'latin1').replace('v1', 'v2'), 'latin1')],
  ['cut short', ([one]) => writeFileSync(one, readFileSync(one).subarray(0, 40))],
  ['emptied', ([one]) => writeFileSync(one, '')],
  ['exchanged for that of another unit', ([one, two]) => writeFileSync(one, readFileSync(two))],
  ['removed', ([one]) => rmSync(one)],
])('a file that was %s counts as absent, and no other does', async (_, act) => {
  const { store, files } = await stored(['one', 'two']);
  const [one = '', two = ''] = files().toSorted();
  act([one, two]);
  expect(await store.get('one')).toBeUndefined();
  expect(await store.get('two')).toMatchObject({ bytes: 100 });
});

test('the oldest files give way to newer ones', async () => {
  const { store, files } = await stored(['one', 'two', 'three'], 700);
  expect(await store.get('three')).toBeDefined();
  expect(await store.get('one')).toBeUndefined();
  await until('its file is gone', () => files().length === 2);
});

test('a folder that cannot be written to keeps nothing, and breaks nothing', async () => {
  writeFileSync(join(parent, 'file'), '');
  const store = new SpilledRenderings(join(parent, 'file', 'own'), silentLogger());
  store.put('one', rendering('one'));
  await new Promise(setImmediate);
  expect(await store.get('one')).toBeUndefined();
});

/** Renderings that have room for two units in memory, and read five again and again until nothing is rendered any more. */
async function readWithoutRoom({ kind = 'ConfigMap', isConfidential = false } = {}) {
  const spilled = new SpilledRenderings(join(parent, 'own'), silentLogger());
  const renderings = new Renderings({ monotonic: () => 0 }, spilled, 250);
  const rendered: string[] = [];
  const renderer = {
    inputsOf: async (unit: KustomizeUnit) => unit.directory,
    async render({ directory: name }: KustomizeUnit) {
      rendered.push(name);
      const { object, checksum } = manifest(name);
      const objects = [{ object: { ...object, kind }, checksum, document: 1, line: 1, bytes: 100 }];
      return { objects, errors: [], warnings: [], isConfidential };
    },
    edit: async () => [],
  };
  const tree = await Tree.of([], async () => Buffer.alloc(0), {});
  const options = { keep: false, budget: new MemoryBudget(Number.POSITIVE_INFINITY) };
  const names = ['a', 'b', 'c', 'd', 'e'];
  const readAll = async () => {
    const revision = renderings.revision();
    const states = [];
    for (const directory of names)
      states.push(
        await revision.render(
          { renderer: 'kustomize', name: directory, directory, configFile: directory, files: [], asWritten: new Set<string>() },
          tree,
          renderer,
          options,
        ),
      );
    return states.flatMap(({ manifests }) => manifests.map(({ object }) => object.metadata.name));
  };
  return { rendered, names, readAll };
}

test('units for which there is no room in memory are not rendered again', async () => {
  const { rendered, names, readAll } = await readWithoutRoom();
  // Files are written in the background.
  await until('nothing is rendered any more', async () => {
    const before = rendered.length;
    expect(await readAll()).toEqual(names);
    return rendered.length === before;
  });
  expect(readdirSync(join(parent, 'own')).length).toBeGreaterThanOrEqual(3);
});

test.each([{ kind: 'Secret' }, { isConfidential: true }])(
  'units with %o are rendered again, and never on a disk',
  async (what) => {
    const { rendered, names, readAll } = await readWithoutRoom(what);
    for (let times = 1; times <= 4; times += 1) {
      const before = rendered.length;
      expect(await readAll()).toEqual(names);
      expect(rendered.length).toBeGreaterThan(before);
      await new Promise(setImmediate);
    }
    expect(existsSync(join(parent, 'own'))).toBe(false);
  },
);
