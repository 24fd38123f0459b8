import { describe, expect, test } from 'vitest';
import { createManifests } from '../../../src/manifests/index.ts';
import { Kustomizations } from '../../../src/manifests/kustomize/kustomizations.ts';
import type { KustomizeUnitsOptions } from '../../../src/manifests/kustomize/kustomize-units.ts';
import { divide } from '../../../src/manifests/units/divide.ts';
import { configMap, type Entries, link, revisionOf, treeOf, unitsOf } from './checkout.ts';

const K = 'kustomization.yaml';
const CONFIG = 'version: 1\nkustomize: {}\n';
const kustomization = (...resources: readonly string[]) => `resources: ${JSON.stringify(resources)}\n`;
const component = (...resources: readonly string[]) => `kind: Component\n${kustomization(...resources)}`;
const A = configMap('a');

/** Names of units, and then of what is refused. */
async function found(files: Entries, options: Partial<KustomizeUnitsOptions> = {}) {
  const { units, refused, warnings } = await unitsOf(files, options);
  return {
    units: units.map(({ name }) => name),
    refused,
    warned: warnings.map(({ file, error }) => `${file}: ${error.message}`),
  };
}

describe('what is built', () => {
  test.each<[what: string, files: Entries, units: readonly string[]]>([
    ['the root', { [K]: kustomization('a.yaml'), 'a.yaml': A }, [K]],
    [
      'each name of a kustomization',
      { 'a/kustomization.yaml': 'namespace: a\n', 'b/kustomization.yml': 'namespace: a\n', 'c/Kustomization': 'namespace: a\n' },
      ['a/kustomization.yaml', 'b/kustomization.yml', 'c/Kustomization'],
    ],
    [
      'no other name',
      { 'a/Kustomization.yaml': '', 'a/kustomization.YAML': '', 'a/kustomization': '', 'a/xkustomization.yaml': '' },
      [],
    ],
    [
      'overlays, not their base',
      { [`base/${K}`]: kustomization(), [`prod/${K}`]: kustomization('../base'), [`test/${K}`]: kustomization('../base') },
      [`prod/${K}`, `test/${K}`],
    ],
    [
      'a base by the old name of the field',
      { [`base/${K}`]: kustomization(), [`prod/${K}`]: 'bases: [../base]\n' },
      [`prod/${K}`],
    ],
    [
      'the top of a chain',
      { [`a/${K}`]: kustomization('../b'), [`b/${K}`]: kustomization('../c'), [`c/${K}`]: kustomization() },
      [`a/${K}`],
    ],
    ['one below another, as its own', { [`a/${K}`]: kustomization(), [`a/b/${K}`]: kustomization() }, [`a/${K}`, `a/b/${K}`]],
    ['one below another, as a part of it', { [`a/${K}`]: kustomization('b'), [`a/b/${K}`]: kustomization() }, [`a/${K}`]],
    ['a base with a slash behind it', { [`a/${K}`]: kustomization('./b/'), [`a/b/${K}`]: kustomization() }, [`a/${K}`]],
    ['a base behind a link', { [`a/${K}`]: kustomization('../l'), l: link('b'), [`b/${K}`]: kustomization() }, [`a/${K}`]],
    [
      'a base of which also the name is a link',
      { [`a/${K}`]: kustomization('../l/c'), l: link('b'), 'b/c': link('../d'), [`d/${K}`]: kustomization() },
      [`a/${K}`],
    ],
    ['components with those that include them', { [`a/${K}`]: 'components: [../c]\n', [`c/${K}`]: component() }, [`a/${K}`]],
    ['not what generators refer to', { [`a/${K}`]: 'generators: [../g]\n', [`g/${K}`]: kustomization() }, []],
  ])('%s', async (_, files, units) => {
    expect((await found(files)).units).toEqual(units);
  });

  test('two names in one folder, by an error', async () => {
    expect(await found({ [`a/${K}`]: kustomization(), 'a/kustomization.yml': kustomization() })).toMatchObject({
      units: [],
      refused: [`a/${K}`],
    });
  });

  test('only what is below the paths, with bases that are not', async () => {
    const files = {
      [`apps/a/${K}`]: kustomization('../../base'),
      [`base/${K}`]: kustomization(),
      [`other/${K}`]: kustomization(),
    };
    const { units } = await unitsOf(files, { includes: (path) => path.startsWith('apps') });
    expect(units.map(({ name, files }) => [name, files.map(({ path }) => path)])).toEqual([
      [`apps/a/${K}`, [`apps/a/${K}`, `base/${K}`]],
    ]);
  });

  test('a component that no kustomization includes is warned of, and so are two of a cycle', async () => {
    const message = 'this component is not applied, since no kustomization includes it';
    expect(await found({ [`c/${K}`]: component('a.yaml'), 'c/a.yaml': A })).toMatchObject({
      units: [],
      refused: [],
      warned: expect.arrayContaining([`c/${K}: ${message}`]),
    });
    const cycle = { [`a/${K}`]: 'kind: Component\ncomponents: [../b]\n', [`b/${K}`]: 'kind: Component\ncomponents: [../a]\n' };
    expect(await found(cycle)).toEqual({ units: [], refused: [], warned: [`a/${K}: ${message}`] });
  });

  test.each<[what: string, files: Entries, refused: string, cycle: string]>([
    ['of itself', { [`a/${K}`]: kustomization('../a') }, `a/${K}`, 'a refers to a'],
    ['of two', { [`a/${K}`]: kustomization('../b'), [`b/${K}`]: kustomization('../a') }, `a/${K}`, 'a refers to b refers to a'],
    [
      'of three, with one that leads to it',
      {
        [`z/${K}`]: kustomization('../b'),
        [`b/${K}`]: kustomization('../c'),
        [`c/${K}`]: kustomization('../d'),
        [`d/${K}`]: kustomization('../b'),
      },
      `z/${K}`,
      'z refers to b refers to c refers to d refers to b',
    ],
    ['by a folder around it', { [`a/b/${K}`]: kustomization('..'), [`a/${K}`]: kustomization() }, `a/b/${K}`, 'a/b refers to a'],
  ])('a cycle is named: %s', async (_, files, name, cycle) => {
    const { units, errors, refused } = await unitsOf(files);
    expect(units).toEqual([]);
    expect(refused).toEqual([name]);
    expect(errors.map(({ error }) => error.message)).toEqual([`refused to run kustomize: a cycle: ${cycle}`]);
  });

  test('more than a hundred in a row are refused', async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, n) => [`f${n}/${K}`, n === length - 1 ? kustomization() : kustomization(`../f${n + 1}`)]),
      );
    expect((await found(chain(100))).refused).toEqual([]);
    expect((await found(chain(102))).refused).toEqual([`f0/${K}`]);
  });
});

describe('a broken kustomization never promotes what it refers to', () => {
  const bases: Entries = {
    [`base/${K}`]: kustomization(),
    [`my base/${K}`]: kustomization(),
    [`bäse/${K}`]: kustomization(),
    [`app/own/${K}`]: kustomization(),
    [`c/${K}`]: component(),
    lnk: link('base'),
  };
  const all = [`app/own/${K}`, `base/${K}`, `bäse/${K}`, `my base/${K}`];
  const without = (...names: readonly string[]) => all.filter((name) => !names.includes(name));
  const large = `#${'x'.repeat(70 << 10)}\n`;

  test.each<[what: string, text: string | ReturnType<typeof link>, hidden: readonly string[]]>([
    ['a field that does not exist', 'resourcs: []\nresources: [../base, "../my base", ../bäse, own]\n', all],
    ['a type', 'resources: ../base\n', [`base/${K}`]],
    ['a remote address', 'resources: [https://evil.example/a, ../base]\n', [`base/${K}`]],
    ['Helm', 'helmCharts: []\nresources: [../base]\n', [`base/${K}`]],
    ['a value in an unexpected place', 'patches: [{ path: [{ x: ../base }] }]\n', [`base/${K}`]],
    ['escapes', 'x: 1\nresources: ["\\x2e\\u002e/b\\x61se"]\n', [`base/${K}`]],
    ['base64', `x: 1\nresources: [!!binary ${Buffer.from('../base').toString('base64')}]\n`, [`base/${K}`]],
    ['folded lines', 'x: 1\nresources:\n- >-\n  ../my\n  base\n', [`my base/${K}`]],
    ['a link', 'x: 1\nresources: [../lnk]\n', [`base/${K}`]],
    ['no YAML, a list', 'resources:\n- ../base\n- own\n}\n', [`base/${K}`, `app/own/${K}`]],
    ['no YAML, blanks', 'resources:\n- ../my base\n}\n', [`my base/${K}`]],
    ['no YAML, blanks and a comment', 'resources:\n  -   ../my base  # it\n}\n', [`my base/${K}`]],
    ['no YAML, blanks in quotes', 'resources: [ "../my base", \'../bäse\'\n', [`my base/${K}`, `bäse/${K}`]],
    ['no YAML, blanks behind a key', 'resources: ../my base\n}\n', [`my base/${K}`]],
    ['no YAML, brackets', 'resources: [../base,own\n', [`base/${K}`, `app/own/${K}`]],
    ['no YAML, other ends of lines', 'resources:\r\n- ../my base\r\n}\r\n', [`my base/${K}`]],
    ['two documents', 'resources: [../base]\n---\nresources: [../bäse]\n', [`base/${K}`, `bäse/${K}`]],
    ['a conflict of Git', '<<<<<<< HEAD\nresources:\n- ../base\n=======\n- ../bäse\n>>>>>>> x\n', [`base/${K}`, `bäse/${K}`]],
    ['too large, at the end', `${large}resources: [../base]\n`, [`base/${K}`]],
    ['a link', link('real.yaml'), [`base/${K}`]],
    [
      'a file that is not UTF-8',
      { mode: '100644', content: Buffer.from('resources: [../base] # \xff', 'latin1') },
      [`base/${K}`],
    ],
  ])('%s', async (_, text, hidden) => {
    const { units, refused } = await found({ ...bases, [`app/${K}`]: text, 'app/real.yaml': 'resources: [../base]\n' });
    expect(refused).toEqual([`app/${K}`]);
    expect([...units].sort()).toEqual(without(...hidden));
  });

  test('nor one whose base is missing', async () => {
    expect(await found({ ...bases, [`app/${K}`]: kustomization('../base', '../gone') })).toMatchObject({
      units: without(`base/${K}`),
      refused: [`app/${K}`],
    });
  });
});

describe('a .flux.yaml', () => {
  const dividing = async (files: Entries, paths: readonly string[], { configFiles = true, auto = false } = {}) => {
    const { units, refused, errors } = await divide(await treeOf(files), paths, {
      configFiles,
      kustomize: { auto, kustomizations: new Kustomizations() },
    });
    return {
      units: units.flatMap((unit) => (unit.renderer === 'plain' ? [] : `${unit.renderer} ${unit.name}`)),
      plain: Object.keys(files).filter((path) => units.some((unit) => unit.renderer === 'plain' && unit.includes(path))),
      refused,
      errors: errors.map(({ file }) => file),
    };
  };
  const app = {
    'app/.flux.yaml': CONFIG,
    [`app/${K}`]: kustomization('a.yaml'),
    'app/a.yaml': A,
    'app/b.yaml': A,
    'other/c.yaml': A,
  };

  test('at the path, and above it', async () => {
    expect(await dividing(app, ['app'])).toEqual({ units: [`kustomize app/${K}`], plain: [], refused: [], errors: [] });
    const above = { '.flux.yaml': CONFIG, [`app/${K}`]: kustomization('a.yaml'), 'app/a.yaml': A };
    expect(await dividing(above, ['app'])).toMatchObject({ units: [`kustomize app/${K}`] });
  });

  test('below the path names its folder, and the rest is plain files', async () => {
    expect(await dividing(app, [])).toEqual({ units: [`kustomize app/${K}`], plain: ['other/c.yaml'], refused: [], errors: [] });
  });

  test('of other variants below the path does not count, as in Flux v1', async () => {
    const files = { ...app, 'app/.flux.yaml': 'version: 1\ncommandUpdated: { generators: [{ command: "true" }] }\n' };
    expect(await dividing(files, [])).toMatchObject({ units: [], plain: expect.arrayContaining(['app/a.yaml', 'app/b.yaml']) });
  });

  test('that is broken and may name it is refused, and its folder is not read as plain files', async () => {
    const files = { ...app, 'app/.flux.yaml': 'version: 1\nkustomize: {\n' };
    expect(await dividing(files, [])).toEqual({
      units: [],
      plain: ['other/c.yaml'],
      refused: ['app/.flux.yaml'],
      errors: ['app/.flux.yaml'],
    });
    expect(await dividing(files, [], { auto: true })).toMatchObject({
      refused: expect.arrayContaining(['app/.flux.yaml']),
      plain: ['other/c.yaml'],
    });
  });

  test('that is broken otherwise does not count below the path', async () => {
    expect(await dividing({ ...app, 'app/.flux.yaml': 'version: {\n' }, [])).toMatchObject({ refused: [], errors: [] });
  });

  test('without a kustomization is an error of its unit', async () => {
    expect(await dividing({ 'app/.flux.yaml': CONFIG, 'app/a.yaml': A }, ['app'])).toEqual({
      units: [],
      plain: [],
      refused: [`app/${K}`],
      errors: [`app/${K}`],
    });
  });

  test('counts only with --manifest-generation', async () => {
    expect(await dividing(app, [], { configFiles: false })).toMatchObject({
      units: [],
      plain: expect.arrayContaining(['app/a.yaml']),
    });
    expect(await dividing(app, [], { configFiles: false, auto: true })).toMatchObject({
      units: [`kustomize app/${K}`],
      plain: ['other/c.yaml'],
    });
  });

  test('names what others refer to, too, and each unit is there once', async () => {
    const files = { [`a/${K}`]: kustomization('../app'), ...app };
    expect(await dividing(files, [], { auto: true })).toMatchObject({ units: [`kustomize app/${K}`, `kustomize a/${K}`] });
    expect(await dividing(app, ['app', '.', 'app/'], { auto: true })).toMatchObject({ units: [`kustomize app/${K}`] });
  });
});

describe('files beside', () => {
  test('are no manifests, and one warning names those that look so', async () => {
    const files = {
      [`app/${K}`]: kustomization('a.yaml'),
      'app/a.yaml': A,
      'app/b.yaml': A,
      'app/.flux.yaml': CONFIG,
      'app/README.md': 'x',
      'app/x/c.json': A,
      'plain/d.yaml': A,
      ...Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`app/y/${n}.yaml`, A])),
    };
    const { covers, warnings } = await unitsOf(files);
    expect(warnings.map(({ file, error }) => [file, error.message])).toEqual([
      [
        'app/b.yaml',
        'not applied, since no kustomization refers to them: app/b.yaml, app/x/c.json, app/y/0.yaml, app/y/1.yaml, app/y/2.yaml and 3 more',
      ],
    ]);
    expect(Object.keys(files).filter((path) => !covers(path))).toEqual(['plain/d.yaml']);
  });

  test('of a folder with a similar name are manifests', async () => {
    const { covers } = await unitsOf({
      [`a/b/${K}`]: kustomization(),
      'a/b-c/x.yaml': A,
      'a/b.yaml': A,
      'a/bc/x.yaml': A,
      'a/b/x/y.yaml': A,
    });
    expect(['a/b-c/x.yaml', 'a/b.yaml', 'a/bc/x.yaml', 'a/b/x/y.yaml', 'a/b', 'a'].filter(covers)).toEqual([
      'a/b/x/y.yaml',
      'a/b',
    ]);
  });

  test('are not named while a kustomization is broken, which may refer to them', async () => {
    expect((await found({ [`a/${K}`]: '}', 'a/b.yaml': A })).warned).toEqual([]);
  });
});

test('a chart outside of the paths to sync is not mentioned', async () => {
  const { files, blob } = revisionOf({
    'apps/a.yaml': configMap('a'),
    'charts/x/Chart.yaml': 'name: x\n',
    'charts/x/values.yaml': 'a: 1\n',
  });
  const build = () => Promise.reject(new Error('nothing is built'));
  const kustomize = { program: { build }, auto: true, timeoutMs: 1000 };
  expect(await createManifests({ paths: ['apps'], kustomize }).read(files, blob)).toMatchObject({ errors: [], warnings: [] });
});

test.each([
  [
    'in a chart',
    { 'chart/Chart.yaml': 'name: x\n', 'chart/values.yaml': '', 'chart/templates/kustomization.yaml': kustomization() },
    [],
    [],
  ],
  ['whose file is the path to sync', { 'app/a.yaml': A, [`app/${K}`]: kustomization('a.yaml') }, [`app/${K}`], [`app/${K}`]],
])('a kustomization %s', async (_, files, paths, units) => {
  const division = await divide(await treeOf(files), paths, {
    configFiles: false,
    kustomize: { auto: true, kustomizations: new Kustomizations() },
  });
  expect(division.units.flatMap((unit) => (unit.renderer === 'plain' ? [] : unit.name))).toEqual(units);
});
