import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editPatchFile, type PatchedChange } from '../../../src/manifests/patch/edit-patch-file.ts';

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

const NAME = '<cluster>:deployment/web';
const HEAD = ['apiVersion: apps/v1', 'kind: Deployment', 'metadata:'];
const generated = lines(
  ...HEAD,
  '  name: web',
  '  annotations: { owner: us }',
  'spec:',
  '  template:',
  '    spec:',
  '      initContainers: [{ name: init, image: "busybox:1" }]',
  '      containers:',
  '      - { name: c, image: "nginx:1" }',
  '      - { name: side, image: "envoy:1" }',
);
const images = (all: Readonly<Record<string, string>>): PatchedChange => ({
  name: NAME,
  change: { kind: 'images', images: new Map(Object.entries(all)) },
});
const annotations = (all: Readonly<Record<string, string | null>>): PatchedChange => ({
  name: NAME,
  change: { kind: 'annotations', annotations: new Map(Object.entries(all)) },
});
const edit = (text: string, ...changes: readonly PatchedChange[]) => editPatchFile(text, generated, changes, 'kustomize');
const containers = (...items: readonly string[]) => ['spec:', '  template:', '    spec:', '      containers:', ...items];

/** kustomize puts what a patch names first, and would take `$setElementOrder` for a field. */
describe('for kustomize', () => {
  test.each<[string, PatchedChange, readonly string[]]>([
    [
      'an image',
      images({ c: 'nginx:2' }),
      ['---', ...HEAD, '  name: web', ...containers('      - image: nginx:2', '        name: c')],
    ],
    [
      'images of both kinds of containers',
      images({ side: 'envoy:2', init: 'busybox:2' }),
      [
        '---',
        ...HEAD,
        '  name: web',
        ...containers(
          '      - name: c',
          '      - image: envoy:2',
          '        name: side',
          '      initContainers:',
          '      - image: busybox:2',
          '        name: init',
        ),
      ],
    ],
    ['an annotation', annotations({ a: 'true' }), ['---', ...HEAD, '  annotations:', "    a: 'true'", '  name: web']],
    ['one that is removed', annotations({ owner: null }), ['---', ...HEAD, '  annotations: null', '  name: web']],
    ['one that is there', annotations({ owner: 'us' }), []],
  ])('%s', (_, change, expected) => {
    expect(edit('', change)).toBe(expected.length === 0 ? '' : lines(...expected));
  });

  test('for Kubernetes, the order is part of the patch', () => {
    expect(editPatchFile('', generated, [images({ c: 'nginx:2' })])).toContain('$setElementOrder/containers:');
  });

  test('a change that is taken back leaves no patch', () => {
    const [two, one] = [images({ c: 'nginx:2' }), images({ c: 'nginx:1' })];
    expect(edit(edit('', two), one)).toBe('');
    expect(edit(edit('', two, annotations({ a: 'b' })), one)).toBe(
      lines('---', ...HEAD, '  annotations:', '    a: b', '  name: web'),
    );
  });

  test('a patch of a person keeps its fields, comments and order', () => {
    const other = ['--- # other', 'kind: ConfigMap', 'metadata: { name: map } # it', 'data: { a: b }'];
    const patch = lines(
      '# ours',
      ...HEAD,
      '  name: web # the web',
      'spec:',
      '  replicas: 3 # pinned',
      '  template:',
      '    spec:',
      '      containers:',
      '      - name: side # first',
      '        command: [a]',
      ...other,
    );
    const expected = lines(
      '# ours',
      ...HEAD,
      '  name: web # the web',
      '  annotations:',
      '    a: b',
      'spec:',
      '  replicas: 3 # pinned',
      '  template:',
      '    spec:',
      '      containers:',
      '      - name: side # first',
      '        command: [a]',
      '        image: envoy:2',
      ...other,
    );
    expect(edit(patch, images({ side: 'envoy:2' }), annotations({ a: 'b' }))).toBe(expected);
    expect(edit(expected, images({ side: 'envoy:3' }))).toBe(expected.replace('envoy:2', 'envoy:3'));
    expect(edit(expected, annotations({ a: null }))).not.toContain('a: b\nspec');
  });

  test('annotations that a patch has removed come back beside its comments', () => {
    const patch = lines('# ours', 'kind: Deployment', 'metadata: { name: web, annotations: { b: "1" } }');
    const removed = lines('# ours', 'kind: Deployment', 'metadata: { name: web, annotations: null }');
    expect(edit(patch, annotations({ owner: null, b: null }))).toBe(removed);
    expect(edit(removed, annotations({ a: '1' }))).toBe(removed.replace('null', "{a: '1', owner: null}"));
  });

  test.each([
    [
      ['metadata:', '  name: web', '  annotations:', '    b: "1" # one', '    owner: null', 'spec: { replicas: 3 } # three'],
      ['metadata:', '  name: web', '  annotations: null', 'spec: { replicas: 3 } # three'],
    ],
    [
      ['metadata: { name: web, annotations: { owner: null, b: "1" } } # names', 'spec: { replicas: 3 }'],
      ['metadata: { name: web, annotations: null } # names', 'spec: { replicas: 3 }'],
    ],
  ])('the last annotation of a patch is removed with all of them: %j', (before, after) => {
    const patch = (rest: readonly string[]) => lines('# ours', 'kind: Deployment', ...rest);
    expect(edit(patch(before), annotations({ b: null }))).toBe(patch(after));
  });

  test('a container that a person does not name is added, without an order', () => {
    const patch = lines('# ours', ...HEAD, '  name: web', ...containers('      - name: side', '        command: [a] # why'));
    expect(edit(patch, images({ c: 'nginx:2' }))).toBe(`${patch}      - image: nginx:2\n        name: c\n`);
  });
});

test('a patch that is there is not changed by the same change, and others keep every byte', () => {
  const value = fc.constantFrom('1', '2', '3');
  const change = fc.oneof(
    fc.dictionary(fc.constantFrom('c', 'side', 'init'), value, { minKeys: 1, noNullPrototype: true }).map(images),
    fc.dictionary(fc.constantFrom('a', 'b', 'owner'), fc.option(value), { minKeys: 1, noNullPrototype: true }).map(annotations),
  );
  const person = fc.constantFrom(
    '',
    lines('# ours', ...HEAD, '  name: web', 'spec: { replicas: 3 } # three'),
    lines('# ours', ...HEAD, '  name: web', ...containers('      - name: side # side', '        tty: true')),
    lines('# ours', 'kind: Deployment', 'metadata: { name: web, annotations: { b: "1" } }'),
  );
  const other = fc.constantFrom('', '---\n# other\nkind: ConfigMap\nmetadata: { name: map }\n', '---\n');
  fc.assert(
    fc.property(person, other, fc.array(change, { minLength: 1, maxLength: 4 }), (ours, others, changes) => {
      let text = `${ours}${others}`;
      for (const each of changes) {
        text = edit(text, each);
        expect(edit(text, each)).toBe(text);
        expect(text).not.toContain('$setElementOrder');
        expect(text).toContain(others);
        if (ours !== '') expect(text.startsWith('# ours\n'), text).toBe(true);
      }
    }),
  );
});
