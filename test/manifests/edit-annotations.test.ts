import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonValue, parseYamlDocuments } from '../../src/base/index.ts';
import { editAnnotations } from '../../src/manifests/edit-annotations.ts';
import type { EditTarget } from '../../src/manifests/index.ts';
import { deployment } from './commented.ts';

const WEB: EditTarget = { document: 1, kind: 'Deployment', name: 'web' };

function edit(text: string, changes: Readonly<Record<string, string | null>>, target = WEB): string {
  return editAnnotations(text, target, new Map(Object.entries(changes)));
}

type Case = readonly [name: string, before: string, changes: Readonly<Record<string, string | null>>, after: string];

const automate = { 'fluxcd.io/automated': 'true' };

const CASES: readonly Case[] = [
  [
    'other annotations keep their text, of whatever type',
    '  annotations:\n    fluxcd.io/automated: true\n    linkerd.io/inject: no\n',
    { 'fluxcd.io/automated': null },
    '  annotations:\n    linkerd.io/inject: no\n',
  ],
  ['an empty block disappears', '  annotations:\n    fluxcd.io/automated: true\n', { 'fluxcd.io/automated': null }, ''],
  [
    'a plain value that would change its type is quoted',
    '  annotations:\n    fluxcd.io/automated: false # why\n',
    automate,
    "  annotations:\n    fluxcd.io/automated: 'true' # why\n",
  ],
  [
    'text that looks like another type is quoted',
    '',
    { a: '1.10', b: 'null', c: 'true', d: '0777', e: 'y', f: '2001-01-01', g: '' },
    "  annotations:\n    a: '1.10'\n    b: 'null'\n    c: 'true'\n    d: '0777'\n    e: 'y'\n    f: '2001-01-01'\n    g: ''\n",
  ],
  ['null counts as empty', '  annotations: ~\n', automate, "  annotations:\n    fluxcd.io/automated: 'true'\n"],
  [
    'values may hold anything',
    '',
    { a: 'x: y', b: 'x # y', c: 'x\ny', d: 'é☃', e: "it's", f: '*x' },
    "  annotations:\n    a: 'x: y'\n    b: 'x # y'\n    c: \"x\\ny\"\n    d: é☃\n    e: it's\n    f: '*x'\n",
  ],
  [
    'new keys are sorted, and their indentation is that of the map',
    '  annotations:\n      z: "1"   # first\n\n      # about nothing\n',
    { b: 'x', a: 'w' },
    '  annotations:\n      z: "1"   # first\n      a: w\n      b: x\n\n      # about nothing\n',
  ],
  [
    'a removed key takes its own comment with it and leaves the others',
    '  annotations:\n    # about a\n    a: x # own\n    # about b\n    b: y\n  labels: {}\n',
    { a: null },
    '  annotations:\n    # about a\n    # about b\n    b: y\n  labels: {}\n',
  ],
  [
    'a flow map stays one',
    "  annotations: {a: b, 'c': d} # x\n",
    { a: 'e', f: 'g' },
    "  annotations: {a: e, 'c': d, f: g} # x\n",
  ],
  ['the first of a flow map is removed', '  annotations: {a: b, c: d} # x\n', { a: null }, '  annotations: {c: d} # x\n'],
  ['the last of a flow map is removed', '  annotations: {a: b, c: d} # x\n', { c: null }, '  annotations: {a: b} # x\n'],
  ['the only one of a flow map is removed', '  annotations: {a: b} # x\n', { a: null }, ''],
  ['a flow map keeps its last comma', '  annotations: {a: b,}\n', { c: 'd' }, '  annotations: {a: b, c: d,}\n'],
  [
    'flow values are quoted as flow needs it',
    '  annotations: {a: b}\n',
    { c: 'x, y', d: '[z]' },
    "  annotations: {a: b, c: 'x, y', d: '[z]'}\n",
  ],
  [
    'a literal block is replaced by one line, blank lines after it stay',
    '  annotations:\n    a: |+ # note\n      x\n    b: |\n      y\n\n    c: z\n',
    { a: 'p', b: 'q' },
    '  annotations:\n    a: p # note\n    b: q\n\n    c: z\n',
  ],
  [
    'a key is appended behind a literal block that keeps its line breaks',
    '  annotations:\n    a: |+\n      x\n\n',
    { b: 'q' },
    '  annotations:\n    a: |+\n      x\n\n    b: q\n',
  ],
  [
    'a key given twice is changed where it counts',
    '  annotations:\n    a: x\n    a: y\n',
    { a: 'z' },
    '  annotations:\n    a: x\n    a: z\n',
  ],
  [
    'a key given twice is removed twice',
    '  annotations:\n    a: x\n    b: y\n    a: z\n',
    { a: null },
    '  annotations:\n    b: y\n',
  ],
  [
    'an alias is replaced by a value',
    '  annotations:\n    a: &v x\n    b: *v\n',
    { b: 'w' },
    '  annotations:\n    a: &v x\n    b: w\n',
  ],
  ['an anchor that nobody uses stays', '  annotations:\n    a: &v x\n', { a: 'w' }, '  annotations:\n    a: &v w\n'],
  [
    'a value from a merge key is overridden',
    '  labels: &l {a: x}\n  annotations:\n    <<: *l\n',
    { a: 'w' },
    '  labels: &l {a: x}\n  annotations:\n    <<: *l\n    a: w\n',
  ],
];

describe('annotations', () => {
  test.each(CASES)('%s', (_, before, changes, after) => {
    expect(edit(deployment(before), changes)).toBe(deployment(after));
  });

  test.each(CASES)('%s (CRLF, byte order mark, other documents)', (_, before, changes, after) => {
    const around = (lines: string) => `\uFEFF# first\r\n${deployment(lines).replaceAll('\n', '\r\n')}---\r\nkind: X\r\n`;
    expect(edit(around(before), changes)).toBe(around(after));
  });

  test.each(CASES)('%s (in a List)', (_, before, changes, after) => {
    const list = (lines: string) => {
      const item = deployment(lines)
        .slice(4)
        .trimEnd()
        .replaceAll('\n', '\n  ')
        .replaceAll(/\n {2}(?=\n)/g, '\n');
      return `apiVersion: v1\nkind: List\nitems:\n- kind: Service\n  apiVersion: v1\n  metadata: {name: web}\n- ${item}\n`;
    };
    expect(edit(list(before), changes, { ...WEB, item: 2 })).toBe(list(after));
  });

  test('JSON stays JSON, compact or over several lines', () => {
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', annotations: { a: 'b' } }, spec: {} };
    const changed = { ...object, metadata: { name: 'web', annotations: { a: 'c', d: 'true "x"\n' } } };
    for (const indent of [undefined, 2, '\t']) {
      const after = edit(JSON.stringify(object, null, indent), { a: 'c', d: 'true "x"\n' });
      expect(after).toBe(JSON.stringify(changed, null, indent));
      expect(edit(after, { a: null })).toBe(
        JSON.stringify({ ...changed, metadata: { name: 'web', annotations: { d: 'true "x"\n' } } }, null, indent),
      );
    }
    const bare = JSON.stringify({ ...object, metadata: { name: 'web' } });
    expect(edit(bare, { a: 'b' })).toBe(JSON.stringify(object));
    expect(edit(JSON.stringify(object), { a: null })).toBe(bare);
  });

  test('a file without a final newline stays one', () => {
    const text = 'kind: Deployment\nmetadata:\n  name: web\n  annotations:\n    a: b';
    expect(edit(text, { c: 'd' })).toBe(`${text}\n    c: d`);
    expect(edit(text, { a: null })).toBe('kind: Deployment\nmetadata:\n  name: web');
    expect(edit(`${text} # x`, { a: null })).toBe('kind: Deployment\nmetadata:\n  name: web');
  });

  test('indentation of one space is followed', () => {
    expect(edit('kind: Deployment\nmetadata:\n name: web\n', { a: 'b' })).toBe(
      'kind: Deployment\nmetadata:\n name: web\n annotations:\n  a: b\n',
    );
  });

  test('metadata in flow style gets annotations in flow style', () => {
    expect(edit('kind: Deployment\nmetadata: {name: web} # x\n', { a: 'b', c: 'true' })).toBe(
      "kind: Deployment\nmetadata: {name: web, annotations: {a: b, c: 'true'}} # x\n",
    );
  });

  test.each([
    ['{name: web, annotations: null, labels: {}} # x', '{name: web, annotations: {a: b}, labels: {}} # x'],
    ['{name: web, annotations: ~}', '{name: web, annotations: {a: b}}'],
    ['{"name":"web","annotations":null}', '{"name":"web","annotations":{"a":"b"}}'],
  ])('null in flow style counts as empty: %s', (before, after) => {
    const text = (metadata: string) => `kind: Deployment # ours\nmetadata: ${metadata}\n`;
    expect(edit(text(before), { a: 'b' })).toBe(text(after));
  });

  test.each<[string, string, Readonly<Record<string, string | null>>, string]>([
    [
      'the object is not in the file',
      deployment().replace('name: web\nspec', 'name: other\nspec'),
      automate,
      'manifests/not-found',
    ],
    ['the document does not exist', '', automate, 'manifests/not-found'],
    ['the document is broken', 'a: [', automate, 'yaml/bad-syntax'],
    [
      'S-024 the map is used by another object',
      deployment('  annotations: &a {x: y}\n  labels: *a\n'),
      automate,
      'manifests/shared-anchor',
    ],
    ['S-024 the map is an alias', deployment('  labels: &a {x: y}\n  annotations: *a\n'), automate, 'manifests/shared-anchor'],
    [
      'S-024 the value is used elsewhere',
      deployment('  annotations:\n    x: &a y\n    z: *a\n'),
      { x: 'w' },
      'manifests/shared-anchor',
    ],
    ['S-024 the map comes in by a merge', deployment('  <<: {annotations: {x: y}}\n'), automate, 'manifests/shared-anchor'],
    [
      'S-024 a merged value cannot be removed',
      deployment('  annotations:\n    <<: {x: y}\n'),
      { x: null },
      'manifests/shared-anchor',
    ],
    [
      'a removed value is needed elsewhere',
      deployment('  labels: {}\n  annotations:\n    x: &a y\n    z: *a\n'),
      { x: null },
      'yaml/bad-alias',
    ],
  ])('%s: refused', (_, text, changes, code) => {
    expect(() => edit(text, changes)).toThrow(expect.objectContaining({ code }));
  });
});

describe('S-024 annotations over generated files', () => {
  const key = fc.constantFrom(
    'fluxcd.io/automated',
    'fluxcd.io/tag.web',
    'flux.weave.works/locked',
    'a',
    'no',
    'b c',
    'x#y',
    'ключ',
  );
  const value = fc.oneof(
    fc.constantFrom(
      'true',
      'glob:*',
      'semver:>=1.0',
      'regexp:^a=b',
      '',
      '1.10',
      'y',
      'x: y # z',
      "it's",
      'a\nb\n',
      '"',
      '{',
      '- a',
    ),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
  );
  const printable = value.filter((text) => !/[^\P{C}\n]|[\u2028\u2029]/u.test(text));
  const written = fc.tuple(printable, fc.constantFrom('plain', 'json', 'block'), fc.constantFrom('', ' # c'));

  function oldLines(indent: string, name: string, [text, style, comment]: readonly [string, string, string]): string[] {
    if (style === 'block' && /^[a-z"'{]\S*$/.test(text))
      return [`${indent}${JSON.stringify(name)}: |-${comment}`, `${indent}  ${text}`, ''];
    const plain = style === 'plain' && /^gl[^#]*$/.test(text);
    return [`${indent}${JSON.stringify(name)}: ${plain ? text : JSON.stringify(text)}${comment}`];
  }

  const file = fc.record({
    old: fc.dictionary(key, written, { maxKeys: 4 }),
    flow: fc.boolean(),
    eol: fc.constantFrom('\n', '\r\n'),
    indent: fc.constantFrom('   ', '    ', '        '),
    after: fc.constantFrom(['spec: {}'], ['  labels:', '    x: y', '# c', 'spec: {}'], []),
    final: fc.boolean(),
  });

  test('the annotations are as wanted, all other lines are as they were', () => {
    fc.assert(
      fc.property(file, fc.dictionary(key, fc.option(value), { maxKeys: 4 }), (shape, changes) => {
        const { old, flow, eol, indent, after, final } = shape;
        const entries = Object.entries(old);
        const pairs = entries.map(([name, [text]]) => `${JSON.stringify(name)}: ${JSON.stringify(text)}`).join(', ');
        const block = ['  annotations:', ...entries.flatMap(([name, entry]) => oldLines(indent, name, entry))];
        const annotations = entries.length === 0 ? [] : flow ? [`  annotations: {${pairs}}`] : block;
        const head = ['# top', 'kind: Deployment', 'metadata:', '  name: web'];
        const join = (lines: readonly string[]) => `${lines.join(eol)}${final ? eol : ''}`;
        const before = join([...head, ...annotations, ...after, '---', 'kind: Next']);
        const edited = edit(before, changes);

        const wanted = new Map(entries.map(([name, [text]]) => [name, text] as const));
        for (const [name, text] of Object.entries(changes)) {
          if (text === null) wanted.delete(name);
          else wanted.set(name, text);
        }
        const [document, next] = [...parseYamlDocuments(edited)];
        if (!document || document.error) throw document?.error ?? new Error('none');
        const { metadata } = document.value as Record<string, Record<string, JsonValue>>;
        expect(metadata?.annotations ?? {}).toEqual(Object.fromEntries(wanted));
        expect(Object.hasOwn(metadata ?? {}, 'annotations')).toBe(wanted.size > 0);
        expect(next?.text).toBe(`---${eol}kind: Next${final ? eol : ''}`);
        expect(edited.startsWith(head.join(eol))).toBe(true);
        // Without old annotations the new ones stand behind the labels.
        const behind = entries.length === 0 ? after.filter((line) => !line.startsWith(' ')) : after;
        expect(edited.endsWith(join([...behind, '---', 'kind: Next']))).toBe(true);
        expect(eol === '\n' ? edited.includes('\r') : /(?<!\r)\n/.test(edited)).toBe(false);
        expect(edit(edited, changes)).toBe(edited);
      }),
      { numRuns: 300 },
    );
  });
});
