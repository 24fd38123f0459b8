import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { ImageInfo } from '../../src/image/index.ts';
import { type ImageLookup, planUpdate, type ReleaseImageSpec, type UpdateSpec } from '../../src/update/index.ts';
import { brief } from './brief.ts';
import { repositoryOf } from './repository.ts';
import { contextOf, type World, workload } from './world.ts';

const ID = (name: string, kind = 'deployment') => `default:${kind}/${name}`;
const hello = workload('Deployment', 'hello', {
  containers: [
    ['greet', 'quay.io/acme/hello:m-1'],
    ['side', 'acme/side:m-1'],
  ],
});
const ignored = workload('Deployment', 'ignored', {
  annotations: { 'fluxcd.io/ignore': 'true' },
  containers: [['greet', 'quay.io/acme/hello:m-1']],
});
const automated = (also: Record<string, string> = {}) =>
  workload('Deployment', 'hello', {
    annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.greet': 'glob:m-*', ...also },
    containers: [['greet', 'quay.io/acme/hello:m-2']],
  });
const init = workload('DaemonSet', 'init', { initContainers: [['greet', 'quay.io/acme/hello:m-1']] });

const repository: World = {
  files: {
    'hello.yaml': hello.text,
    'init.yaml': init.text,
  },
  manifests: {
    [ID('hello')]: { file: 'hello.yaml', object: hello.object },
    [ID('init', 'daemonset')]: { file: 'init.yaml', object: init.object },
  },
  running: [ID('hello')],
  registry: {
    'quay.io/acme/hello': {
      'm-1': { createdAt: 100 },
      'm-2': { createdAt: 200 },
      '2.0.0': { createdAt: 20 },
    },
    'index.docker.io/acme/side': { 'm-1': { createdAt: 100 }, 'm-2': { createdAt: 200 } },
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

const rest = (status: string, ...except: string[]) =>
  Object.fromEntries(['hello', 'init'].filter((name) => !except.includes(name)).map((name) => [name, status]));

describe('a release by image', () => {
  test.each<[string, Partial<ReleaseImageSpec>, Partial<World>, Record<string, string>]>([
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
      'of latest, because somebody names it and no pattern says otherwise',
      { ServiceSpecs: [ID('hello')], ImageSpec: 'quay.io/acme/hello:latest' },
      { registry: { 'quay.io/acme/hello': { 'm-1': { createdAt: 100 }, latest: { createdAt: 1 } } } },
      { hello: 'success greet m-1>latest', ...rest('ignored not included', 'hello') },
    ],
    [
      'of a workload that the cluster says to ignore under the old prefix',
      { ServiceSpecs: [ID('hello')] },
      { running: [{ id: ID('hello'), containers: [], annotations: { 'flux.weave.works/ignore': 'true' } }] },
      { hello: 'skipped ignore', ...rest('ignored not included', 'hello') },
    ],
    [
      'of a workload that Git alone says to ignore',
      {},
      {
        files: { 'ignored.yaml': ignored.text },
        manifests: { [ID('ignored')]: { file: 'ignored.yaml', object: ignored.object } },
        running: [ID('ignored')],
      },
      { ignored: 'skipped ignore' },
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

  const undone = 'automation will update greet to m-2 again; deautomate or lock the workload to keep what is released';

  test.each<[string, Record<string, string>, string | undefined]>([
    ['is automated', {}, undone],
    ['is automated and locked', { 'fluxcd.io/locked': 'true' }, undefined],
    ['is not automated', { 'fluxcd.io/automated': 'false' }, undefined],
    ['follows tags that have nothing newer', { 'fluxcd.io/tag.greet': 'glob:m-1' }, undefined],
  ])('to an older tag says that automation will undo it, where the workload %s', async (_name, annotations, expected) => {
    const hello = automated(annotations);
    const world = {
      ...repository,
      files: { 'hello.yaml': hello.text },
      manifests: { [ID('hello')]: { file: 'hello.yaml', object: hello.object } },
    };
    const given = spec({ ServiceSpecs: [ID('hello')], ImageSpec: 'quay.io/acme/hello:m-1', Force: true });
    const cause = { Message: '', User: '' };
    const byImage = await planUpdate({ type: 'image', cause, spec: given }, contextOf(world));
    expect(byImage.result[ID('hello')]).toMatchObject({
      Status: 'success',
      ...(expected === undefined ? {} : { Error: expected }),
    });
    expect(byImage.result[ID('hello')]?.Error).toBe(expected);
    const ContainerSpecs = { [ID('hello')]: [{ Container: 'greet', Target: 'quay.io/acme/hello:m-1' }] };
    const chosen = { Kind: 'execute', ContainerSpecs, SkipMismatches: false, Force: true };
    const byContainer = await planUpdate({ type: 'containers', cause, spec: chosen }, contextOf(world));
    expect(byContainer.result).toEqual(byImage.result);
  });

  test.each<[string, string, string, Readonly<Record<string, Partial<ImageInfo> | null>>, string]>([
    [
      'the list lacks the newest',
      'glob:*',
      '1.0.59',
      { '1.0.49': { createdAt: 49 } },
      'skipped the creation time of tag 1.0.59 is unknown, so it is unknown whether 1.0.49 is newer; name the image to release it',
    ],
    [
      'the newest is older by time',
      'glob:*',
      '2',
      { '1': { createdAt: 1 }, '2': { createdAt: 2, error: new FluxError('unreadable', { code: 'registry/unreadable' }) } },
      'skipped newest matching tag 1 is not newer than 2; name the image to release it',
    ],
    [
      'the list lacks the newest version',
      'semver:*',
      '1.0.59',
      { '1.0.49': {} },
      'skipped newest matching tag 1.0.49 is not newer than 1.0.59; name the image to release it',
    ],
    [
      'the pattern wants an older version',
      'semver:~1.0',
      '1.1.0',
      { '1.0.49': {}, '1.1.0': {} },
      'skipped newest matching tag 1.0.49 is not newer than 1.1.0; name the image to release it',
    ],
    ['the image has no tag', 'semver:*', '', { '1.0.49': {} }, 'success greet quay.io/acme/hello>1.0.49'],
    ['the tag is no version', 'semver:*', 'main', { '1.0.49': {} }, 'success greet main>1.0.49'],
  ])('of the latest images goes to no older one: %s', async (_name, pattern, tag, tags, expected) => {
    const older = workload('Deployment', 'hello', {
      annotations: { 'fluxcd.io/tag.greet': pattern },
      containers: [['greet', `quay.io/acme/hello${tag === '' ? '' : `:${tag}`}`]],
    });
    const { result } = await release(
      { ServiceSpecs: [ID('hello')] },
      {
        files: { 'hello.yaml': older.text },
        manifests: { [ID('hello')]: { file: 'hello.yaml', object: older.object } },
        registry: { 'quay.io/acme/hello': tags },
      },
    );
    expect(brief(result)).toEqual({ hello: expected });
  });

  test.each([
    ['<all latest>', false, 'skipped invalid tag pattern: "semver:x.y"'],
    ['quay.io/acme/hello:m-2', false, 'skipped invalid tag pattern: "semver:x.y"'],
    ['quay.io/acme/hello:m-2', true, 'success greet m-1>m-2'],
  ])('of %s where the pattern is invalid, with force %j', async (ImageSpec, Force, expected) => {
    const invalid = workload('Deployment', 'hello', {
      annotations: { 'fluxcd.io/tag.greet': 'semver:x.y' },
      containers: [['greet', 'quay.io/acme/hello:m-1']],
    });
    const { result } = await release(
      { ServiceSpecs: [ID('hello')], ImageSpec, Force },
      { files: { 'hello.yaml': invalid.text }, manifests: { [ID('hello')]: { file: 'hello.yaml', object: invalid.object } } },
    );
    expect(brief(result)).toEqual({ hello: expected });
  });

  describe('with a tag filter', () => {
    const world = {
      files: { 'hello.yaml': automated({ 'fluxcd.io/ban.greet': '2.1.0', 'fluxcd.io/order.greet': 'numeric:(\\d+)$' }).text },
      manifests: {
        [ID('hello')]: {
          file: 'hello.yaml',
          object: automated({ 'fluxcd.io/ban.greet': '2.1.0', 'fluxcd.io/order.greet': 'numeric:(\\d+)$' }).object,
        },
      },
      registry: {
        'quay.io/acme/hello': { 'm-2': { createdAt: 200 }, '1.9.0': {}, '2.0.0': {}, '2.1.0': {}, '3.0.0': {} },
      },
    };
    const targets = async (given: Partial<ReleaseImageSpec>) =>
      (await release(given, world)).result[ID('hello')]?.PerContainer?.map(({ Target }) => Target);

    test('takes the newest that the filter allows, in its own order; bans hold', async () => {
      expect(await targets({ TagFilter: 'semver:<3' })).toEqual(['quay.io/acme/hello:2.0.0']);
      expect(await targets({ TagFilter: 'semver:~1' })).toEqual(['quay.io/acme/hello:1.9.0']);
    });

    test.each<[string, Partial<ReleaseImageSpec>]>([
      ['that is invalid', { TagFilter: 'semver:x.y' }],
      ['beside a named image', { TagFilter: 'semver:~1', ImageSpec: 'quay.io/acme/hello:2.0.0' }],
    ])('%s is refused', async (_, given) => {
      await expect(release(given, world)).rejects.toMatchObject({ code: 'update/bad-spec', fault: 'user' });
    });
  });

  describe('that pins', () => {
    const DIGEST = `sha256:${'d'.repeat(64)}`;
    const given = (annotations: Record<string, string> = {}) => ({
      files: { 'hello.yaml': automated(annotations).text },
      manifests: { [ID('hello')]: { file: 'hello.yaml', object: automated(annotations).object } },
      registry: { 'quay.io/acme/hello': { '1.9.0': { digest: DIGEST }, '2.0.0': null } },
    });
    const spec = (more: Partial<ReleaseImageSpec>): UpdateSpec => ({
      type: 'image',
      cause: { Message: '', User: '' },
      spec: { ServiceSpecs: [ID('hello')], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: false, ...more },
    });

    test.each<[string, Partial<ReleaseImageSpec>, Record<string, string>, string]>([
      [
        'a named image',
        { PinDigest: true, Force: true, ImageSpec: 'quay.io/acme/hello:1.9.0' },
        {},
        `quay.io/acme/hello:1.9.0@${DIGEST}`,
      ],
      ['by its policy', { TagFilter: 'semver:~1' }, { 'fluxcd.io/pin.greet': 'true' }, `quay.io/acme/hello:1.9.0@${DIGEST}`],
      ['not unless asked', { TagFilter: 'semver:~1' }, { 'fluxcd.io/pin.greet': 'false' }, 'quay.io/acme/hello:1.9.0'],
    ])('%s', async (_name, more, annotations, target) => {
      const { result } = await release(more, given(annotations));
      expect(result[ID('hello')]?.PerContainer?.map(({ Target }) => Target)).toEqual([target]);
    });

    test('reads a digest that is not known yet', async () => {
      const context = contextOf({ ...given(), running: [ID('hello')] });
      const read: string[] = [];
      let scanned = false;
      const images: ImageLookup = {
        repository(name) {
          const known = context.images.repository(name);
          if (!known || !scanned) return known;
          const info = { tag: '2.0.0', digest: DIGEST, labels: {}, fetchedAt: 0 };
          return { ...known, images: new Map([...known.images, ['2.0.0', info]]) };
        },
        readTag: (name, tag) => read.push(`${name}:${tag}`),
        verify: () => undefined,
        verifyNow: async () => undefined,
        async scanNow() {
          scanned = read.length > 0;
        },
      };
      const wanted = spec({ PinDigest: true, TagFilter: 'semver:*' });
      const { result } = await planUpdate(wanted, { ...context, images });
      expect(read).toEqual(['quay.io/acme/hello:2.0.0']);
      expect(result[ID('hello')]?.PerContainer?.map(({ Target }) => Target)).toEqual([`quay.io/acme/hello:2.0.0@${DIGEST}`]);
      const { result: unread } = await planUpdate(wanted, context);
      expect(unread[ID('hello')]).toMatchObject({
        Status: 'skipped',
        Error: expect.stringContaining('digest of tag 2.0.0 is unknown'),
      });
    });
  });

  describe('of a banned image', () => {
    const DIGEST = `sha256:${'b'.repeat(64)}`;
    const advice = (ban: string) => `release it by name with --force, or lift the ban: fluxctl policy --unban=greet=${ban}`;
    const banned = (ban: string, tags: Readonly<Record<string, Partial<ImageInfo> | null>>): World => {
      const app = workload('Deployment', 'hello', {
        annotations: { 'fluxcd.io/ban.greet': ban },
        containers: [['greet', 'quay.io/acme/hello:m-1']],
      });
      return {
        files: { 'hello.yaml': app.text },
        manifests: { [ID('hello')]: { file: 'hello.yaml', object: app.object } },
        running: [ID('hello')],
        registry: { 'quay.io/acme/hello': tags },
      };
    };
    const M1 = { createdAt: 1, digest: 'sha256:aa' };
    const M2 = { createdAt: 2, digest: DIGEST };
    const named = { ServiceSpecs: [ID('hello')], ImageSpec: 'quay.io/acme/hello:m-2' };

    test.each<[string, string, Partial<ReleaseImageSpec>, Readonly<Record<string, Partial<ImageInfo> | null>>, string]>([
      ['is refused', 'm-2', named, { 'm-1': M1, 'm-2': M2 }, `skipped tag m-2 is banned; ${advice('m-2')}`],
      [
        'by digest too',
        `m-0@${DIGEST}`,
        named,
        { 'm-1': M1, 'm-2': M2 },
        `skipped tag m-2 is banned by its digest ${DIGEST}; ${advice(`m-0@${DIGEST}`)}`,
      ],
      ['goes by force', 'm-2', { ...named, Force: true }, { 'm-1': M1, 'm-2': M2 }, 'success greet m-1>m-2'],
      [
        'is refused of all workloads, by force too, as for locks',
        'm-2',
        { ImageSpec: named.ImageSpec, Force: true },
        { 'm-1': M1, 'm-2': M2 },
        `skipped tag m-2 is banned; ${advice('m-2')}`,
      ],
      [
        'is refused where the digest is unknown',
        `@${DIGEST}`,
        named,
        { 'm-1': M1, 'm-2': null },
        'skipped the digest of tag m-2 has not been read, so it is unknown whether it is banned; retry, or release it by name with --force',
      ],
      [
        'is refused where the bans cannot be read',
        'm-2 m-3',
        named,
        { 'm-1': M1, 'm-2': M2 },
        'skipped invalid bans: the text has "m-2 m-3", which is not a tag, tag@sha256:… or @sha256:…; correct fluxcd.io/ban.greet, or release it by name with --force',
      ],
      [
        'is passed over when none is named, by force too',
        'm-3',
        { ServiceSpecs: [ID('hello')], Force: true },
        { 'm-1': M1, 'm-2': M2, 'm-3': { createdAt: 3, digest: 'sha256:cc' } },
        'success greet m-1>m-2',
      ],
      [
        'is the reason when none is named and nothing else is newer',
        'm-2',
        { ServiceSpecs: [ID('hello')] },
        { 'm-1': M1, 'm-2': M2 },
        `skipped tag m-2 is banned; ${advice('m-2')}`,
      ],
    ])('%s', async (_name, ban, given, tags, expected) => {
      const { result } = await release(given, banned(ban, tags));
      expect(brief(result)).toEqual({ hello: expected });
    });

    test.each([
      [false, `skipped tag m-2 is banned; ${advice('m-2')}`],
      [true, 'success greet m-1>m-2'],
    ])('chosen in a menu, with force %j', async (Force, expected) => {
      const ContainerSpecs = { [ID('hello')]: [{ Container: 'greet', Target: 'quay.io/acme/hello:m-2' }] };
      const chosen = { Kind: 'execute', ContainerSpecs, SkipMismatches: false, Force };
      const planned = planUpdate(
        { type: 'containers', cause: { Message: '', User: '' }, spec: chosen },
        contextOf(banned('m-2', { 'm-1': M1, 'm-2': M2 })),
      );
      if (Force) expect(brief((await planned).result)).toEqual({ hello: expected });
      else await expect(planned).rejects.toMatchObject({ message: expect.stringContaining(expected.replace('skipped ', '')) });
    });
  });

  test.each([
    ['goes on with the others', undefined],
    ['is refused whole where all are required', true],
  ] as const)('chosen in a menu, of which one workload is locked by now, %s', async (_, RequireAll) => {
    const locked = workload('DaemonSet', 'init', {
      annotations: { 'fluxcd.io/locked': 'true' },
      initContainers: [['greet', 'quay.io/acme/hello:m-1']],
    });
    const update = [{ Container: 'greet', Current: 'quay.io/acme/hello:m-1', Target: 'quay.io/acme/hello:m-2' }];
    const chosen = {
      ...{ Kind: 'execute', SkipMismatches: false, Force: false, ...(RequireAll ? { RequireAll } : {}) },
      ContainerSpecs: { [ID('hello')]: update, [ID('init', 'daemonset')]: update },
    };
    const context = contextOf({
      ...repository,
      files: { ...repository.files, 'init.yaml': locked.text },
      manifests: { ...repository.manifests, [ID('init', 'daemonset')]: { file: 'init.yaml', object: locked.object } },
      running: [ID('hello'), ID('init', 'daemonset')],
    });
    const planned = planUpdate({ type: 'containers', cause: { Message: '', User: '' }, spec: chosen }, context);
    if (RequireAll)
      await expect(planned).rejects.toMatchObject({
        code: 'update/unsatisfiable',
        message: 'cannot satisfy specs: default:daemonset/init: locked',
      });
    else expect(brief((await planned).result)).toEqual({ hello: 'success greet m-1>m-2', init: 'skipped locked' });
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

  test('of a workload that cannot be edited fails for it alone', async () => {
    const odd = workload('Deployment', 'odd', { containers: [['greet', 'quay.io/acme/hello:m-1']] });
    const files = { ...repository.files, 'odd.yaml': odd.text.replace('quay.io/acme/hello:m-1', '!!int 1') };
    const manifests = { ...repository.manifests, [ID('odd')]: { file: 'odd.yaml', object: odd.object } };
    const { result, edits, failure } = await release({}, { files, manifests, running: [ID('hello'), ID('odd')] });
    expect(edits).toEqual([{ path: 'hello.yaml', content: hello.text.replaceAll('m-1', 'm-2') }]);
    expect(result).toMatchObject({
      [ID('hello')]: { Status: 'success' },
      [ID('odd')]: { Status: 'failed', Error: expect.stringContaining('odd.yaml'), PerContainer: null },
    });
    expect(failure?.message).toMatch(/^applying changes: updating resource default:deployment\/odd in odd.yaml/);
  });

  test('fails with the error of Git when a file cannot be read, and blames no workload', async () => {
    const unreachable = new Error('the mirror is gone');
    const asked = planUpdate(
      { type: 'image', cause: { Message: '', User: '' }, spec: spec({}) },
      { ...contextOf(repository), readFile: () => Promise.reject(unreachable) },
    );
    await expect(asked).rejects.toBe(unreachable);
  });

  test('of workloads of a List that share an image by an anchor changes it once', async () => {
    const item = (name: string, image: string) =>
      `- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: ${name}}\n  spec: {template: {spec: {containers: [{name: greet, image: ${image}}]}}}\n`;
    const list = (tag: string, third: string) =>
      `apiVersion: v1\nkind: List\nitems:\n${item('a', `&i quay.io/acme/hello:${tag}`)}${item('b', '*i')}${item('c', third)}`;
    const context = await repositoryOf(
      { 'list.yaml': list('m-1', '*i') },
      { running: ['a', 'b', 'c'].map((name) => ID(name)), registry: repository.registry },
    );
    const plan = (given: Partial<ReleaseImageSpec>) =>
      planUpdate({ type: 'image', cause: { Message: '', User: '' }, spec: spec(given) }, context);
    expect((await plan({})).edits).toEqual([{ path: 'list.yaml', content: list('m-2', '*i') }]);
    const two = await plan({ ServiceSpecs: [ID('a'), ID('b')] });
    expect(brief(two.result)).toMatchObject({ a: 'success greet m-1>m-2', b: 'success greet m-1>m-2' });
    expect(two.edits[0]?.content).toBe(
      list('m-2', '&i quay.io/acme/hello:m-1')
        .replace('&i quay.io/acme/hello:m-2', 'quay.io/acme/hello:m-2')
        .replace('*i', 'quay.io/acme/hello:m-2'),
    );
  });

  test.each([
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
});
