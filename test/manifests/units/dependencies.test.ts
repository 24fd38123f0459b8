import { describe, expect, test } from 'vitest';
import { type Node, orderOf } from '../../../src/manifests/units/dependencies.ts';
import { divide } from '../../../src/manifests/units/divide.ts';
import { listingOf, Tree } from '../../../src/manifests/units/tree.ts';

/** Nodes by folder, with the paths that each depends on; those that end with `*` are plain files. */
const nodesOf = (graph: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(graph).map(([key, paths]): Node => {
    const directory = key.replace('*', '');
    const configFile = `${directory}/.flux.yaml`;
    return {
      ...{ name: configFile, directory, configFile, renders: !key.endsWith('*') },
      dependsOn: paths.map((path) => ({ path, healthy: false })),
    };
  });

const order = async (graph: Readonly<Record<string, readonly string[]>>, files: readonly string[] = []) => {
  const { dependents, errors } = await orderOf(
    nodesOf(graph),
    async (folders) => new Set(folders.filter((folder) => files.includes(folder))),
    {},
  );
  return {
    after: Object.fromEntries(dependents.map(({ name, after }) => [name, after.map(({ folder, units }) => [folder, ...units])])),
    errors: errors.map(({ unit, error }) => `${unit}: ${error.message}`),
  };
};

describe('what a path stands for', () => {
  test.each<[string, Readonly<Record<string, readonly string[]>>, readonly string[], unknown]>([
    ['a unit', { db: [], app: ['db'] }, [], { 'app/.flux.yaml': [['db', 'db/.flux.yaml']] }],
    [
      'a folder of units',
      { 'infra/a': [], 'infra/b': [], app: ['infra'] },
      [],
      { 'app/.flux.yaml': [['infra', 'infra/a/.flux.yaml', 'infra/b/.flux.yaml']] },
    ],
    ['plain files', { app: ['base'] }, ['base'], { 'app/.flux.yaml': [['base']] }],
    ['plain files with a config file', { 'base*': [], app: ['base'] }, [], { 'app/.flux.yaml': [['base', 'base/.flux.yaml']] }],
    ['some of them', { 'base*': [], app: ['base/a'] }, [], { 'app/.flux.yaml': [['base/a', 'base/.flux.yaml']] }],
    ['not a name that begins so', { dbs: [], db: [], app: ['db'] }, [], { 'app/.flux.yaml': [['db', 'db/.flux.yaml']] }],
  ])('%s', async (_, graph, files, after) => {
    expect(await order(graph, files)).toEqual({ after, errors: [] });
  });
});

describe('what cannot come first', () => {
  test.each<[string, Readonly<Record<string, readonly string[]>>, readonly string[], readonly string[]]>([
    ['a path without objects', { app: ['dbb'] }, [], ['app/.flux.yaml: it depends on "dbb", from where nothing is applied']],
    ['the root without objects', { 'db*': [''] }, [], ['db/.flux.yaml: db/.flux.yaml depends on itself']],
    [
      'a folder in a unit',
      { db: [], app: ['db/a'] },
      [],
      ['app/.flux.yaml: it depends on "db/a", from where nothing is applied'],
    ],
    ['itself', { app: ['app'] }, [], ['app/.flux.yaml: app/.flux.yaml depends on itself']],
    ['a folder around it', { 'a/app': ['a'], 'a/db': [] }, [], ['a/app/.flux.yaml: a/app/.flux.yaml depends on itself']],
    [
      'a cycle, which names all',
      { a: ['b'], b: ['c'], c: ['a'] },
      [],
      ['a', 'b', 'c'].map((each) => `${each}/.flux.yaml: a/.flux.yaml, b/.flux.yaml and c/.flux.yaml depend on each other`),
    ],
    [
      'both',
      { a: ['b', 'x'], b: ['a'] },
      [],
      [
        'a/.flux.yaml: it depends on "x", from where nothing is applied; a/.flux.yaml and b/.flux.yaml depend on each other',
        'b/.flux.yaml: a/.flux.yaml and b/.flux.yaml depend on each other',
      ],
    ],
  ])('%s', async (_, graph, files, errors) => {
    expect(await order(graph, files)).toEqual({ after: {}, errors });
  });

  test('what depends on a cycle is no part of it', async () => {
    const { after, errors } = await order({ a: ['b'], b: ['a'], app: ['a'] });
    expect(after).toEqual({ 'app/.flux.yaml': [['a', 'a/.flux.yaml']] });
    expect(errors).toHaveLength(2);
  });
});

describe('a revision', () => {
  const unit = (...dependsOn: readonly string[]) =>
    `version: 1\ncommandUpdated: {generators: []}\ndependsOn: ${JSON.stringify(dependsOn)}\n`;
  const plain = (...dependsOn: readonly string[]) => `version: 1\nscanForFiles: {}\ndependsOn: ${JSON.stringify(dependsOn)}\n`;

  async function divided(files: Readonly<Record<string, string>>, paths: readonly string[]) {
    const { files: listed, blob } = listingOf(Object.entries(files).map(([path, content]) => ({ path, content })));
    const division = await divide(await Tree.of(listed, blob, {}), paths, { configFiles: true });
    const { units, errors, refused, dependents } = division;
    return {
      units: units.flatMap((each) =>
        each.renderer === 'plain' ? Object.keys(files).filter((path) => each.includes(path)) : each.name,
      ),
      errors: errors.map(({ file, unit: name, error }) => [file, name, error.code]),
      refused,
      dependents,
    };
  }

  test('units and plain files depend on each other', async () => {
    const files = { 'base/a.yaml': '', 'db/.flux.yaml': unit('base'), 'app/.flux.yaml': plain('db', 'base'), 'app/a.yaml': '' };
    expect(await divided(files, ['base', 'db', 'app'])).toEqual({
      units: ['base/a.yaml', 'app/a.yaml', 'db/.flux.yaml'],
      errors: [],
      refused: [],
      dependents: [
        { name: 'db/.flux.yaml', units: ['db/.flux.yaml'], after: [{ folder: 'base', healthy: false, units: [] }] },
        {
          ...{ name: 'app/.flux.yaml', units: [], folder: 'app' },
          after: [
            { folder: 'db', healthy: false, units: ['db/.flux.yaml'] },
            { folder: 'base', healthy: false, units: [] },
          ],
        },
      ],
    });
  });

  test('what cannot come after its dependencies is not rendered, and not read', async () => {
    const files = { 'base/a.yaml': '', 'db/.flux.yaml': unit('dbb'), 'app/.flux.yaml': plain('app'), 'app/a.yaml': '' };
    expect(await divided(files, ['base', 'db', 'app'])).toEqual({
      units: ['base/a.yaml'],
      errors: [
        ['db/.flux.yaml', 'db/.flux.yaml', 'generation/dependency-missing'],
        ['app/.flux.yaml', 'app/.flux.yaml', 'generation/dependency-cycle'],
      ],
      refused: ['db/.flux.yaml'],
      dependents: [],
    });
  });

  test('a path outside of what is synced is none', async () => {
    const files = { 'other/a.yaml': '', 'app/.flux.yaml': unit('other') };
    expect((await divided(files, ['app'])).errors).toEqual([
      ['app/.flux.yaml', 'app/.flux.yaml', 'generation/dependency-missing'],
    ]);
  });

  test('a unit whose config file is wrong can be depended on', async () => {
    const files = { 'db/.flux.yaml': 'version: 2\n', 'app/.flux.yaml': unit('db') };
    const { errors, dependents } = await divided(files, ['db', 'app']);
    expect(errors).toEqual([['db/.flux.yaml', 'db/.flux.yaml', 'generation/bad-config']]);
    expect(dependents).toMatchObject([{ name: 'app/.flux.yaml', after: [{ units: ['db/.flux.yaml'] }] }]);
  });
});

describe('many units', () => {
  const many = (count: number, dependsOn: (index: number) => readonly string[]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`u-${index}`, dependsOn(index)]));

  test('a chain of thousands is an order, and closed it is one cycle', async () => {
    const chain = await order(many(4_000, (index) => (index === 0 ? [] : [`u-${index - 1}`])));
    expect(Object.keys(chain.after)).toHaveLength(3_999);
    expect(chain.errors).toEqual([]);
    const circle = await order(many(4_000, (index) => [`u-${(index + 1) % 4_000}`]));
    expect(circle.errors).toHaveLength(4_000);
    expect(circle.errors[0]).toMatch(/ and 3950 more depend on each other$/);
  });

  test('thousands that depend on thousands share what they depend on', async () => {
    const nodes = nodesOf({
      ...many(4_000, () => ['infra']),
      ...Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`infra/${n}`, []])),
    });
    const { dependents, errors } = await orderOf(nodes, () => Promise.reject(new Error('no path is without units')), {});
    expect(errors).toEqual([]);
    expect(new Set(dependents.flatMap(({ after }) => after)).size).toBe(1);
    expect(dependents).toHaveLength(4_000);
  });

  test('plain files are looked for once, for all paths without units', async () => {
    const asked: (readonly string[])[] = [];
    const nodes = nodesOf({ db: [], a: ['db', 'x'], b: ['y', 'x'] });
    const { errors } = await orderOf(
      nodes,
      async (folders) => {
        asked.push(folders);
        return new Set(['x']);
      },
      {},
    );
    expect(asked).toEqual([['x', 'y']]);
    expect(errors.map(({ unit }) => unit)).toEqual(['b/.flux.yaml']);
  });

  test('more paths than can be looked up are refused where they are named', async () => {
    const { after, errors } = await order(
      many(5_002, (index) => [`p-${index}`]),
      Array.from({ length: 6_000 }, (_, n) => `p-${n}`),
    );
    expect(Object.keys(after)).toHaveLength(5_000);
    expect(errors).toEqual(
      [5_000, 5_001].map(
        (n) => `u-${n}/.flux.yaml: the dependencies of this revision name more than 5000 paths, or 1000000 units`,
      ),
    );
  });
});
