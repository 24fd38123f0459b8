import { describe, expect, test } from 'vitest';
import type { EditTarget } from '../../src/manifests/index.ts';
import { containersOf } from '../../src/resource/index.ts';
import { editContainerImage } from '../manifests/edit-one.ts';
import { readManifests } from '../update/repository.ts';

const WIKI: EditTarget = { document: 1, kind: 'HelmRelease', name: 'wiki' };

/** The release `blog:helmrelease/wiki` with the lines of its values, and its annotations. */
function release(
  values: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
  apiVersion = 'helm.fluxcd.io/v1',
) {
  const notes = Object.entries(annotations).map(([key, value]) => `    ${key}: ${value}\n`);
  return [
    `apiVersion: ${apiVersion}\nkind: HelmRelease\nmetadata:\n  name: wiki\n  namespace: blog\n`,
    ...(notes.length > 0 ? ['  annotations:\n', ...notes] : []),
    'spec:\n  chart: {git: ssh://git@example.org/charts, path: wiki}\n',
    ...(values.length > 0 ? ['  values:\n', ...values.map((line) => `    ${line}\n`)] : []),
  ].join('');
}

/** `name = image`, in the order of the listing. */
async function found(text: string): Promise<string[]> {
  const [manifest] = await readManifests({ 'wiki.yaml': text });
  return manifest ? containersOf(manifest.object).map(({ name, image }) => `${name} = ${image}`) : ['no manifest'];
}

interface Case {
  readonly id: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finds: readonly string[];
  /** Sets a container's image; the values are then these, in the same lines. */
  readonly set?: readonly [container: string, image: string, values: readonly string[]];
}

const CASES: readonly Case[] = [
  {
    id: 'HR-1',
    name: 'a whole reference at the top',
    values: ['image: acme/wiki:1.2'],
    finds: ['chart-image = acme/wiki:1.2'],
    set: ['chart-image', 'acme/wiki:9', ['image: acme/wiki:9']],
  },
  {
    id: 'HR-2',
    name: 'a tag beside it',
    values: ['image: acme/wiki', 'tag: 1.2-r0'],
    finds: ['chart-image = acme/wiki:1.2-r0'],
    set: ['chart-image', 'acme/wiki:9-r1', ['image: acme/wiki', 'tag: 9-r1']],
  },
  {
    id: 'HR-4',
    name: 'a registry beside it',
    values: ['registry: r.dev', 'image: acme/wiki:1.2-r0'],
    finds: ['chart-image = r.dev/acme/wiki:1.2-r0'],
    set: ['chart-image', 'mirror.dev/acme/wiki:9', ['registry: mirror.dev', 'image: acme/wiki:9']],
  },
  {
    id: 'HR-5',
    name: 'a map of repository and tag',
    values: ['image: {repository: acme/wiki, tag: 1.2-r0}'],
    finds: ['chart-image = acme/wiki:1.2-r0'],
    set: ['chart-image', 'acme/wiki:9-r1', ['image: {repository: acme/wiki, tag: 9-r1}']],
  },
  {
    id: 'HR-7',
    name: 'an image one level down, by the name of its key',
    values: ['misc: {x: "no image"}', 'db: {image: acme/pg, tag: 12-r1}'],
    finds: ['db = acme/pg:12-r1'],
    set: ['db', 'acme/pg:9', ['misc: {x: "no image"}', "db: {image: acme/pg, tag: '9'}"]],
  },
  {
    id: 'HR-8',
    name: 'three fields one level down',
    values: ['db: {registry: r.dev, image: acme/pg, tag: 12-r1}'],
    finds: ['db = r.dev/acme/pg:12-r1'],
    set: ['db', 'mirror.dev/acme/pg:9', ["db: {registry: mirror.dev, image: acme/pg, tag: '9'}"]],
  },
  {
    id: 'HR-10',
    name: 'a map of repository and tag one level down',
    values: ['db:', '  image:', '    repository: acme/pg', '    tag: 12-r1 # the newest'],
    finds: ['db = acme/pg:12-r1'],
    set: ['db', 'acme/pg:9', ['db:', '  image:', '    repository: acme/pg', "    tag: '9' # the newest"]],
  },
  {
    id: 'HR-11',
    name: 'a map of three fields one level down',
    values: ['db: {image: {registry: r.dev, repository: acme/pg, tag: 12-r1}}'],
    finds: ['db = r.dev/acme/pg:12-r1'],
    set: ['db', 'mirror.dev/acme/pg:9', ["db: {image: {registry: mirror.dev, repository: acme/pg, tag: '9'}}"]],
  },
  {
    id: 'HR-13',
    name: 'a map whose repository holds the tag',
    values: ['db: {image: {registry: r.dev, repository: acme/pg:12-r1}}'],
    finds: ['db = r.dev/acme/pg:12-r1'],
    set: ['db', 'mirror.dev/acme/pg:9', ['db: {image: {registry: mirror.dev, repository: acme/pg:9}}']],
  },
  {
    id: 'HR-14',
    name: 'a whole reference where an annotation says',
    annotations: { 'repository.fluxcd.io/pg': 'img' },
    values: ['img: acme/pg:12-r1'],
    finds: ['pg = acme/pg:12-r1'],
    set: ['pg', 'acme/pg:9', ['img: acme/pg:9']],
  },
  {
    id: 'HR-16',
    name: 'an annotation for the registry as well',
    annotations: { 'registry.fluxcd.io/pg': 'host', 'repository.fluxcd.io/pg': 'img' },
    values: ['host: docker.io', 'img: acme/pg:12-r1'],
    finds: ['pg = docker.io/acme/pg:12-r1'],
    set: ['pg', 'docker.io/acme/pg:9', ['host: docker.io', 'img: acme/pg:9']],
  },
  {
    id: 'HR-17',
    name: 'annotations for all three fields',
    annotations: { 'registry.fluxcd.io/pg': 'host', 'repository.fluxcd.io/pg': 'repo', 'tag.fluxcd.io/pg': 'ver' },
    values: ['host: index.docker.io', 'repo: acme/pg', 'ver: 12-r1'],
    finds: ['pg = index.docker.io/acme/pg:12-r1'],
    set: ['pg', 'mirror.dev/acme/db:9-r1', ['host: mirror.dev', 'repo: acme/db', 'ver: 9-r1']],
  },
  {
    id: 'HR-19',
    name: 'paths with dots, several of them, listed by name',
    annotations: {
      'repository.fluxcd.io/b': 'b.pic',
      'repository.fluxcd.io/a': 'a.pic.repo',
      'tag.fluxcd.io/a': 'a.pic.ver',
    },
    values: ['b: {pic: acme/b:2}', 'a:', '  pic: {repo: acme/a, ver: v1}'],
    finds: ['a = acme/a:v1', 'b = acme/b:2'],
    set: ['a', 'acme/a:v2', ['b: {pic: acme/b:2}', 'a:', '  pic: {repo: acme/a, ver: v2}']],
  },
  {
    id: 'HR-20',
    name: 'paths that lead three levels down',
    annotations: {
      'registry.fluxcd.io/z': 'z.nested.deep.host',
      'repository.fluxcd.io/z': 'z.nested.deep.repo',
      'tag.fluxcd.io/z': 'z.nested.deep.ver',
    },
    values: ['z: {nested: {deep: {host: r.dev, repo: acme/z, ver: "1"}}}'],
    finds: ['z = r.dev/acme/z:1'],
    set: ['z', 'r.dev/acme/z:2', ['z: {nested: {deep: {host: r.dev, repo: acme/z, ver: "2"}}}']],
  },
  {
    id: 'HR-22',
    name: 'the image at the top comes first, the others by name',
    values: ['zeta: {image: z:1}', 'image: top:1', 'kappa: {image: k:1}', 'beta: {image: {repository: b, tag: "1"}}'],
    finds: ['chart-image = top:1', 'beta = b:1', 'kappa = k:1', 'zeta = z:1'],
  },
  {
    id: 'HR-23',
    name: 'an annotation wins over the convention of the same name',
    annotations: { 'repository.fluxcd.io/db': 'other' },
    values: ['db: {image: acme/pg:1}', 'other: acme/pg:2'],
    finds: ['db = acme/pg:2'],
    set: ['db', 'acme/pg:3', ['db: {image: acme/pg:1}', 'other: acme/pg:3']],
  },
  {
    id: 'HR-26',
    name: 'exactly one line changes, and what reads as a number is quoted',
    annotations: { 'repository.fluxcd.io/main': 'pg.picture', 'tag.fluxcd.io/main': 'pg.ver' },
    values: [
      'pg:',
      '  picture: localhost:5000/pg',
      '  ver: 13.9-r1',
      '  storage: {enabled: false}',
      'other: {image: side:v1}            # untouched',
    ],
    finds: ['main = localhost:5000/pg:13.9-r1', 'other = side:v1'],
    set: [
      'main',
      'localhost:5000/pg:14.2',
      [
        'pg:',
        '  picture: localhost:5000/pg',
        "  ver: '14.2'",
        '  storage: {enabled: false}',
        'other: {image: side:v1}            # untouched',
      ],
    ],
  },
  {
    id: 'HR-28',
    name: 'a tag that reads as a fraction is quoted',
    values: ['image: acme/web', 'tag: v1'],
    finds: ['chart-image = acme/web:v1'],
    set: ['chart-image', 'acme/web:1.20', ['image: acme/web', "tag: '1.20'"]],
  },
  {
    id: 'HR-29',
    name: 'a tag of digits is quoted',
    values: ['image: acme/web', 'tag: v1'],
    finds: ['chart-image = acme/web:v1'],
    set: ['chart-image', 'acme/web:7654321', ['image: acme/web', "tag: '7654321'"]],
  },
  { id: 'HR-34', name: 'no values, no images', values: [], finds: [] },
  // What the rules say beyond the numbered cases.
  {
    id: 'also',
    name: 'a tag that is a number is not read',
    values: ['image: {repository: x, tag: 5}'],
    finds: ['chart-image = x'],
  },
  {
    id: 'also',
    name: 'a new tag replaces one that is a number, which the chart reads',
    values: ['image: {repository: x, tag: 5}'],
    finds: ['chart-image = x'],
    set: ['chart-image', 'x:v6', ['image: {repository: x, tag: v6}']],
  },
  { id: 'also', name: 'two tags are no image', values: ['image: a/b:1', 'tag: "2"'], finds: [] },
  { id: 'also', name: 'an empty tag is no image', values: ['image: a/b', 'tag: ""'], finds: [] },
  { id: 'also', name: 'an empty registry is no image', values: ['registry: ""', 'image: a/b:1'], finds: [] },
  {
    id: 'also',
    name: 'lists, deeper levels and other shapes are not looked into',
    values: ['a: {b: {image: x:1}}', 'c: [{image: x:1}]', 'd: {image: [x]}', 'e: {image: {name: x}}', 'f: {image: null}'],
    finds: [],
  },
  {
    id: 'also',
    name: 'an annotation whose path leads nowhere leaves the convention in force',
    annotations: { 'repository.fluxcd.io/db': 'other', 'tag.fluxcd.io/db': 'gone.tag', 'tag.fluxcd.io/only': 'db.image' },
    values: ['db: {image: acme/pg:1}', 'other: acme/pg'],
    finds: ['db = acme/pg:1'],
  },
  {
    id: 'also',
    name: 'a host that only begins like the one there is replaces it',
    values: ['registry: r.dev', 'image: acme/wiki', 'tag: v1'],
    finds: ['chart-image = r.dev/acme/wiki:v1'],
    set: ['chart-image', 'r.dev.example/acme/wiki:v1', ['registry: r.dev.example', 'image: acme/wiki', 'tag: v1']],
  },
  {
    id: 'also',
    name: 'a name split in the middle of its path stays split',
    values: ['registry: r.dev/team', 'image: wiki', 'tag: v1'],
    finds: ['chart-image = r.dev/team/wiki:v1'],
    set: ['chart-image', 'r.dev/team/wiki:v2', ['registry: r.dev/team', 'image: wiki', 'tag: v2']],
  },
];

describe('images of a HelmRelease', () => {
  test.each(CASES)('$id: $name', async ({ values, annotations, finds, set }) => {
    const text = release(values, annotations);
    expect(await found(text)).toEqual(finds);
    if (!set) return;
    const [container, image, after] = set;
    const edited = editContainerImage(text, WIKI, container, image);
    expect(edited).toBe(release(after, annotations));
    expect(await found(edited)).toContain(`${container} = ${image}`);
    expect(editContainerImage(edited, WIKI, container, image)).toBe(edited);
  });

  test.each([
    [
      'HR-25: a container that is not there',
      ['image: acme/wiki:1'],
      'db',
      'acme/pg:1',
      'container db of helmrelease/wiki not found',
    ],
    [
      'HR-31: a reference without host where the host has a field',
      ['registry: r.dev', 'image: acme/web', 'tag: x'],
      'chart-image',
      'acme/web:2',
      'does not fit into the fields of container chart-image',
    ],
    ['a reference without tag where the tag has a field', ['image: a', 'tag: x'], 'chart-image', 'a', 'does not fit'],
  ])('%s: refused', (_name, values, container, image, message) => {
    expect(() => editContainerImage(release(values), WIKI, container, image)).toThrow(message);
  });

  test.each(['flux.weave.works/v1beta1', 'helm.fluxcd.io/v1', 'helm.fluxcd.io/v2'])(
    'HR-35: are found by kind, in %s too',
    async (apiVersion) => {
      const text = release(['image: acme/wiki:1.2'], {}, apiVersion);
      expect(await found(text)).toEqual(['chart-image = acme/wiki:1.2']);
      expect(await found(editContainerImage(text, WIKI, 'chart-image', 'acme/wiki:9'))).toEqual(['chart-image = acme/wiki:9']);
    },
  );
});
