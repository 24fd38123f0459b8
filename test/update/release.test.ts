import { describe, expect, test } from 'vitest';
import { planUpdate, type ReleaseImageSpec, type UpdateResult } from '../../src/update/index.ts';
import { contextOf, type World, workload } from './world.ts';

const ID = (name: string, kind = 'deployment') => `default:${kind}/${name}`;
const hello = workload('Deployment', 'hello', {
  containers: [
    ['greet', 'quay.io/acme/hello:m-1'],
    ['side', 'acme/side:m-1'],
  ],
});
const frozen = workload('Deployment', 'frozen', {
  annotations: { 'fluxcd.io/locked': 'true' },
  containers: [['frozen', 'quay.io/acme/frozen:1']],
});
const lonely = workload('Deployment', 'lonely', { containers: [['lonely', 'quay.io/acme/lonely:1']] });
const multi = workload('Deployment', 'multi', { containers: [['multi', 'quay.io/acme/hello:m-1']] });
const service = workload('Service', 'multi', {});
const sv = workload('Deployment', 'sv', {
  annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.greet': 'semver:*' },
  containers: [['greet', 'quay.io/acme/hello:2.0.0']],
});
const init = workload('DaemonSet', 'init', { initContainers: [['greet', 'quay.io/acme/hello:m-1']] });

const repository: World = {
  files: {
    'hello.yaml': hello.text,
    'frozen.yaml': frozen.text,
    'lonely.yaml': lonely.text,
    'multi.yaml': `${service.text}---\n${multi.text}---\n# end\n`,
    'sv.yaml': sv.text,
    'init.yaml': init.text,
  },
  manifests: {
    [ID('hello')]: { file: 'hello.yaml', object: hello.object },
    [ID('frozen')]: { file: 'frozen.yaml', object: frozen.object },
    [ID('lonely')]: { file: 'lonely.yaml', object: lonely.object },
    [ID('multi', 'service')]: { file: 'multi.yaml', document: 1, object: service.object },
    [ID('multi')]: { file: 'multi.yaml', document: 2, object: multi.object },
    [ID('sv')]: { file: 'sv.yaml', object: sv.object },
    [ID('init', 'daemonset')]: { file: 'init.yaml', object: init.object },
  },
  running: [ID('hello'), ID('frozen')],
  registry: {
    'quay.io/acme/hello': {
      'm-1': { createdAt: 100 },
      'm-2': { createdAt: 200 },
      '2.0.0': { createdAt: 20 },
      '3.0.0': { createdAt: 30 },
    },
    'index.docker.io/acme/side': { 'm-1': { createdAt: 100 }, 'm-2': { createdAt: 200 } },
    'quay.io/acme/frozen': { '1': { createdAt: 100 }, '2': { createdAt: 200 } },
  },
};

const spec = (given: Partial<ReleaseImageSpec>): ReleaseImageSpec => ({
  ServiceSpecs: ['<all>'],
  ImageSpec: '<all latest>',
  Kind: 'execute',
  Excludes: null,
  Force: false,
  ...given,
});
const release = (given: Partial<ReleaseImageSpec>, world: Partial<World> = {}) =>
  planUpdate({ type: 'image', cause: { Message: '', User: '' }, spec: spec(given) }, contextOf({ ...repository, ...world }));

/** `success greet m-1>m-2`, `skipped locked`. */
const brief = (result: UpdateResult) =>
  Object.fromEntries(
    Object.entries(result).map(([id, { Status, Error: reason, PerContainer }]) => [
      id.replace('default:', '').replace('deployment/', ''),
      [
        Status,
        reason,
        ...(PerContainer ?? []).map(({ Container, Current, Target }) => `${Container} ${tag(Current)}>${tag(Target)}`),
      ]
        .filter(Boolean)
        .join(' '),
    ]),
  );
const tag = (image: string) => image.replace(/^.*:/, '');
const rest = (status: string, ...except: string[]) =>
  Object.fromEntries(
    ['hello', 'frozen', 'lonely', 'multi', 'sv', 'daemonset/init']
      .filter((name) => !except.includes(name))
      .map((name) => [name, status]),
  );
const UPDATED = 'success greet m-1>m-2 side m-1>m-2';
const ABSENT = 'skipped not accessible in cluster';

describe('a release by image', () => {
  test.each<[string, Partial<ReleaseImageSpec>, Partial<World>, Record<string, string>]>([
    ['REL-1: of one workload', { ServiceSpecs: [ID('hello')] }, {}, { hello: UPDATED, ...rest('ignored not included', 'hello') }],
    [
      'REL-2: of all but one',
      { Excludes: [ID('frozen')] },
      {},
      { hello: UPDATED, frozen: 'ignored excluded', ...rest(ABSENT, 'hello', 'frozen') },
    ],
    [
      'REL-4: of all, a locked one among them',
      {},
      {},
      { hello: UPDATED, frozen: 'skipped locked', ...rest(ABSENT, 'hello', 'frozen') },
    ],
    [
      'REL-5: of one and all, which is all',
      { ServiceSpecs: [ID('hello'), '<all>'] },
      {},
      { hello: UPDATED, frozen: 'skipped locked', ...rest(ABSENT, 'hello', 'frozen') },
    ],
    [
      'REL-7: of an init container',
      { ServiceSpecs: [ID('init', 'daemonset')] },
      { running: [ID('init', 'daemonset')] },
      { 'daemonset/init': 'success greet m-1>m-2', ...rest('ignored not included', 'daemonset/init') },
    ],
    [
      'REL-10: where the registry knows nothing of the image',
      { ServiceSpecs: [ID('lonely')] },
      { running: [ID('lonely')] },
      { lonely: 'ignored does not use image(s)', ...rest('ignored not included', 'lonely') },
    ],
    [
      'REL-11: where nothing is newer',
      { ServiceSpecs: [ID('hello')] },
      {
        registry: { 'quay.io/acme/hello': { 'm-1': { createdAt: 1 } }, 'index.docker.io/acme/side': { 'm-1': { createdAt: 1 } } },
      },
      { hello: 'skipped image(s) up to date', ...rest('ignored not included', 'hello') },
    ],
    [
      'REL-13: forced, but of all workloads: locks hold',
      { Force: true, ImageSpec: 'quay.io/acme/frozen:2' },
      {},
      { hello: 'ignored a different image', frozen: 'skipped locked', ...rest(ABSENT, 'hello', 'frozen') },
    ],
    [
      'REL-14: forced on a locked workload',
      { Force: true, ServiceSpecs: [ID('frozen')] },
      {},
      { frozen: 'success frozen 1>2', ...rest('ignored not included', 'frozen') },
    ],
    [
      'REL-16: forced, of a tag that the pattern does not want',
      { Force: true, ServiceSpecs: [ID('sv')], ImageSpec: 'quay.io/acme/hello:m-2' },
      { running: [ID('sv')] },
      { sv: 'success greet 2.0.0>m-2', ...rest('ignored not included', 'sv') },
    ],
    [
      'REL-17: forced, of all, likewise',
      { Force: true, ImageSpec: 'quay.io/acme/hello:m-2' },
      { running: [ID('sv')] },
      { sv: 'success greet 2.0.0>m-2', ...rest(ABSENT, 'sv') },
    ],
    [
      'REL-19: forced, all latest: the pattern holds',
      { Force: true },
      { running: [ID('sv')] },
      { sv: 'success greet 2.0.0>3.0.0', ...rest(ABSENT, 'sv') },
    ],
    [
      'REL-20: of a tag that the pattern does not want',
      { ServiceSpecs: [ID('sv')], ImageSpec: 'quay.io/acme/hello:m-2' },
      { running: [ID('sv')] },
      { sv: 'skipped cannot find one or more images', ...rest('ignored not included', 'sv') },
    ],
    [
      'REL-23: where tags have not been read',
      { ServiceSpecs: [ID('hello')] },
      {
        registry: {
          ...repository.registry,
          'index.docker.io/acme/side': { 'm-1': { createdAt: 1 }, 'm-2': null },
          'quay.io/acme/hello': { 'm-1': { createdAt: 1 }, x: null },
        },
      },
      { hello: 'skipped cannot find one or more images', ...rest('ignored not included', 'hello') },
    ],
    [
      'REL-25: of a workload ignored in the cluster',
      { ServiceSpecs: [ID('hello')] },
      {
        running: [
          {
            id: ID('hello'),
            containers: [{ name: 'greet', image: 'quay.io/acme/hello:m-1' }],
            annotations: { 'fluxcd.io/ignore': 'true' },
          },
        ],
      },
      { hello: 'skipped ignore', ...rest('ignored not included', 'hello') },
    ],
    [
      'of a workload that the repository does not have',
      { ServiceSpecs: [ID('nosuch')] },
      {},
      { nosuch: 'skipped not found in repository', ...rest('ignored not included') },
    ],
    [
      'of an older tag, because somebody asks for it',
      { ServiceSpecs: [ID('hello')], ImageSpec: 'quay.io/acme/hello:2.0.0' },
      {},
      { hello: 'success greet m-1>2.0.0', ...rest('ignored not included', 'hello') },
    ],
    [
      'of a workload with an image that is none',
      { ServiceSpecs: [ID('hello')] },
      { running: [{ id: ID('hello'), containers: [{ name: 'other', image: 'a:b:c' }], annotations: {} }] },
      {
        hello: 'failed expected image name as either <image>:<tag> or just <image>: invalid image ID',
        ...rest('ignored not included', 'hello'),
      },
    ],
  ])('%s', async (_name, given, world, expected) => {
    const { result } = await release(given, world);
    expect(brief(result)).toEqual(expected);
  });

  test('changes only the tags, in the form the manifest writes the name (REL-26)', async () => {
    const { edits, changedImages } = await release({ ServiceSpecs: [ID('hello')] });
    const content = hello.text.replace('hello:m-1', 'hello:m-2').replace('acme/side:m-1', 'acme/side:m-2');
    expect(edits).toEqual([{ path: 'hello.yaml', content }]);
    expect(changedImages).toEqual(['acme/side:m-2', 'quay.io/acme/hello:m-2']);
  });

  test('edits the right document of a file (REL-8)', async () => {
    const { edits } = await release({ ServiceSpecs: [ID('multi')] }, { running: [ID('multi')] });
    expect(edits).toEqual([{ path: 'multi.yaml', content: repository.files['multi.yaml']?.replace('m-1', 'm-2') }]);
  });

  test('changes to one file add up', async () => {
    const file = `${hello.text}---\n${init.text}`;
    const { edits } = await release(
      {},
      {
        files: { 'all.yaml': file },
        manifests: {
          [ID('hello')]: { file: 'all.yaml', object: hello.object },
          [ID('init', 'daemonset')]: { file: 'all.yaml', document: 2, object: init.object },
        },
        running: [ID('hello'), ID('init', 'daemonset')],
      },
    );
    expect(edits).toEqual([{ path: 'all.yaml', content: file.replaceAll('m-1', 'm-2') }]);
  });

  test('the image in Git counts, so that a commit the cluster lags behind is not undone', async () => {
    const running = [{ id: ID('hello'), containers: [{ name: 'greet', image: 'quay.io/acme/hello:2.0.0' }], annotations: {} }];
    const { result } = await release({ ServiceSpecs: [ID('hello')], ImageSpec: 'quay.io/acme/hello:m-1' }, { running });
    expect(result[ID('hello')]).toMatchObject({ Status: 'skipped', Error: 'image(s) up to date' });
  });

  test('a digest beside the tag moves with it; the index’s where there is one', async () => {
    const pinned = workload('Deployment', 'pin', {
      containers: [
        ['a', 'quay.io/acme/hello:m-1@sha256:aa'],
        ['b', 'acme/side:m-1@sha256:bb'],
      ],
    });
    const { result, edits } = await release(
      { ServiceSpecs: [ID('pin')] },
      {
        files: { 'pin.yaml': pinned.text },
        manifests: { [ID('pin')]: { file: 'pin.yaml', object: pinned.object } },
        running: [ID('pin')],
        registry: {
          'quay.io/acme/hello': {
            'm-1': { createdAt: 1 },
            'm-2': { createdAt: 2, digest: 'sha256:cc', indexDigest: 'sha256:dd' },
          },
          'index.docker.io/acme/side': { 'm-1': { createdAt: 1 }, 'm-2': { createdAt: 2, digest: 'sha256:ee' } },
        },
      },
    );
    expect(result[ID('pin')]?.PerContainer?.map(({ Target }) => Target)).toEqual([
      'quay.io/acme/hello:m-2@sha256:dd',
      'acme/side:m-2@sha256:ee',
    ]);
    expect(edits[0]?.content).toBe(
      pinned.text.replace('m-1@sha256:aa', 'm-2@sha256:dd').replace('m-1@sha256:bb', 'm-2@sha256:ee'),
    );
  });

  test('an image pinned to a digest alone is left alone, with a reason', async () => {
    const pinned = workload('Deployment', 'pin', { containers: [['a', 'quay.io/acme/hello@sha256:aa']] });
    const { result, edits } = await release(
      { ServiceSpecs: [ID('pin')], ImageSpec: 'quay.io/acme/hello:m-2' },
      {
        files: { 'pin.yaml': pinned.text },
        manifests: { [ID('pin')]: { file: 'pin.yaml', object: pinned.object } },
        running: [ID('pin')],
      },
    );
    expect(result[ID('pin')]).toEqual({
      Status: 'skipped',
      Error: 'image is pinned to a digest without a tag',
      PerContainer: null,
    });
    expect(edits).toEqual([]);
  });

  test.each([
    [
      'REL-22: an image that is not known',
      'quay.io/acme/hello:m-9',
      'image "quay.io/acme/hello:m-9" does not exist: invalid image ID',
    ],
    ['an image without tag', 'busybox', 'blank tag (if you want latest, explicitly state the tag :latest): invalid image ID'],
    ['an image that is none', 'a:b:c', 'expected image name as either <image>:<tag> or just <image>: invalid image ID'],
  ])('is refused: %s', async (_name, ImageSpec, message) => {
    await expect(release({ ImageSpec })).rejects.toMatchObject({ message, fault: 'user' });
  });

  test('asks the registry once more before it calls an image missing', async () => {
    const context = contextOf(repository);
    const asked = planUpdate(
      { type: 'image', cause: { Message: '', User: '' }, spec: spec({ ImageSpec: 'acme/side:new' }) },
      context,
    );
    await expect(asked).rejects.toThrow('does not exist');
    expect(context.scanned).toEqual(['index.docker.io/acme/side']);
  });

  test('is refused when a workload’s name is none', async () => {
    await expect(release({ ServiceSpecs: ['a/b/c'] })).rejects.toThrow('parsing a/b/c: invalid service ID');
  });

  test('an edit that fails names object and place, and commits nothing (REL-29)', async () => {
    const asked = release({ ServiceSpecs: [ID('hello')] }, { files: { 'hello.yaml': 'kind: Deployment\n' } });
    await expect(asked).rejects.toMatchObject({
      message: expect.stringMatching(
        /^applying changes: updating resource default:deployment\/hello in hello\.yaml:1 \(document 1\): /,
      ),
      fault: 'user',
      help: expect.stringMatching(/^The release process failed, with this message:/),
    });
  });
});
