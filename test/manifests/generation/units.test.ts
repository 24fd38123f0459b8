import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatPlace, type Manifest } from '../../../src/resource/index.ts';
import {
  configMap,
  deployment,
  type Files,
  generating,
  lines,
  openShop,
  patching,
  revisionOf,
  type Shop,
  type ShopOptions,
  withEdits,
} from './shop.ts';

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});
function open(options: Parameters<typeof openShop>[0] = {}): Shop {
  const shop = openShop(options);
  shops.push(shop);
  return shop;
}

async function read(files: Files, options: ShopOptions = {}) {
  const shop = open(options);
  const { files: listed, blob } = revisionOf(files);
  return { shop, state: await shop.manifests.read(listed, blob) };
}

const names = (manifests: readonly Manifest[]) => manifests.map(({ object }) => object.metadata.name);

describe('how a revision is divided', () => {
  const printing = generating('pwd >&2; cat here.txt');
  const here = (name: string) => ({ [`${name}/here.txt`]: configMap(`in-${name.replaceAll('/', '-')}`) });
  test.each<[string, Files, readonly string[], readonly (readonly [string, string])[]]>([
    [
      'no config anywhere: plain files',
      { 'one/two/a.yaml': configMap('a') },
      ['one/two'],
      [['a', 'one/two/a.yaml:1 (document 1)']],
    ],
    [
      'a config at the root, commands in the path',
      { '.flux.yaml': printing, ...here('one/two/three') },
      ['one/two/three'],
      [['in-one-two-three', 'one/two/three/../../../.flux.yaml (output, document 1)']],
    ],
    [
      'the nearest config wins',
      { '.flux.yaml': generating('false'), 'one/.flux.yaml': printing, ...here('one/two') },
      ['./one/two/'],
      [['in-one-two', 'one/two/../.flux.yaml (output, document 1)']],
    ],
    [
      'a path that is a config',
      { 'one/two/.flux.yaml': printing, '.flux.yaml': generating('false'), ...here('one/two') },
      ['one/two/.flux.yaml'],
      [['in-one-two', 'one/two/.flux.yaml (output, document 1)']],
    ],
    [
      'a path that is another file',
      { '.flux.yaml': generating('false'), 'a.yaml': configMap('a') },
      ['a.yaml'],
      [['a', 'a.yaml:1 (document 1)']],
    ],
    [
      'one config for two paths, and plain files',
      { 'envs/.flux.yaml': printing, ...here('envs/a'), ...here('envs/b'), 'common/c.yaml': configMap('c') },
      ['envs/a', 'envs/b', 'common'],
      [
        ['c', 'common/c.yaml:1 (document 1)'],
        ['in-envs-a', 'envs/a/../.flux.yaml (output, document 1)'],
        ['in-envs-b', 'envs/b/../.flux.yaml (output, document 1)'],
      ],
    ],
    [
      'scanForFiles below a config',
      {
        'conf/.flux.yaml': patching('false'),
        'conf/raw/.flux.yaml': 'version: 1\nscanForFiles: {}\n',
        'conf/raw/a.yaml': configMap('a'),
      },
      ['conf/raw'],
      [['a', 'conf/raw/a.yaml:1 (document 1)']],
    ],
    [
      'the root',
      { '.flux.yaml': generating('cat a.yaml'), 'a.yaml': configMap('a') },
      [],
      [['a', './.flux.yaml (output, document 1)']],
    ],
  ])('%s', async (_, files, paths, expected) => {
    const { state } = await read(files, { paths });
    expect(state.errors).toEqual([]);
    expect(state.manifests.map((manifest) => [manifest.object.metadata.name, formatPlace(manifest.place)])).toEqual(expected);
  });

  test('a path that does not exist refuses the revision, since nothing would be left', async () => {
    await expect(read({ 'a.yaml': configMap('a') }, { paths: ['b'] })).rejects.toMatchObject({ code: 'generation/path-missing' });
  });

  test('files that a client sends are read as they are, and nothing is run', async () => {
    const shop = open();
    const { files, blob } = revisionOf({
      '.flux.yaml': generating('cat b.txt'),
      'a.yaml': configMap('a'),
      'b.txt': configMap('b'),
    });
    const state = await shop.manifests.read(files, blob, { keep: false, asFiles: true });
    expect(names(state.manifests)).toEqual(['a']);
    expect(shop.runs).toEqual([]);
  });
});

describe('what commands print (S-042)', () => {
  test('each output is a stream of its own', async () => {
    const { state } = await read({ '.flux.yaml': generating('cat a', 'cat b'), a: configMap('a').trimEnd(), b: configMap('b') });
    expect(names(state.manifests)).toEqual(['a', 'b']);
    expect(state.units).toEqual(['./.flux.yaml']);
  });

  test('commands see the variables that they may, and no others', async () => {
    process.env.GENERATION_SECRET = 'x';
    const print =
      'echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {seen: \\"$CLUSTER-$GENERATION_SECRET\\"}}"';
    const { state } = await read({ '.flux.yaml': generating(print) }, { environment: { CLUSTER: 'eu' } });
    expect(state.manifests[0]?.object.data).toEqual({ seen: 'eu-' });
  });

  test.each<[string, string, string, string]>([
    [
      'fails',
      'echo lost >&2; exit 3',
      'generation/command-failed',
      'command "echo lost >&2; exit 3" from file "../.flux.yaml": exit status 3\nerror output:\nlost',
    ],
    ['hides its failure in a pipe', 'false | cat', 'generation/empty-output', 'printed no manifest'],
    ['prints comments', 'echo "# nothing"', 'generation/empty-output', 'printed no manifest'],
    ['is killed', 'kill -9 $$', 'generation/command-failed', 'signal: SIGKILL'],
  ])('a unit that %s is named, and the others are read', async (_, command, code, message) => {
    const { state } = await read(
      {
        '.flux.yaml': generating('cat good.txt 2>/dev/null || true', command),
        'bad/x': '',
        'plain/a.yaml': configMap('a'),
        'plain/.flux.yaml': 'version: 1\nscanForFiles: {}\n',
      },
      { paths: ['bad', 'plain'] },
    );
    expect(names(state.manifests)).toEqual(['a']);
    expect(state.errors).toMatchObject([{ file: '.flux.yaml', error: { code } }]);
    expect(state.errors[0]?.error.message).toContain(message);
    expect(state.errors[0]?.unit).toBe('bad/../.flux.yaml');
    expect(state.unsettled).toBe(true);
    expect(state.units).toEqual(['bad/../.flux.yaml']);
  });

  test('later generators do not run after one that failed', async () => {
    const { state } = await read({ '.flux.yaml': generating('exit 1', 'echo second >&2; exit 2') });
    expect(state.errors[0]?.error.message).toContain('exit status 1');
  });

  test('values that commands received are not shown', async () => {
    const { state } = await read(
      { '.flux.yaml': generating('echo "token $TOKEN and https://u:hunter22@host/" >&2; exit 1') },
      { environment: { TOKEN: 'very-secret' } },
    );
    expect(state.errors[0]?.error.message).toContain('token *** and https://u:***@host/');
  });

  test('a broken document and a broken config affect nothing else', async () => {
    const { state } = await read(
      {
        'a/.flux.yaml': generating('cat a; echo ---; echo "a: ["'),
        'a/a': configMap('a'),
        'b/.flux.yaml': 'version: 2\n',
        'c/c.yaml': configMap('c'),
      },
      { paths: ['a', 'b', 'c'] },
    );
    expect(names(state.manifests)).toEqual(['c', 'a']);
    expect(state.errors.map(({ file, document }) => [file, document])).toEqual([
      ['b/.flux.yaml', undefined],
      ['a/.flux.yaml', 2],
    ]);
    expect(state.units).toEqual(['b/.flux.yaml', 'a/.flux.yaml']);
  });

  test('a unit runs once for a commit, and twice the first time, which shows what changes by itself', async () => {
    const files = {
      '.flux.yaml': generating(
        'cat a; echo ---; echo "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {at: \\"$(cat /proc/sys/kernel/random/uuid)\\"}}"',
      ),
      a: configMap('a'),
    };
    const { shop, state } = await read(files);
    expect(shop.runs).toHaveLength(2);
    expect(state.warnings.map(({ error }) => error.message)).toEqual([
      'its output changes without a commit: configmap/b data.at',
    ]);
    const { files: listed, blob } = revisionOf(files);
    expect((await shop.manifests.read(listed, blob)).manifests).toBe(state.manifests);
    expect(shop.runs).toHaveLength(2);
    const next = revisionOf({ ...files, a: configMap('a', 'other') });
    await shop.manifests.read(next.files, next.blob);
    expect(shop.runs).toHaveLength(3);
    // The revision before is compared with, and was kept.
    await shop.manifests.read(listed, blob, { keep: false });
    expect(shop.runs).toHaveLength(3);
  });

  test('a command has the time of a sync at most, and then other units theirs; it is tried again after ten minutes', async () => {
    let now = 0;
    const shop = open({ clock: { monotonic: () => now }, timeoutMs: 300, paths: ['a', 'b'] });
    const { files, blob } = revisionOf({
      'a/.flux.yaml': generating('sleep 60').replace('sleep 60"', 'sleep 60"\n    timeout: 50s'),
      'b/b.yaml': configMap('b'),
    });
    const state = await shop.manifests.read(files, blob);
    expect(names(state.manifests)).toEqual(['b']);
    expect(state.errors[0]?.error.message).toContain('context deadline exceeded (after 0.3 s)');
    for (const [at, runs] of [
      [599_000, 1],
      [601_000, 2],
    ] as const) {
      now = at;
      await shop.manifests.read(files, blob);
      expect(shop.runs).toHaveLength(runs);
    }
  });

  test('a second run that fails is a warning, also at later commits', async () => {
    const once = 'cat a; mkdir "$MARK" 2>/dev/null';
    const mark = join(mkdtempSync(join(tmpdir(), 'flux-mark-')), 'mark');
    const files = { '.flux.yaml': generating(once), a: configMap('a') };
    const { shop, state } = await read(files, { environment: { MARK: mark } });
    expect(names(state.manifests)).toEqual(['a']);
    expect(state.warnings.map(({ error }) => error.code)).toEqual(['generation/command-failed']);
    rmSync(mark, { recursive: true });
    const next = revisionOf({ ...files, b: '' });
    expect((await shop.manifests.read(next.files, next.blob)).warnings).toHaveLength(1);
  });

  test('a failure is remembered for a while, and then tried again', async () => {
    let now = 0;
    const shop = open({ clock: { monotonic: () => now } });
    const { files, blob } = revisionOf({ '.flux.yaml': generating('exit 1') });
    for (const [at, runs] of [
      [0, 1],
      [5_000, 1],
      [30_000, 2],
      [35_000, 2],
      [90_000, 3],
    ] as const) {
      now = at;
      await shop.manifests.read(files, blob);
      expect(shop.runs).toHaveLength(runs);
    }
  });
});

describe('patches of what commands print', () => {
  const files = {
    '.flux.yaml': patching('cat web.txt; echo ---; cat map.txt'),
    'web.txt': deployment('web', 'repo/img:s'),
    'map.txt': configMap('map'),
  };

  /** The files after changes of the Deployment. */
  async function edited(
    shop: Shop,
    before: Files,
    ...changes: readonly Parameters<Shop['manifests']['editUnit']>[1][number]['change'][]
  ) {
    let now = before;
    for (const change of changes) {
      const revision = revisionOf(now);
      const { manifests } = await shop.manifests.read(revision.files, revision.blob);
      const manifest = manifests.find(({ object }) => object.metadata.name === 'web');
      if (!manifest) throw new Error('no Deployment');
      const edits = await shop.manifests.editUnit('./.flux.yaml', [{ id: 'default:deployment/web', manifest, change }], {
        ...revision,
        edits: [],
      });
      now = withEdits(now, edits);
    }
    return now;
  }
  const image = (to: string) => ({ kind: 'images' as const, images: new Map([['c', to]]) });
  const annotation = (key: string, value: string | null) => ({
    kind: 'annotations' as const,
    annotations: new Map([[key, value]]),
  });

  test('the first patch is as Flux v1 writes it', async () => {
    const after = await edited(open(), files, image('repo/img:t'), annotation('fluxcd.io/tag.c', 'glob:v-*'));
    expect(after['patch.yaml']).toBe(
      lines(
        '---',
        'apiVersion: apps/v1',
        'kind: Deployment',
        'metadata:',
        '  annotations:',
        '    fluxcd.io/tag.c: glob:v-*',
        '  name: web',
        'spec:',
        '  template:',
        '    spec:',
        '      $setElementOrder/containers:',
        '      - name: c',
        '      containers:',
        '      - image: repo/img:t',
        '        name: c',
      ),
    );
    expect(Object.keys(after)).toHaveLength(4);
  });

  test('it is applied, and later edits change only their place', async () => {
    const shop = open();
    const by = (tag: string) =>
      lines(
        '# by hand',
        'kind: Deployment',
        'apiVersion: apps/v1 # not compared',
        'metadata: { name: web, annotations: { "fluxcd.io/automated": "true" } }',
        'spec:',
        '  template:',
        '    spec:',
        '      containers:',
        `      - { name: c, image: "repo/img:${tag}" } # pinned`,
        '--- # the other',
        'apiVersion: v1',
        'kind: ConfigMap',
        'metadata: { name: map }',
        'data: { key: null, other: b }',
      );
    const before = { ...files, 'patch.yaml': by('t') };
    const revision = revisionOf(before);
    const { manifests } = await shop.manifests.read(revision.files, revision.blob);
    expect(manifests.map(({ object }) => object)).toMatchObject([
      {
        metadata: { annotations: { 'fluxcd.io/automated': 'true' } },
        spec: { template: { spec: { containers: [{ name: 'c', image: 'repo/img:t' }] } } },
      },
      { data: { other: 'b' } },
    ]);
    expect(manifests[1]?.object.data).toEqual({ other: 'b' });
    expect((await edited(shop, before, image('repo/img:u')))['patch.yaml']).toBe(by('u'));
  });

  test('an object keeps its API version and kind, whatever its patch says', async () => {
    const patch = lines('apiVersion: apps/v1beta1', 'kind: deployment', 'metadata: { name: web }', 'spec: { replicas: 3 }');
    const { state } = await read({ ...files, 'patch.yaml': patch });
    expect(state.manifests[0]?.object).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 3 } });
  });

  describe('a change that has no place in the patch of a person is added to it', () => {
    const two = lines(
      'apiVersion: apps/v1',
      'kind: Deployment',
      'metadata: { name: web, annotations: { owner: shop } }',
      'spec:',
      '  replicas: 3',
      '  template:',
      '    spec:',
      '      containers:',
      '      - { name: c, image: "repo/img:s" }',
      '      - { name: side, image: "repo/side:s" }',
    );
    const head = ['# ours', 'apiVersion: apps/v1beta2', 'kind: Deployment', 'metadata: # of us', '  name: web'];
    const pod = (...list: readonly string[]) => ['spec:', '  replicas: 3 # pinned', '  template:', '    spec:', ...list];
    const other = ['--- # other', 'kind: ConfigMap', 'metadata: { name: map } # it'];
    const containers = (...list: readonly string[]) => ['      containers: # all', ...list];
    const side = ['      - name: side # beside', '        command: [a] # once'];

    test.each<[string, readonly string[], Parameters<typeof edited>[2], readonly string[]]>([
      [
        'a path',
        [...head, 'spec:', '  replicas: 3 # pinned', '# end'],
        image('repo/img:t'),
        [...head, ...pod('      containers:', '      - image: repo/img:t', '        name: c'), '# end'],
      ],
      [
        'a path in a document of names',
        head,
        image('repo/img:t'),
        [...head, 'spec:', '  template:', '    spec:', '      containers:', '      - image: repo/img:t', '        name: c'],
      ],
      [
        'the image of a container',
        [...head, ...pod(...containers('      - name: c # first', '        command: [a]', ...side), '      hostNetwork: true')],
        image('repo/img:t'),
        [
          ...head,
          ...pod(
            ...containers('      - name: c # first', '        command: [a]', '        image: repo/img:t', ...side),
            '      hostNetwork: true',
          ),
        ],
      ],
      [
        'the image of a container on one line',
        [...head, ...pod(...containers('      - { name: c, command: [a] } # first'))],
        image('repo/img:t'),
        [...head, ...pod(...containers('      - { name: c, command: [a], image: repo/img:t } # first'))],
      ],
      [
        'a map on one line',
        [...head, 'spec: { replicas: 3 } # pinned'],
        image('repo/img:t'),
        [...head, 'spec: { replicas: 3, template: {spec: {containers: [{image: repo/img:t, name: c}]}} } # pinned'],
      ],
      [
        'a container, which stays first',
        [...head, ...pod(...containers(...side), '      # network', '      hostNetwork: true # yes')],
        image('repo/img:t'),
        [
          ...head,
          ...pod(
            ...containers(...side, '      - image: repo/img:t', '        name: c'),
            '      # network',
            '      hostNetwork: true # yes',
            '      $setElementOrder/containers:',
            '      - name: c',
            '      - name: side',
          ),
        ],
      ],
      [
        'an annotation',
        [...head, ...pod('      hostNetwork: true # yes')],
        annotation('fluxcd.io/locked', 'true'),
        [...head, '  annotations:', "    fluxcd.io/locked: 'true'", ...pod('      hostNetwork: true # yes')],
      ],
      [
        'null for an annotation that is printed, and no longer in the patch',
        [...head, '  annotations: # both', '    owner: us', '    a: b # keep', ...pod('      hostNetwork: true')],
        annotation('owner', null),
        [...head, '  annotations: # both', '    a: b # keep', '    owner: null', ...pod('      hostNetwork: true')],
      ],
    ])('%s', async (_, before, change, after) => {
      const result = await edited(open(), { ...files, 'web.txt': two, 'patch.yaml': lines(...before, ...other) }, change);
      expect(result['patch.yaml']).toBe(lines(...after, ...other));
    });

    test('where its layout does not allow that, all its fields stay', async () => {
      const patch = lines(...head, 'spec: &s { replicas: 3 } # pinned', 'other: *s', ...other);
      const after = await edited(open(), { ...files, 'web.txt': two, 'patch.yaml': patch }, image('repo/img:t'));
      expect(after['patch.yaml']).toBe(
        lines(
          'apiVersion: apps/v1beta2',
          'kind: Deployment',
          'metadata:',
          '  name: web',
          'other:',
          '  replicas: 3',
          'spec:',
          '  replicas: 3',
          '  template:',
          '    spec:',
          '      containers:',
          '      - image: repo/img:t',
          '        name: c',
          ...other,
        ),
      );
    });

    test('a text with an anchor is not shared by what is added', async () => {
      const shared = ['spec:', '  template: &a', '    spec: { hostNetwork: true }', 'other: *a'];
      const after = await edited(
        open(),
        { ...files, 'web.txt': two, 'patch.yaml': lines(...head, ...shared) },
        image('repo/img:t'),
      );
      const { state } = await read(after);
      expect(state.manifests[0]?.object).toMatchObject({
        spec: { template: { spec: { hostNetwork: true, containers: [{ image: 'repo/img:t' }, { image: 'repo/side:s' }] } } },
        other: { spec: { hostNetwork: true } },
      });
      expect(state.manifests[0]?.object.other).toEqual({ spec: { hostNetwork: true } });
    });

    test('Windows line breaks stay', async () => {
      const crlf = (...all: readonly string[]) => lines(...all).replaceAll('\n', '\r\n');
      const added = ['      - image: repo/img:t', '        name: c'];
      const order = ['      $setElementOrder/containers:', '      - name: c', '      - name: side'];
      const patch = crlf(...head, ...pod(...containers(...side)));
      const after = await edited(open(), { ...files, 'web.txt': two, 'patch.yaml': patch }, image('repo/img:t'));
      expect(after['patch.yaml']).toBe(crlf(...head, ...pod(...containers(...side, ...added), ...order)));
    });

    test('a custom resource gets its value beside the others', async () => {
      const release = (...values: readonly string[]) =>
        lines('apiVersion: helm.fluxcd.io/v1', 'kind: HelmRelease', 'metadata: { name: web }', 'spec:', '  values:', ...values);
      const patch = release('    replicas: 3 # pinned');
      const printed = release('    image: repo/img:s', '    replicas: 3');
      const change = { kind: 'images' as const, images: new Map([['chart-image', 'repo/img:t']]) };
      const after = await edited(open(), { ...files, 'web.txt': printed, 'patch.yaml': patch }, change);
      expect(after['patch.yaml']).toBe(release('    replicas: 3 # pinned', '    image: repo/img:t'));
    });

    test('annotations that a null of the patch removed stay removed', async () => {
      const patch = lines(...head, '  annotations: null', 'spec:', '  replicas: 3');
      const after = await edited(open(), { ...files, 'web.txt': two, 'patch.yaml': patch }, annotation('a', 'b'));
      const { state } = await read(after);
      expect(state.manifests[0]?.object.metadata.annotations).toEqual({ a: 'b' });
    });

    test('a pin in the layout of fluxd, equal to what is printed, stays', async () => {
      const patch = lines('apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  name: web', 'spec:', '  replicas: 3');
      const after = await edited(open(), { ...files, 'web.txt': two, 'patch.yaml': patch }, image('repo/img:t'));
      expect(after['patch.yaml']).toContain(patch);
    });
  });

  test('changes of one object are made in their order', async () => {
    const revision = revisionOf({ ...files, 'patch.yaml': '' });
    const shop = open();
    const { manifests } = await shop.manifests.read(revision.files, revision.blob);
    const manifest = manifests.find(({ object }) => object.metadata.name === 'web');
    if (!manifest) throw new Error('no Deployment');
    const changes = Array.from({ length: 60 }, (_, index) => image(`repo/img:t${index}`));
    const edits = await shop.manifests.editUnit(
      './.flux.yaml',
      changes.map((change) => ({ id: 'default:deployment/web', manifest, change })),
      { ...revision, edits: [] },
    );
    expect(withEdits(files, edits)['patch.yaml']).toContain('image: repo/img:t59');
  });

  test('a policy that only the patch had leaves no trace', async () => {
    const after = await edited(open(), files, annotation('fluxcd.io/locked', 'true'), annotation('fluxcd.io/locked', null));
    expect(after['patch.yaml']).toBe('');
  });

  test('one that the commands print is removed by null', async () => {
    const locked = {
      ...files,
      'web.txt': deployment('web', 'repo/img:s').replace(
        'name: web }',
        'name: web, annotations: { "fluxcd.io/locked": "true" } }',
      ),
    };
    const shop = open();
    const after = await edited(shop, locked, annotation('fluxcd.io/locked', null));
    expect(after['patch.yaml']).toContain('annotations: null');
    const revision = revisionOf(after);
    const { manifests } = await shop.manifests.read(revision.files, revision.blob);
    expect(manifests[0]?.object.metadata.annotations).toBeUndefined();
  });

  test.each<[string, string, string]>([
    [
      'an object that is not generated',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n',
      'patch refers to missing resource (<cluster>:configmap/other)',
    ],
    ['a document without a name', 'a: 1\n', 'document 1 of its patch file: it names no object'],
    ['broken YAML', 'a: [\n', 'document 1 of its patch file: '],
    [
      'a directive that is none',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: map }\n$patch: shrink\n',
      'invalid strategic merge patch: $patch: shrink',
    ],
  ])('a patch for %s refuses the whole unit', async (_, patch, message) => {
    const { state } = await read({ ...files, 'patch.yaml': patch });
    expect(state.manifests).toEqual([]);
    expect(state.errors[0]?.error.message).toContain(message);
  });

  test('a patch file in a folder that is missing, or out of the repository, is named', async () => {
    const at = (patchFile: string) => ({ ...files, '.flux.yaml': patching('cat web.txt').replace('patch.yaml', patchFile) });
    expect((await read(at('deep/patch.yaml'))).state.errors[0]?.error.message).toContain(
      'base directory ("deep") of patchFile ("deep/patch.yaml") does not exist',
    );
    expect((await read(at('../patch.yaml'))).state.errors[0]?.error.message).toContain('must be a file of the repository');
  });
});

describe('updaters', () => {
  const record = 'env | grep ^FLUX_ | sort | tr "\\n" " " >> log; echo >> log';
  const config = (updaters: readonly string[]) =>
    lines(
      'version: 1',
      'commandUpdated:',
      '  generators: [{ command: cat web.txt }]',
      ...(updaters.length === 0 ? [] : ['  updaters:']),
      ...updaters,
    );
  const each = (what: string) => `  - ${what}: { command: ${JSON.stringify(record)} }`;
  async function update(updaters: readonly string[], change: Parameters<Shop['manifests']['editUnit']>[1][number]['change']) {
    const shop = open({ environment: { CLUSTER: 'eu' } });
    const revision = revisionOf({ '.flux.yaml': config(updaters), 'web.txt': deployment('web', 'acme/web:6') });
    const {
      manifests: [manifest],
    } = await shop.manifests.read(revision.files, revision.blob);
    if (!manifest) throw new Error('no Deployment');
    return shop.manifests.editUnit('./.flux.yaml', [{ id: 'shop:deployment/web', manifest, change }], { ...revision, edits: [] });
  }
  const workload = 'FLUX_WL_KIND=deployment FLUX_WL_NAME=web FLUX_WL_NS=shop FLUX_WORKLOAD=shop:deployment/web';

  test('all run in order with the variables of the image', async () => {
    const edits = await update([each('containerImage'), each('containerImage')], {
      kind: 'images',
      images: new Map([['c', 'acme/web:7']]),
    });
    const line = `FLUX_CONTAINER=c FLUX_IMG=acme/web FLUX_TAG=7 ${workload} \n`;
    expect(edits).toEqual([{ path: 'log', content: line + line }]);
  });

  test('see none of the variables that generators see', async () => {
    const print = `  - containerImage: { command: ${JSON.stringify('echo "$FLUX_TAG-$CLUSTER" > log')} }`;
    const edits = await update([print], { kind: 'images', images: new Map([['c', 'acme/web:7']]) });
    expect(edits).toEqual([{ path: 'log', content: '7-\n' }]);
  });

  test('policies have their name and value, and none when they are removed', async () => {
    const edits = await update([each('policy')], {
      kind: 'annotations',
      annotations: new Map([
        ['fluxcd.io/automated', 'true'],
        ['fluxcd.io/tag.c', null],
      ]),
    });
    expect(edits[0]?.content).toBe(`FLUX_POLICY=automated FLUX_POLICY_VALUE=true ${workload} \nFLUX_POLICY=tag.c ${workload} \n`);
  });

  test.each<[string, readonly string[], string]>([
    ['there are none', [], 'no update.containerImage commands to run in ./.flux.yaml (from path .)'],
    ['there are only those of policies', [each('policy')], 'no update.containerImage commands'],
    [
      'one fails',
      ['  - containerImage: { command: "echo no >&2; exit 4" }'],
      'error executing image updater command "echo no >&2; exit 4" from file ".flux.yaml": exit status 4\nerror output:\nno',
    ],
    ['one deletes a file', ['  - containerImage: { command: rm web.txt }'], 'deleted it'],
    [
      'one writes what is no text',
      ['  - containerImage: { command: "printf \'\\\\377\\\\376x\' > web.txt" }'],
      'something other than UTF-8 text',
    ],
    ['one makes a link', ['  - containerImage: { command: ln -s web.txt other }'], 'it left a symbolic link at "other"'],
  ])('an update is refused when %s', async (_, updaters, message) => {
    await expect(update(updaters, { kind: 'images', images: new Map([['c', 'acme/web:7']]) })).rejects.toThrow(message);
  });
});
