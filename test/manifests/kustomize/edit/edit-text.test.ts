import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseYamlDocuments } from '../../../../src/base/index.ts';
import { editKustomizationText, type KustomizationEdit } from '../../../../src/manifests/kustomize/edit/edit-text.ts';

const TAG: KustomizationEdit = { kind: 'images', replacements: [{ from: 'a:1.0', to: 'a:1.1' }] };
const PATCH: KustomizationEdit = { kind: 'patch-reference', path: 'p.yaml' };

test.each<[string, string, string]>([
  ['no images', 'resources:\n- x\n', "resources:\n- x\nimages:\n- name: a\n  newTag: '1.1'\n"],
  ['no newline at the end', 'resources:\n- x', "resources:\n- x\nimages:\n- name: a\n  newTag: '1.1'"],
  ['CRLF', 'resources:\r\n- x\r\n', "resources:\r\n- x\r\nimages:\r\n- name: a\r\n  newTag: '1.1'\r\n"],
  ['a byte order mark', '\uFEFFresources:\n- x\n', "\uFEFFresources:\n- x\nimages:\n- name: a\n  newTag: '1.1'\n"],
  ['comments', '# k\nresources:\n- x # y\n\n# end\n', "# k\nresources:\n- x # y\nimages:\n- name: a\n  newTag: '1.1'\n\n# end\n"],
  ['double quotes', 'images:\n- name: a\n  newTag: "1.0" # keep\n', 'images:\n- name: a\n  newTag: "1.1" # keep\n'],
  ['single quotes', "images:\n- name: 'a'\n  newTag: '1.0'\n", "images:\n- name: 'a'\n  newTag: '1.1'\n"],
  ['a number', 'images:\n- name: a\n  newTag: 1 # n\n', "images:\n- name: a\n  newTag: '1.1' # n\n"],
  ['a block scalar', 'images:\n- newTag: |-\n    1.0\n  name: a\n', "images:\n- newTag: '1.1'\n  name: a\n"],
  ['an empty tag', 'images:\n- name: a\n  newTag:\n', "images:\n- name: a\n  newTag: '1.1'\n"],
  ['no tag', 'images:\n- name: a # b\n- name: c\n', "images:\n- name: a # b\n  newTag: '1.1'\n- name: c\n"],
  ['an indented list', 'images:\n  - name: b\n\n# end\n', "images:\n  - name: b\n  - name: a\n    newTag: '1.1'\n\n# end\n"],
  ['a dash of its own line', 'images:\n  -\n    name: a\n', "images:\n  -\n    name: a\n    newTag: '1.1'\n"],
  ['flow items', 'images:\n- {name: a, newTag: "1.0"}\n', 'images:\n- {name: a, newTag: "1.1"}\n'],
  ['a flow list', 'images: [{name: a, newTag: 1.0}] # f\n', "images: [{name: a, newTag: '1.1'}] # f\n"],
  ['an anchor of its own', 'images:\n- &a\n  name: a\n  newTag: &t "1.0"\n', 'images:\n- &a\n  name: a\n  newTag: &t "1.1"\n'],
  ['JSON', '{"images":[{"name":"a","newTag":"1.0"}]}', '{"images":[{"name":"a","newTag":"1.1"}]}'],
  ['nothing', 'images:\nx: y\n', "images:\n- name: a\n  newTag: '1.1'\nx: y\n"],
  ['nothing at the end', 'images:', "images:\n- name: a\n  newTag: '1.1'"],
  ['null', 'images: null # n\n', "images: # n\n- name: a\n  newTag: '1.1'\n"],
  ['an empty list', 'images: [] # n\nx: y\n', "images: # n\n- name: a\n  newTag: '1.1'\nx: y\n"],
  ['an empty list with CRLF', 'images: []\r\n', "images:\r\n- name: a\r\n  newTag: '1.1'\r\n"],
  ['an empty list in lines', 'images: [\n]\n', "images:\n- name: a\n  newTag: '1.1'\n"],
  ['an item of a flow list', 'images: [{name: b}] # f\n', "images: [{name: b}, {name: a, newTag: '1.1'}] # f\n"],
  [
    'an item of a flow list of lines',
    'images: [\n  {name: b}, # b\n]\n',
    "images: [\n  {name: b},\n  {name: a, newTag: '1.1'}, # b\n]\n",
  ],
  ['a flow map', '{resources: [x]}\n', "{resources: [x], images: [{name: a, newTag: '1.1'}]}\n"],
  ['compact JSON', '{"resources":["x"]}', '{"resources":["x"],"images":[{"name":"a","newTag":"1.1"}]}'],
  ['JSON', '{"resources": ["x"], "images": []}\n', '{"resources": ["x"], "images": [{"name": "a", "newTag": "1.1"}]}\n'],
  ['an item of JSON', '{"images":[{"name":"b"}]}', '{"images":[{"name":"b"},{"name":"a","newTag":"1.1"}]}'],
  [
    'JSON of lines',
    '{\n  "resources": ["x"]\n}\n',
    '{\n  "resources": ["x"],\n  "images": [{"name": "a", "newTag": "1.1"}]\n}\n',
  ],
  ['null in JSON', '{"images": null}\n', '{"images": [{"name": "a", "newTag": "1.1"}]}\n'],
  ['a document', '---\nresources: [x]\n', "---\nresources: [x]\nimages:\n- name: a\n  newTag: '1.1'\n"],
  ['an end', 'resources: [x]\n...\n', "resources: [x]\nimages:\n- name: a\n  newTag: '1.1'\n...\n"],
  [
    'empty documents around',
    '# c\n---\n---\nresources: [x]\n---\n# n\n',
    "# c\n---\n---\nresources: [x]\nimages:\n- name: a\n  newTag: '1.1'\n---\n# n\n",
  ],
])('a tag: %s', (_, text, expected) => {
  expect(editKustomizationText(text, TAG)).toBe(expected);
  expect(editKustomizationText(expected, { kind: 'images', replacements: [{ from: 'a:1.1', to: 'a:1.1' }] })).toBe(expected);
});

test.each<[string, string, string]>([
  ['the last key', 'images:\n- name: a\n  digest: s:1 # d\nx: y\n', "images:\n- name: a\n  newTag: '1.1'\nx: y\n"],
  ['the first key', 'images:\n- digest: s:1 # d\n  name: a # n\n', "images:\n- name: a # n\n  newTag: '1.1'\n"],
  ['CRLF', 'images:\r\n- digest: s:1\r\n  name: a\r\n', "images:\r\n- name: a\r\n  newTag: '1.1'\r\n"],
  ['a dash of its own line', 'images:\n  -\n    digest: s:1\n    name: a\n', "images:\n  -\n    name: a\n    newTag: '1.1'\n"],
  ['flow', 'images:\n- {digest: "s:1", name: a}\n', "images:\n- {name: a, newTag: '1.1'}\n"],
])('a tag instead of a digest: %s', (_, before, expected) => {
  const edit: KustomizationEdit = { kind: 'images', replacements: [{ from: 'a@s:1', to: 'a:1.1' }] };
  expect(editKustomizationText(before, edit)).toBe(expected);
});

test.each<[string, string]>([
  ['a comment before the next', 'images:\n- digest: s:1\n  # n\n  name: a\n'],
  ['an anchor of the next', 'images:\n- digest: s:1\n  &n name: a\n'],
  ['a key that is explicit', 'images:\n- ? digest\n  : s:1\n  name: a\n'],
])('a digest that cannot be removed: %s', (_, before) => {
  const edit: KustomizationEdit = { kind: 'images', replacements: [{ from: 'a@s:1', to: 'a:1.1' }] };
  expect(editKustomizationText(before, edit)).toBeUndefined();
});

test.each<[string, string, string]>([
  ['no patches', 'resources:\n- x\n', 'resources:\n- x\npatches:\n- path: p.yaml\n'],
  ['others', 'patches:\n- path: a\n  target:\n    kind: X\n', 'patches:\n- path: a\n  target:\n    kind: X\n- path: p.yaml\n'],
  ['indented', 'patches:\n  - path: a\nx: y\n', 'patches:\n  - path: a\n  - path: p.yaml\nx: y\n'],
  ['flow items', 'patches:\n- {path: a}\n', 'patches:\n- {path: a}\n- path: p.yaml\n'],
  ['a block scalar', 'patches:\n- patch: |-\n    x: y\nz: z\n', 'patches:\n- patch: |-\n    x: y\n- path: p.yaml\nz: z\n'],
  ['CRLF', 'patches:\r\n- path: a\r\n', 'patches:\r\n- path: a\r\n- path: p.yaml\r\n'],
  [
    'only comments',
    'patches:\n# [WEBHOOK] enable it\n#- path: webhook.yaml\n\nresources:\n- x\n',
    'patches:\n- path: p.yaml\n# [WEBHOOK] enable it\n#- path: webhook.yaml\n\nresources:\n- x\n',
  ],
  ['an empty list', 'patches: []\n', 'patches:\n- path: p.yaml\n'],
  ['an empty list beside others', 'resources:\n  - x\npatches: []\n', 'resources:\n  - x\npatches:\n  - path: p.yaml\n'],
  ['a flow list', 'patches: [{path: a}]\n', 'patches: [{path: a}, {path: p.yaml}]\n'],
  ['a flow list that ends with a comma', 'patches: [{path: a},]\n', 'patches: [{path: a}, {path: p.yaml},]\n'],
  ['JSON', '{"patches":[{"path":"a"}]}', '{"patches":[{"path":"a"},{"path":"p.yaml"}]}'],
  ['there already', 'patches:\n- path: p.yaml # own\n', 'patches:\n- path: p.yaml # own\n'],
])('a patch: %s', (_, text, expected) => {
  expect(editKustomizationText(text, PATCH)).toBe(expected);
  expect(editKustomizationText(expected, PATCH)).toBe(expected);
});

test.each<[string, string]>([
  ['nothing', ''],
  ['no map', '- a\n'],
  ['no YAML', 'a: [\n'],
  ['an alias', 'x: &i\n- name: a\n  newTag: "1.0"\nimages: *i\n'],
  ['an anchor that is used', 'images: &i\n- name: a\n  newTag: "1.0"\nx: *i\n'],
  ['a tag that is used', 'images:\n- name: a\n  newTag: &t "1.0"\nx: *t\n'],
  ['a merge', 'x: &m {newTag: "1.0"}\nimages:\n- <<: *m\n  name: a\n'],
  ['a map', 'images: {}\n'],
  ['a text', 'images: a\n'],
])('no edit: %s', (_, text) => {
  expect(editKustomizationText(text, TAG)).toBeUndefined();
});

test.each<[string, string]>([
  ['an alias', 'x: &i []\npatches: *i\n'],
  ['an anchor that is used', 'patches: &i\n- path: a\nx: *i\n'],
  ['an empty list with an anchor that is used', 'patches: &i []\nx: *i\n'],
  ['a pair without brackets in a list', 'patches: [path: a]\n'],
  ['no value on one line', '{patches}\n'],
  ['a map', 'patches: {}\n'],
  ['a text', 'patches: a\n'],
])('no patch: %s', (_, text) => {
  expect(editKustomizationText(text, PATCH)).toBeUndefined();
});

/** Parts of a text that is a kustomization whichever of them it has. */
const text = fc
  .record({
    head: fc.constantFrom('', '# head\n', '---\n', '# head\n---\n'),
    before: fc.constantFrom(
      '',
      'resources:\n- x # why\n',
      'resources: [x]\n\n',
      'configMapGenerator:\n- literals:\n  - |\n    a=b\n',
    ),
    step: fc.constantFrom('', '  '),
    images: fc.array(
      fc.constantFrom('name: a', 'name: a\n  newTag: "1.0" # t', 'newTag: 1.0.0\n  name: b', 'name: c\n  # d\n  digest: s:1'),
      { maxLength: 3 },
    ),
    after: fc.constantFrom('', '\n# about it\nnamespace: x\n', 'commonAnnotations: { a: "b" }\n', '\n\n'),
    tail: fc.constantFrom('', '# tail\n', '...\n', '---\n'),
    eol: fc.constantFrom('\n', '\r\n'),
    newline: fc.boolean(),
  })
  .map(({ head, before, step, images, after, tail, eol, newline }) => {
    const list = images.map((each) => `- ${each}\n`.replaceAll(/^/gm, step).trimEnd()).map((each) => `${each}\n`);
    const fields = before === '' && list.length === 0 ? 'namespace: y\n' : before;
    const all = `${head}${fields}${list.length === 0 ? '' : 'images:\n'}${list.join('')}${after}${tail}`;
    return (newline ? all : all.trimEnd()).replaceAll('\n', eol);
  });

/** Whether all characters of a text are in another, in their order. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const char of whole) if (char === part[at]) at += 1;
  return at === part.length;
}

test('additions keep every byte, the line breaks, and what is read beside them', () => {
  fc.assert(
    fc.property(text, fc.constantFrom('a', 'b', 'new'), (before, name) => {
      const images: KustomizationEdit = { kind: 'images', replacements: [{ from: `${name}@s:0`, to: `${name}@s:2` }] };
      for (const edit of [PATCH, images]) {
        const edited = editKustomizationText(before, edit) ?? '';
        if (edit === PATCH || name === 'new') expect(isWithin(before, edited), edited).toBe(true);
        expect(edited.replaceAll('\r\n', '').includes('\r')).toBe(false);
        if (before.includes('\r')) expect(/[^\r]\n/.test(edited)).toBe(false);
        const value = (from: string) => [...parseYamlDocuments(from)].map((each) => !each.error && each.value).find(Boolean);
        const { patches: _, images: __, ...others } = { ...Object(value(edited)) };
        const { patches: ___, images: ____, ...same } = { ...Object(value(before)) };
        expect(others).toEqual(same);
      }
    }),
    { numRuns: 500 },
  );
});
