import { describe, expect, test } from 'vitest';
import { createRepositoryReader } from '../../src/controller/repository/view.ts';
import { createManifests } from '../../src/manifests/index.ts';
import { containersOf, type ResourceId } from '../../src/resource/index.ts';
import { editContainerImage } from '../manifests/edit-one.ts';
import { idOf, readManifests } from '../update/repository.ts';

const BOT = 'ops:deployment/bot';

/** The Deployment `ops:deployment/bot` with these lines in its pod spec. */
function bot(...lines: string[]): string {
  const head = [
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: bot',
    '  namespace: ops',
    'spec:',
    '  template:',
  ];
  return `${[...head, '    spec:', ...lines.map((line) => `      ${line}`)].join('\n')}\n`;
}

/** The file after a container of an object in it was given an image; the object is found as updates find it. */
async function edited(text: string, id: ResourceId, container: string, image: string): Promise<string> {
  const manifest = (await readManifests({ 'a.yaml': text })).find(({ object }) => idOf(object) === id);
  if (!manifest) throw new Error(`${id} is not in the file`);
  const { document, item } = manifest.place;
  const { kind, metadata } = manifest.object;
  const target = { document, ...(item === undefined ? {} : { item }), kind, name: metadata.name };
  return editContainerImage(text, target, container, image);
}

async function imageOf(text: string, id: ResourceId, container: string): Promise<string | undefined> {
  const manifest = (await readManifests({ 'a.yaml': text })).find(({ object }) => idOf(object) === id);
  return manifest && containersOf(manifest.object).find(({ name }) => name === container)?.image;
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly id?: ResourceId;
  readonly container: string;
  readonly image: string;
  /** The one line that changes, before and after; a line of null is added. */
  readonly line: readonly [before: string | null, after: string];
}

const CASES: readonly Case[] = [
  {
    name: 'YAML-1 arguments, variables and mounts stay',
    text: bot(
      'containers:',
      '- name: bot',
      '  image: quay.io/acme/bot:main-1a2b3c4',
      '  args: ["--a=b", \'--c\']',
      '  env:',
      '  - {name: image, value: "quay.io/acme/bot:main-1a2b3c4"}',
      '  volumeMounts:',
      '  - mountPath: /x   # where',
    ),
    container: 'bot',
    image: 'quay.io/acme/bot:main-5d6e7f8',
    line: ['        image: quay.io/acme/bot:main-1a2b3c4', '        image: quay.io/acme/bot:main-5d6e7f8'],
  },
  {
    name: 'YAML-2 a tag of digits behind a name needs no quotes',
    text: bot('containers:', '- name: bot', '  image: acme/bot:main-a1', '  imagePullPolicy: Never # local'),
    container: 'bot',
    image: 'acme/bot:7654321',
    line: ['        image: acme/bot:main-a1', '        image: acme/bot:7654321'],
  },
  {
    name: 'YAML-4 an indentation of one blank stays',
    text: `apiVersion: apps/v1
kind: Deployment
metadata:
 namespace: ops
 name: bot # the bot
spec: {template: {spec: {
  containers: [
     {name: a, image: 'acme/a:1'},
     {image: acme/b:1, name: b}]}}}
`,
    container: 'a',
    image: 'acme/a:2',
    line: ["     {name: a, image: 'acme/a:1'},", "     {name: a, image: 'acme/a:2'},"],
  },
  {
    name: 'YAML-5 from a tag with dots and underscores to one of 40 digits',
    text: bot('containers:', '- name: bot', '  image: acme/bot:v_1.4.0'),
    container: 'bot',
    image: `acme/bot:${'0a'.repeat(20)}`,
    line: ['        image: acme/bot:v_1.4.0', `        image: acme/bot:${'0a'.repeat(20)}`],
  },
  {
    name: 'YAML-8 a long file with blank lines and comments everywhere',
    text: `# top

---
apiVersion: apps/v1
kind: Deployment
metadata:
  namespace: ops
  name: bot
  annotations:
    a: "1"
spec:

  # about
  template:
    spec:

      containers:
      # first
      - name: app
        image: acme/app:1

      #
      - name: log

        # image: acme/log:0
        image: acme/log:1
`,
    container: 'log',
    image: 'acme/log:2',
    line: ['        image: acme/log:1', '        image: acme/log:2'],
  },
  {
    name: 'YAML-10 double quotes stay',
    text: bot('containers:', '- name: net', '  image: "acme/net:2.2.0"'),
    container: 'net',
    image: 'acme/net:2.2.1',
    line: ['        image: "acme/net:2.2.0"', '        image: "acme/net:2.2.1"'],
  },
  {
    name: 'YAML-11 other documents and separators stay',
    text: `apiVersion: v1\nkind: Namespace\nmetadata: {name: bot}\n--- # next\n${bot('containers:', '- {name: a, image: x:1}', '- {name: b, image: x:1}')}...\n---\napiVersion: v1\nkind: Service\nmetadata: {name: bot, namespace: ops}\n`,
    container: 'a',
    image: 'x:2',
    line: ['      - {name: a, image: x:1}', '      - {name: a, image: x:2}'],
  },
  {
    name: 'YAML-13 an init container, and its quotes',
    text: bot('initContainers:', '- {name: prep, image: "x:1"}'),
    container: 'prep',
    image: 'x:2',
    line: ['      - {name: prep, image: "x:1"}', '      - {name: prep, image: "x:2"}'],
  },
  {
    name: 'YAML-14 an init container beside another container',
    text: bot('containers:', '- {name: main, image: y:1}', 'initContainers:', '- {name: prep, image: x:1}').replace(
      'Deployment',
      'DaemonSet',
    ),
    id: 'ops:daemonset/bot',
    container: 'prep',
    image: 'x:2',
    line: ['      - {name: prep, image: x:1}', '      - {name: prep, image: x:2}'],
  },
  {
    name: 'YAML-16 a CronJob keeps its pod spec deeper',
    text: 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: bot, namespace: ops}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - name: a\n            image: x:1 # c\n',
    id: 'ops:cronjob/bot',
    container: 'a',
    image: 'x:2',
    line: ['            image: x:1 # c', '            image: x:2 # c'],
  },
  {
    name: 'YAML-17 of two of one name the container, not the init container',
    text: bot('initContainers:', '- {name: app, image: x:1}', 'containers:', '- {name: app, image: y:1}'),
    container: 'app',
    image: 'y:2',
    line: ['      - {name: app, image: y:1}', '      - {name: app, image: y:2}'],
  },
  {
    name: 'YAML-23 a file without a line end at its end',
    text: bot('containers:', '- name: a', '  image: x:1').trimEnd(),
    container: 'a',
    image: 'x:2',
    line: ['        image: x:1', '        image: x:2'],
  },
  {
    name: 'YAML-25 an alias becomes a value of its own',
    text: bot('containers:', '- {name: app, image: &img acme/a:1}', '- {name: sc, image: *img }'),
    container: 'sc',
    image: 'acme/a:2',
    line: ['      - {name: sc, image: *img }', '      - {name: sc, image: acme/a:2 }'],
  },
  {
    name: 'YAML-26 an image from a merge key is overridden',
    text: `x: &base\n  image: acme/a:1\n${bot('containers:', '- name: app', '  <<: *base')}`,
    container: 'app',
    image: 'acme/a:2',
    line: [null, '        image: acme/a:2'],
  },
  {
    name: 'YAML-28 items deeper than their key stay there',
    text: bot('containers:', '    - name: a', '      image: x:1'),
    container: 'a',
    image: 'x:2',
    line: ['            image: x:1', '            image: x:2'],
  },
  {
    name: 'YAML-29 blocks and odd scalars keep their text',
    text: `odd: [0777, 1.10, yes, 1e3, 0xFF, 2001-01-01, ~]\na: |\n  x:1\nb: >-\n  image: x:1\n${bot('containers:', '-   name: a', '    image: x:1')}`,
    container: 'a',
    image: 'x:2',
    line: ['          image: x:1', '          image: x:2'],
  },
  {
    name: 'YAML-31, YAML-32 comments before the first document, and empty documents, stay',
    text: `# c\n---\n---\n${bot('containers:', '- name: a', '  image: x:1')}---\n---\n# end\n`,
    container: 'a',
    image: 'x:2',
    line: ['        image: x:1', '        image: x:2'],
  },
];

describe('of a manifest whose image changes, one line changes', () => {
  test.each(CASES)('$name', async ({ text, id = BOT, container, image, line: [before, after] }) => {
    const lines = text.split('\n');
    const at = before === null ? lines.findLastIndex((line) => line !== '') + 1 : lines.indexOf(before);
    expect(at).toBeGreaterThan(0);
    const expected = lines.toSpliced(at, before === null ? 0 : 1, after).join('\n');
    const result = await edited(text, id, container, image);
    expect(result).toBe(expected);
    expect(await imageOf(result, id, container)).toBe(image);
  });

  test.each(CASES)('$name (YAML-22: with line ends of Windows)', async ({ text, id = BOT, container, image }) => {
    const result = await edited(text.replaceAll('\n', '\r\n'), id, container, image);
    expect(result).toBe((await edited(text, id, container, image)).replaceAll('\n', '\r\n'));
    expect(await imageOf(result, id, container)).toBe(image);
  });

  test('YAML-7 keys in odd order and a comment behind; one container after the other', async () => {
    const text = bot(
      'containers:',
      '- ports:',
      '  - containerPort: 80',
      '  image: httpd',
      '  name: web',
      '- image: httpd:a-long-old-tag # why it is',
      '  name: web2',
    );
    const first = await edited(text, BOT, 'web', 'httpd:2.4-alpine');
    expect(await edited(first, BOT, 'web2', 'httpd:2.4-alpine')).toBe(
      text.replace('image: httpd\n', 'image: httpd:2.4-alpine\n').replace('httpd:a-long-old-tag #', 'httpd:2.4-alpine #'),
    );
  });
});

test('YAML-19 a container that is not there is refused', async () => {
  const text = bot('containers:', '- {name: b, image: x:1}');
  await expect(edited(text, BOT, 'bot', 'x:2')).rejects.toThrow('container bot of deployment/bot not found in the file');
});

test('YAML-20 an object that is not there any more is refused', () => {
  const text = bot('containers:', '- {name: bot, image: x:1}');
  expect(() => editContainerImage(text, { document: 1, kind: 'Deployment', name: 'gone' }, 'bot', 'x:2')).toThrow(
    'deployment/gone not found in the file',
  );
});

test('YAML-34 an object that is there twice is not known by its id, so that nothing edits one of the two', async () => {
  const text = `${bot('containers:', '- {name: bot, image: x:1}')}---\n${bot('containers:', '- {name: bot, image: x:2}')}`;
  const source = {
    files: async () => [{ path: 'a.yaml', mode: '100644', blob: 'b', size: text.length }],
    blob: async () => Buffer.from(text),
    acceptedBefore: async () => undefined,
  };
  const reader = createRepositoryReader(source, createManifests(), { idOf, namesBy: () => idOf });
  const { manifests, workloads } = await reader.read('r-1');
  expect([manifests.size, workloads.size]).toEqual([0, 0]);
});
