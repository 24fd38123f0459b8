import { describe, expect, test } from 'vitest';
import { planUpdate, type ReleaseImageSpec } from '../../src/update/index.ts';
import { brief } from '../update/brief.ts';
import { repositoryOf } from '../update/repository.ts';
import type { World } from '../update/world.ts';

const manifest = (kind: string, name: string, pod: string, annotations = '') => `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
${annotations}spec:
  template:
    spec:
${pod}`;
const one = (name: string, image: string) => `      containers:\n      - name: ${name}\n        image: ${image} # keep\n`;
const annotated = (...lines: string[]) => `  annotations:\n${lines.map((line) => `    ${line}\n`).join('')}`;

const HELLO = 'quay.io/acme/hello:m-1';
const FILES = {
  'hello.yaml': manifest('Deployment', 'hello', `${one('greet', HELLO)}      - {name: side, image: acme/side:m-1}\n`),
  'frozen.yaml': manifest('Deployment', 'frozen', one('frozen', 'quay.io/acme/frozen:1'), annotated("fluxcd.io/locked: 'true'")),
  'lonely.yaml': manifest('Deployment', 'lonely', one('lonely', 'quay.io/acme/lonely:1')),
  'multi.yaml': `apiVersion: v1\nkind: Service\nmetadata: {name: multi}\n---\n${manifest('Deployment', 'multi', one('multi', HELLO))}---\n# end\n`,
  'listed.yaml': `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: listed}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: listed}
  spec: {template: {spec: {containers: [{name: greet, image: quay.io/acme/hello:m-1}]}}}
`,
  'sv.yaml': manifest(
    'Deployment',
    'sv',
    one('greet', HELLO),
    annotated("fluxcd.io/automated: 'true'", "fluxcd.io/tag.greet: 'semver:*'"),
  ),
  'init.yaml': manifest('DaemonSet', 'init', `      initContainers:\n      - {name: greet, image: ${HELLO}}\n`),
};
const REGISTRY: World['registry'] = {
  'quay.io/acme/hello': { '3.0.0': { createdAt: 30 }, 'm-1': { createdAt: 100 }, 'm-2': { createdAt: 200 } },
  'index.docker.io/acme/side': { 'm-1': { createdAt: 100 }, 'm-2': { createdAt: 200 } },
  'quay.io/acme/frozen': { '1': { createdAt: 100 }, '2': { createdAt: 200 } },
};
const ALL = ['hello', 'frozen', 'lonely', 'multi', 'listed', 'sv', 'init'];
const idOf = (name: string) => `default:${name === 'init' ? 'daemonset' : 'deployment'}/${name}`;

type Around = Partial<Pick<World, 'running' | 'registry'>>;

async function release(given: Partial<ReleaseImageSpec>, around: Around = {}, cause = { Message: '', User: '' }) {
  const context = await repositoryOf(FILES, { running: [idOf('hello'), idOf('frozen')], registry: REGISTRY, ...around });
  const spec = { ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false, ...given };
  return planUpdate({ type: 'image', cause, spec }, context);
}

const only = (name: string) => ({ ServiceSpecs: [idOf(name)] });
const running = (...names: string[]) => ({ running: names.map(idOf) });
const UPDATED = 'success greet m-1>m-2 side m-1>m-2';
const ABSENT = 'skipped not accessible in cluster';
const OTHERS = 'ignored not included';

interface Case {
  readonly name: string;
  readonly spec: Partial<ReleaseImageSpec>;
  readonly around?: Around;
  readonly results: Readonly<Record<string, string>>;
  /** Result of all other workloads. */
  readonly rest: string;
}

/** What we say beyond Flux v1. */
const UNDONE = 'automation will update greet to 3.0.0 again; deautomate or lock the workload to keep what is released';

const UNREAD = 'inconsistent repository metadata: missing metadata for image tag "m-2"';

const CASES: readonly Case[] = [
  { name: 'REL-1 of one workload', spec: only('hello'), results: { hello: UPDATED }, rest: OTHERS },
  {
    name: 'REL-2 of all but one',
    spec: { Excludes: [idOf('frozen')] },
    results: { hello: UPDATED, frozen: 'ignored excluded' },
    rest: ABSENT,
  },
  {
    name: 'REL-4 of all, a locked one among them',
    spec: {},
    results: { hello: UPDATED, frozen: 'skipped locked' },
    rest: ABSENT,
  },
  {
    name: 'REL-5 of one and all, which is all',
    spec: { ServiceSpecs: [idOf('hello'), '<all>'] },
    results: { hello: UPDATED, frozen: 'skipped locked' },
    rest: ABSENT,
  },
  {
    name: 'REL-7 of an init container',
    spec: only('init'),
    around: running('init'),
    results: { init: 'success greet m-1>m-2' },
    rest: OTHERS,
  },
  {
    name: 'REL-10 of an image that no registry is known to hold',
    spec: only('lonely'),
    around: running('lonely'),
    results: { lonely: 'ignored does not use image(s)' },
    rest: OTHERS,
  },
  {
    name: 'REL-11 where nothing is newer',
    spec: only('hello'),
    around: {
      registry: { 'quay.io/acme/hello': { 'm-1': { createdAt: 1 } }, 'index.docker.io/acme/side': { 'm-1': { createdAt: 1 } } },
    },
    results: { hello: 'skipped image(s) up to date' },
    rest: OTHERS,
  },
  {
    name: 'REL-13 forced, but of all workloads: locks hold',
    spec: { Force: true, ImageSpec: 'quay.io/acme/frozen:2' },
    results: { hello: 'ignored a different image', frozen: 'skipped locked' },
    rest: ABSENT,
  },
  {
    name: 'REL-14 forced on a locked workload',
    spec: { Force: true, ...only('frozen') },
    results: { frozen: 'success frozen 1>2' },
    rest: OTHERS,
  },
  {
    name: 'REL-16 forced, of a tag that the pattern does not want',
    spec: { Force: true, ImageSpec: 'quay.io/acme/hello:m-2', ...only('sv') },
    around: running('sv'),
    results: { sv: `success ${UNDONE} greet m-1>m-2` },
    rest: OTHERS,
  },
  {
    name: 'REL-17 … of all workloads',
    spec: { Force: true, ImageSpec: 'quay.io/acme/hello:m-2' },
    around: running('sv'),
    results: { sv: `success ${UNDONE} greet m-1>m-2` },
    rest: ABSENT,
  },
  {
    name: 'REL-19 forced, the newest of each: the pattern holds',
    spec: { Force: true },
    around: running('sv'),
    results: { sv: 'success greet m-1>3.0.0' },
    rest: ABSENT,
  },
  {
    name: 'REL-20 of a tag that the pattern does not want',
    spec: { ImageSpec: 'quay.io/acme/hello:m-2', ...only('sv') },
    around: running('sv'),
    results: { sv: 'skipped cannot find one or more images' },
    rest: OTHERS,
  },
  {
    name: 'REL-23 where nothing is known of some tags',
    spec: only('hello'),
    around: {
      registry: {
        'quay.io/acme/hello': { 'm-1': { createdAt: 1 }, x: null },
        'index.docker.io/acme/side': { 'm-1': { createdAt: 1 }, 'm-2': null },
      },
    },
    results: { hello: `skipped cannot find one or more images: ${UNREAD}` },
    rest: OTHERS,
  },
  {
    name: 'REL-25 of a workload that the cluster says to ignore',
    spec: only('hello'),
    around: {
      running: [
        { id: idOf('hello'), containers: [{ name: 'greet', image: HELLO }], annotations: { 'fluxcd.io/ignore': 'true' } },
      ],
    },
    results: { hello: 'skipped ignore' },
    rest: OTHERS,
  },
];

describe('a release by image', () => {
  test.each(CASES)('$name', async ({ spec, around, results, rest }) => {
    const { result } = await release(spec, around);
    expect(brief(result)).toEqual({ ...Object.fromEntries(ALL.map((name) => [name, rest])), ...results });
  });

  test.each([
    ['REL-8 changes the right document of a file', 'multi', 'multi.yaml'],
    ['REL-8 … and the right item of a List', 'listed', 'listed.yaml'],
    ['REL-26 keeps the names as the manifest writes them', 'hello', 'hello.yaml'],
  ] as const)('%s', async (_name, name, file) => {
    const { edits, changedImages } = await release(only(name), running(name));
    expect(edits).toEqual([{ path: file, content: FILES[file].replaceAll('m-1', 'm-2') }]);
    expect(changedImages).toEqual([...(name === 'hello' ? ['acme/side:m-2'] : []), 'quay.io/acme/hello:m-2']);
  });

  test('REL-22 of an image that no registry is known to hold is refused', async () => {
    await expect(release({ ImageSpec: 'quay.io/acme/hello:m-9' }, { registry: {} })).rejects.toMatchObject({
      message: 'image "quay.io/acme/hello:m-9" does not exist: invalid image ID',
      fault: 'user',
    });
  });

  test('REL-29 that fails says so in the words people know, and what to do', async () => {
    const context = await repositoryOf(FILES, { running: [idOf('hello')], registry: REGISTRY });
    const broken = { ...context, readFile: async () => 'kind: Deployment\nmetadata: {name: hello}\n' };
    const spec = { ServiceSpecs: [idOf('hello')], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false };
    const { result, failure } = await planUpdate({ type: 'image', cause: { Message: '', User: '' }, spec }, broken);
    expect(result[idOf('hello')]).toMatchObject({
      Status: 'failed',
      Error: expect.stringMatching(/^updating resource default:deployment\/hello/),
    });
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^applying changes: updating resource default:deployment\/hello in hello\.yaml/),
      fault: 'user',
      help: expect.stringMatching(/^The release process failed, with this message:/),
    });
  });

  test.each<[string, Partial<ReleaseImageSpec>, string]>([
    ['REL-31 of all', {}, 'Release all latest to all'],
    [
      'REL-32 of one image to two workloads',
      { ImageSpec: 'quay.io/acme/hello:m-2', ServiceSpecs: [idOf('hello'), idOf('multi')] },
      'Release quay.io/acme/hello:m-2 to default:deployment/hello, default:deployment/multi',
    ],
  ])('%s names image and workloads in the commit', async (_name, spec, message) => {
    expect((await release(spec)).message).toBe(message);
  });
});
