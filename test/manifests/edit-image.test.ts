import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseYamlDocuments } from '../../src/base/index.ts';
import { editContainerImages } from '../../src/manifests/edit-image.ts';
import type { EditTarget } from '../../src/manifests/index.ts';
import { editContainerImage } from './edit-one.ts';

const BOT: EditTarget = { document: 1, kind: 'Deployment', name: 'bot' };

/** The head of a Deployment; containers follow at the column of `template`'s pod spec. */
const HEAD = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: bot\nspec:\n  template:\n    spec:\n';

describe('the image of a container', () => {
  test.each([
    ['single quotes', "image: 'acme/net:2.2.0'   # c", "image: 'acme/net:2.2.1'   # c"],
    ['a quoted key', '"image" : acme/net:2.2.0', '"image" : acme/net:2.2.1'],
    ['an explicit key', '? image\n        : acme/net:2.2.0', '? image\n        : acme/net:2.2.1'],
    ['an empty value', 'image:   # none', 'image: acme/net:2.2.1   # none'],
    ['null', 'image: ~', 'image: acme/net:2.2.1'],
    ['a number', 'image: 12', 'image: acme/net:2.2.1'],
    ['a value on the next line', 'image:\n          acme/net:2.2.0 # c', 'image:\n          acme/net:2.2.1 # c'],
    ['quotes over two lines', 'image: "acme/\\\n          net:2.2.0"', 'image: "acme/net:2.2.1"'],
    ['a literal block', 'image: |- # c\n          acme/net:2.2.0\n', 'image: acme/net:2.2.1 # c\n'],
    ['a folded block with blank lines after it', 'image: >-\n          acme/net:2.2.0\n\n', 'image: acme/net:2.2.1\n\n'],
    ['an anchor that nobody uses', 'image: &img acme/net:2.2.0', 'image: &img acme/net:2.2.1'],
    ['a tag', 'image: !!str acme/net:2.2.0', 'image: !!str acme/net:2.2.1'],
    [
      'a key given twice: the last one counts',
      'image: acme/net:1\n        image: acme/net:2',
      'image: acme/net:1\n        image: acme/net:2.2.1',
    ],
    ['no image at all', 'args: []', 'args: []\n        image: acme/net:2.2.1'],
  ])('%s', (_, before, after) => {
    const text = (line: string) => `${HEAD}      containers:\n      - name: net\n        ${line}\n        tty: true\n`;
    const image = (line: string) =>
      before === 'args: []' && line === after
        ? text('args: []').replace('tty: true', 'tty: true\n        image: acme/net:2.2.1')
        : text(line);
    expect(editContainerImage(text(before), BOT, 'net', 'acme/net:2.2.1')).toBe(image(after));
    const crlf = (line: string) => image(line).replaceAll('\n', '\r\n');
    expect(editContainerImage(text(before).replaceAll('\n', '\r\n'), BOT, 'net', 'acme/net:2.2.1')).toBe(crlf(after));
  });

  test('a byte order mark stays', () => {
    const text = `\uFEFF# c\r\n---\r\n---\r\n${HEAD.replaceAll('\n', '\r\n')}      containers:\r\n      - name: a\r\n        image: x:1`;
    expect(editContainerImage(text, { ...BOT, document: 2 }, 'a', 'x:2')).toBe(`${text.slice(0, -1)}2`);
  });

  test('an image from a merge key is overridden in braces too', () => {
    const text = `x: &base\n  image: acme/a:1\n${HEAD}      containers:\n      - {name: sc, <<: *base}\n`;
    expect(editContainerImage(text, BOT, 'sc', 'acme/a:2')).toBe(
      text.replace('{name: sc, <<: *base}', '{name: sc, <<: *base, image: acme/a:2}'),
    );
  });

  test('a List item, in JSON', () => {
    const pod = (image: string) => ({
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: { template: { spec: { containers: [{ name: 'a', image }] } } },
    });
    const list = (image: string) =>
      JSON.stringify({ kind: 'List', items: [pod('x:1'), { kind: 'List', items: [pod(image)] }] }, null, '\t');
    expect(editContainerImage(list('x:1'), { document: 1, item: 2, kind: 'StatefulSet', name: 's' }, 'a', 'x:2')).toBe(
      list('x:2'),
    );
  });

  test('an image that is there already changes nothing, wherever it comes from', () => {
    const text = `x: &i x:1\n${HEAD}      containers:\n      - {name: a, image: *i }\n`;
    expect(editContainerImage(text, BOT, 'a', 'x:1')).toBe(text);
  });

  test.each<[string, string, string, string]>([
    ['no such container', `${HEAD}      containers:\n      - {name: b, image: x:1}\n`, 'bot', 'manifests/not-found'],
    ['no such object', HEAD.replace('name: bot', 'name: gone'), 'bot', 'manifests/not-found'],
    ['no containers', HEAD, 'bot', 'manifests/not-found'],
    [
      'S-024 the container is merged into another',
      `${HEAD}      containers:\n      - &c {name: bot, image: x:1}\n      - {<<: *c, name: b}\n`,
      'bot',
      'manifests/shared-anchor',
    ],
    [
      'S-024 the container is an alias',
      `x: &c {name: bot, image: x:1}\n${HEAD}      containers:\n      - *c\n`,
      'bot',
      'manifests/shared-anchor',
    ],
    [
      'S-024 the template is an alias',
      'x: &t {spec: {containers: [{name: bot, image: x:1}]}}\nkind: Deployment\nmetadata: {name: bot}\nspec: {template: *t}\n',
      'bot',
      'manifests/shared-anchor',
    ],
    [
      'S-024 the template is merged in',
      'kind: Deployment\nmetadata: {name: bot}\nspec:\n  <<: {template: {spec: {containers: [{name: bot, image: x:1}]}}}\n',
      'bot',
      'manifests/shared-anchor',
    ],
    ['an image that is a map', `${HEAD}      containers:\n      - {name: bot, image: {a: b}}\n`, 'bot', 'manifests/edit-failed'],
    [
      'a tag that the new value does not fit',
      `${HEAD}      containers:\n      - {name: bot, image: !!int 1}\n`,
      'bot',
      'manifests/edit-failed',
    ],
  ])('%s: refused', (_, text, container, code) => {
    expect(() => editContainerImage(text, BOT, container, 'x:2')).toThrow(expect.objectContaining({ code }));
  });

  test('other kinds have no image that Flux changes', () => {
    const text = 'kind: ReplicaSet\nmetadata: {name: r}\nspec: {template: {spec: {containers: [{name: a, image: x:1}]}}}\n';
    expect(() => editContainerImage(text, { document: 1, kind: 'ReplicaSet', name: 'r' }, 'a', 'x:2')).toThrow('not supported');
  });
});

describe('S-024 an image that other places share by an anchor', () => {
  const pods = (...lines: string[]) => `${HEAD}      containers:\n${lines.map((line) => `      ${line}\n`).join('')}`;
  const set = (text: string, images: Readonly<Record<string, string>>) =>
    editContainerImages(
      text,
      Object.entries(images).map(([container, image]) => ({ target: BOT, container, image })),
    );

  test.each<[string, readonly string[], Readonly<Record<string, string>>, readonly string[]]>([
    [
      'all get the same image: the one that is written out changes',
      ['- {name: a, image: &i "x:1"} # c', '- {name: b, image: *i}', '- {name: c, image: *i }'],
      { a: 'x:2', b: 'x:2', c: 'x:2' },
      ['- {name: a, image: &i "x:2"} # c', '- {name: b, image: *i}', '- {name: c, image: *i }'],
    ],
    [
      'the anchored one alone changes: the anchor goes to the first place that stays',
      ['- name: a', "  image: &i 'x:1' # c", '- name: b', '  image: *i # d', '- {name: c, image: *i}'],
      { a: 'x:2' },
      ['- name: a', "  image: 'x:2' # c", '- name: b', "  image: &i 'x:1' # d", '- {name: c, image: *i}'],
    ],
    [
      'an alias alone changes',
      ['- {name: a, image: &i x:1}', '- {name: b, image: *i}', '- {name: c, image: *i}'],
      { b: 'x:2' },
      ['- {name: a, image: &i x:1}', '- {name: b, image: x:2}', '- {name: c, image: *i}'],
    ],
    [
      'each gets another',
      ['- {name: a, image: &i x:1}', '- {name: b, image: *i}'],
      { a: 'x:2', b: 'x:3' },
      ['- {name: a, image: &i x:2}', '- {name: b, image: x:3}'],
    ],
    [
      'some change, and the first alias is one of them',
      ['- {name: a, image: &i x:1}', '- {name: b, image: *i}', '- {name: c, image: *i}', '- {name: d, image: *i}'],
      { a: 'x:2', b: 'x:2' },
      ['- {name: a, image: x:2}', '- {name: b, image: x:2}', '- {name: c, image: &i x:1}', '- {name: d, image: *i}'],
    ],
    [
      'a place that is no image keeps its value',
      ['- name: a', '  image: &i x:1', '  env:', '  - {name: I, value: *i}'],
      { a: 'x:2' },
      ['- name: a', '  image: x:2', '  env:', '  - {name: I, value: &i x:1}'],
    ],
    [
      'a tag goes with the anchor',
      ['- {name: a, image: !!str &i x:1}', '- {name: b, image: *i}'],
      { a: 'x:2' },
      ['- {name: a, image: !!str x:2}', '- {name: b, image: !!str &i x:1}'],
    ],
    [
      'the anchor stands on a line of its own',
      ['- name: a', '  image:', '    &i x:1', '- {name: b, image: *i}'],
      { a: 'x:2' },
      ['- name: a', '  image:', '    x:2', '- {name: b, image: &i x:1}'],
    ],
  ])('%s', (_, before, images, after) => {
    expect(set(pods(...before), images)).toBe(pods(...after));
    const crlf = pods(...before).replaceAll('\n', '\r\n');
    expect(set(crlf, images)).toBe(pods(...after).replaceAll('\n', '\r\n'));
  });

  test('what cannot be moved is refused', () => {
    const text = pods('- name: a', '  image: &i |-', '    x:1', '- {name: b, image: *i}');
    expect(() => set(text, { a: 'x:2' })).toThrow(expect.objectContaining({ code: 'manifests/edit-failed' }));
  });

  test('every place reads what it is to read, and no other line changes', () => {
    const container = fc.record({
      aliased: fc.boolean(),
      flow: fc.boolean(),
      wanted: fc.constantFrom(undefined, undefined, 'x:2', 'x:3'),
    });
    fc.assert(
      fc.property(
        fc.array(container, { minLength: 2, maxLength: 6 }),
        fc.constantFrom('x:1', "'x:1'", '"x:1"'),
        (list, written) => {
          const lines = list.flatMap(({ aliased, flow }, n) => {
            const image = n === 0 ? `&i ${written}` : aliased ? '*i' : 'x:1';
            return flow ? [`- {name: c${n}, image: ${image} }`] : [`- name: c${n}`, `  image: ${image} # ${n}`];
          });
          const text = pods(...lines);
          const wanted = list.flatMap(({ wanted: image }, n) => (image === undefined ? [] : [[`c${n}`, image] as const]));
          const after = set(text, Object.fromEntries(wanted));
          expect(imagesOf(after)).toEqual(list.map(({ wanted: image }) => image ?? 'x:1'));
          expect(after.split('\n')).toHaveLength(text.split('\n').length);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('S-024 the smallest edit, over generated files', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
  const text = fc.oneof(
    word,
    fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !/[\p{C}\u2028\u2029]/u.test(value)),
    fc.constant('image: x:1'),
  );
  const comment = fc.oneof(
    fc.constant(''),
    word.map((value) => ` # ${value}: "image"`),
  );
  const quote = fc.constantFrom<(value: string) => string>(
    (value) => value,
    (value) => `'${value}'`,
    (value) => JSON.stringify(value),
    (value) => `!!str ${value}`,
  );
  const hostileText = text.map((value) => JSON.stringify(value));

  interface Image {
    readonly name: string;
    readonly image: string;
    readonly spelled: string;
  }
  const image = fc.tuple(word, word, fc.constantFrom('1.2', 'v_1.4.0', '7654321', '2001-01-01'), quote);
  const container = (index: number) =>
    fc
      .record({ base: image, first: fc.boolean(), flow: fc.boolean(), extra: hostileText, comment, block: fc.boolean() })
      .map(({ base: [registry, name, tag, spell], first, flow, extra, comment, block }): Image & { readonly lines: string[] } => {
        const value = `${registry}.io/${name}:${tag}`;
        const spelled = spell(value);
        const pairs = [`name: c${index}`, `image: ${spelled}`];
        if (first) pairs.reverse();
        if (flow)
          return { name: `c${index}`, image: value, spelled, lines: [`- {env: [${extra}], ${pairs.join(', ')}} ${comment}`] };
        const note = block ? ['  args:', '  - |', '    image: old', '', '    name: c0'] : [`  args: [${extra}]`];
        return {
          name: `c${index}`,
          image: value,
          spelled,
          lines: [`- ${pairs[0]}${comment}`, ...note, comment.trimStart(), `  ${pairs[1]}${comment}`],
        };
      });
  const deployment = fc
    .record({
      containers: fc
        .integer({ min: 1, max: 4 })
        .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => container(index)))),
      init: fc.boolean(),
      kind: fc.constantFrom('Deployment', 'CronJob'),
      comment,
      label: hostileText,
      indent: fc.constantFrom('', '  '),
    })
    .map(({ containers, init, kind, comment, label, indent }) => {
      const outer = kind === 'CronJob' ? ['spec:', '  jobTemplate:', '    spec:'] : ['spec:'];
      const pad = '  '.repeat(kind === 'CronJob' ? 5 : 3);
      const template = [`template:${comment}`, `  metadata: {labels: {app: ${label}}}`, '  spec:'].map(
        (line) => `${pad.slice(4)}${line}`,
      );
      const list = [
        `${init ? 'initContainers' : 'containers'}:${comment}`,
        ...containers.flatMap(({ lines }) => lines.map((line) => indent + line)),
      ];
      const lines = [
        'apiVersion: apps/v1',
        `kind: ${kind}${comment}`,
        'metadata:',
        '  name: d',
        ...outer,
        ...template,
        ...list.map((line) => pad + line),
      ];
      return { kind, containers, lines: lines.map((line) => line.trimEnd()) };
    });
  const file = fc.record({
    objects: fc.array(deployment, { minLength: 1, maxLength: 3 }),
    eol: fc.constantFrom('\n', '\r\n'),
    bom: fc.constantFrom('', '\uFEFF'),
    marker: fc.constantFrom('---', '--- # image: x'),
    list: fc.boolean(),
    final: fc.boolean(),
  });

  test('only the characters of the one value change, and the file reads as before but for it', () => {
    fc.assert(
      fc.property(
        file,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('acme/new:2', 'r.io:5000/a/b@sha256:00', 'x:1e3', 'y'),
        (shape, at, which, to) => {
          const { objects, eol, bom, marker, list, final } = shape;
          const body = list
            ? [
                'kind: List',
                'items:',
                ...objects.flatMap(({ lines }) =>
                  lines.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`.trimEnd())),
                ),
              ]
            : objects.flatMap(({ lines }) => [marker, ...lines]);
          const before = `${bom}${body.join(eol)}${final ? eol : ''}`;
          const index = at % objects.length;
          const object = objects[index];
          const chosen = object?.containers[which % object.containers.length];
          if (!object || !chosen) throw new Error('empty');
          const target = { document: list ? 1 : index + 1, ...(list ? { item: index + 1 } : {}), kind: object.kind, name: 'd' };
          const after = editContainerImage(before, target, chosen.name, to);

          const prefix = commonPrefix(before, after);
          const suffix = commonPrefix([...before.slice(prefix)].reverse().join(''), [...after.slice(prefix)].reverse().join(''));
          const removed = before.slice(prefix, before.length - suffix);
          expect(chosen.spelled).toContain(removed);
          expect(removed).not.toMatch(/[\r\n]/);

          const images = imagesOf(after);
          const wanted = objects.flatMap(({ containers }, n) =>
            containers.map(({ name, image }) => (n === index && name === chosen.name ? to : image)),
          );
          expect(images).toEqual(wanted);
          expect(imagesOf(before)).toEqual(objects.flatMap(({ containers }) => containers.map(({ image }) => image)));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the image of a workload that Flux v1 does not know', () => {
  const edited = (text: string, target: Omit<EditTarget, 'document'>, container: string, image: string) =>
    editContainerImage(text, { document: 1, ...target }, container, image);

  test.each([
    ['argoproj.io/v1alpha1', 'Rollout'],
    ['apps.kruise.io/v1alpha1', 'CloneSet'],
    ['apps.kruise.io/v1beta1', 'StatefulSet'],
    ['serving.knative.dev/v1', 'Service'],
    ['batch/v1', 'Job'],
  ])('%s %s: in its template', (apiVersion, kind) => {
    const text = (image: string) => `apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: web}
spec:
  template: # here
    spec:
      containers:
      - image: "${image}" # kept
        name: web
`;
    expect(edited(text('acme/web:1'), { kind, name: 'web' }, 'web', 'acme/web:2')).toBe(text('acme/web:2'));
  });

  test('a Pod: in its own spec', () => {
    const text = (image: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: ${image}}]}\n`;
    expect(edited(text('x:1'), { kind: 'Pod', name: 'p' }, 'a', 'x:2')).toBe(text('x:2'));
  });

  test('a custom resource: in the fields of its annotations, lists included', () => {
    const text = (tag: string, sidecar: string) => `apiVersion: db.example.org/v1
kind: Cluster
metadata:
  name: db
  annotations:
    repository.fluxcd.io/db: spec.engine.name
    tag.fluxcd.io/db: spec.engine.version
    repository.fluxcd.io/log: spec.sidecars.1.image
spec:
  engine: { name: acme/db, version: '${tag}' } # kept
  sidecars:
  - image: acme/other:1
  - size: 1
    image: &log ${sidecar}
`;
    const target = { kind: 'Cluster', name: 'db' };
    const one = edited(text('1.0.0', 'acme/log:1'), target, 'db', 'acme/db:1.1.0');
    expect(one).toBe(text('1.1.0', 'acme/log:1'));
    expect(edited(one, target, 'log', 'acme/log:2')).toBe(text('1.1.0', 'acme/log:2'));
    expect(() => edited(one, target, 'other', 'acme/other:2')).toThrow('container other of cluster/db not found');
  });
});

describe('the image of a HelmRelease', () => {
  const WIKI: EditTarget = { document: 1, kind: 'HelmRelease', name: 'wiki' };
  const head = 'kind: HelmRelease\nmetadata:\n  name: wiki\nspec:\n  values:\n';

  test.each<[name: string, before: string, after: string]>([
    ['quotes and comments stay', 'image: "acme/w" # c\n    tag: \'1.2\'   # d\n', 'image: "acme/w" # c\n    tag: \'9\'   # d\n'],
    ['a value in a block', 'image: acme/w\n    tag: |- # d\n      1.2\n', "image: acme/w\n    tag: '9' # d\n"],
    ['an anchor nobody uses', 'image: acme/w\n    tag: &t v1\n', "image: acme/w\n    tag: &t '9'\n"],
    [
      'a tag that is used elsewhere',
      'image: acme/w\n    tag: &t v1\n    other: *t\n',
      "image: acme/w\n    tag: '9'\n    other: &t v1\n",
    ],
    ['an alias', 'x: &t v1\n    image: acme/w\n    tag: *t\n', "x: &t v1\n    image: acme/w\n    tag: '9'\n"],
    ['null', 'image: {repository: acme/w, tag: null}\n', "image: {repository: acme/w, tag: '9'}\n"],
    ['an empty tag of a number', 'image: {repository: acme/w, tag: 5} # e\n', "image: {repository: acme/w, tag: '9'} # e\n"],
    [
      'fields from a merge key are overridden',
      'x: &x {image: acme/w, tag: v1}\n    chart-image:\n      <<: *x\n',
      "x: &x {image: acme/w, tag: v1}\n    chart-image:\n      <<: *x\n      tag: '9'\n",
    ],
  ])('%s', (_, before, after) => {
    const lines = (text: string) => `${head}    ${text}---\nkind: X\n`;
    expect(editContainerImage(lines(before), WIKI, 'chart-image', 'acme/w:9')).toBe(lines(after));
    const crlf = (text: string) => `\uFEFF${lines(text).replaceAll('\n', '\r\n')}`;
    expect(editContainerImage(crlf(before), WIKI, 'chart-image', 'acme/w:9')).toBe(crlf(after));
  });

  test.each<[name: string, values: string, code: string]>([
    ['no such image', 'db: {image: acme/w}', 'manifests/not-found'],
    ['S-024 the map is an alias', 'x: &x {image: acme/w, tag: v1}\n    chart-image: *x', 'manifests/shared-anchor'],
    ['a tag that is a map', 'image: acme/w\n    tag: {a: b}', 'manifests/edit-failed'],
  ])('%s: refused', (_, values, code) => {
    expect(() => editContainerImage(`${head}    ${values}\n`, WIKI, 'chart-image', 'acme/w:9')).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('JSON with the field changed is what comes out', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const others = fc.dictionary(word, fc.oneof(word, fc.integer(), fc.constant('image: x:1')), { maxKeys: 3 });
    const tag = fc.constantFrom('v1', '1.2', '7654321', '1e3', 'x"y');
    const shape = fc.constantFrom<(repository: string, tag: string) => object>(
      (repository, tag) => ({ image: `${repository}:${tag}` }),
      (repository, tag) => ({ image: repository, tag }),
      (repository, tag) => ({ registry: 'r.io', image: `${repository}:${tag}` }),
      (repository, tag) => ({ tag, registry: 'r.io', image: repository }),
      (repository, tag) => ({ image: { tag, registry: 'r.io', repository } }),
    );
    const entry = fc.record({ before: others, after: others, repository: word, tag, shape });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.constantFrom(undefined, 2),
        (list, at, indent) => {
          const chosen = at % list.length;
          const text = (tags: readonly string[]) => {
            const values = list.map(({ before, after, repository, shape }, n) => [
              `c${n}`,
              { ...before, ...shape(repository, tags[n] ?? ''), after },
            ]);
            const object = { kind: 'HelmRelease', metadata: { name: 'wiki' }, spec: { values: Object.fromEntries(values) } };
            return JSON.stringify(object, null, indent);
          };
          const tags: string[] = list.map(({ tag }) => tag);
          const { repository = '', shape } = list[chosen] ?? {};
          const registry = JSON.stringify(shape?.('', '')).includes('registry') ? 'r.io/' : '';
          const edited = editContainerImage(text(tags), WIKI, `c${chosen}`, `${registry}${repository}:v9`);
          expect(edited).toBe(text(tags.with(chosen, 'v9')));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function imagesOf(text: string): unknown[] {
  return [...parseYamlDocuments(text)].flatMap((document) => {
    if (document.error) throw document.error;
    const found: unknown[] = [];
    JSON.stringify(document.value, (key, value) => {
      if (key === 'containers' || key === 'initContainers') for (const { image } of value) found.push(image);
      return value;
    });
    return found;
  });
}
