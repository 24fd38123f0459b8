import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import {
  createObjectDiff,
  type ObjectDiffOptions,
  type ObjectDiffReport,
} from '../../../src/controller/repository/object-diff.ts';
import { accept } from '../../../src/git/accept.ts';
import { createManifests, listingOf, type ManifestsOptions } from '../../../src/manifests/index.ts';
import type { FileText } from '../../../src/repository/index.ts';
import type { KubeObject, ManifestPlace } from '../../../src/resource/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const [FROM, TO, OTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];
const CART = 'shop:deployment/cart';

const cart = (image: string, rest = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec:
  replicas: 2
  template: { spec: { containers: [{ name: cart, image: "${image}" }] } }
${rest}`;

const variable = (name: string) => `cart:\${${name}}`;

type Files = Readonly<Record<string, string>>;

interface Parts {
  readonly before?: Files;
  readonly after?: Files;
  /** Revisions that are in the history of the branch. */
  readonly accepted?: readonly string[];
  /** Revisions with the record of a sync. */
  readonly recorded?: readonly string[];
  /** Where the object is now. */
  readonly place?: ManifestPlace;
  readonly manifests?: ManifestsOptions;
  readonly files?: ObjectDiffOptions['source']['filesAside'];
}

/** A repository of two revisions. */
function worldOf({ before = {}, after = {}, accepted = [FROM, TO], recorded = [], place, manifests = {}, files }: Parts) {
  const clock = new ManualClock();
  const listings = new Map(
    Object.entries({ [FROM]: before, [TO]: after, [OTHER]: after }).map(([revision, texts]) => [
      revision,
      listingOf(
        Object.entries(texts)
          .map(([path, content]): FileText => ({ path, content }))
          .sort((a, b) => (a.path < b.path ? -1 : 1)),
      ),
    ]),
  );
  const contents = async (id: string) => {
    for (const { files, blob } of listings.values()) if (files.some((file) => file.blob === id)) return blob(id);
    throw new Error(`no blob ${id}`);
  };
  const idOf = ({ kind, metadata }: KubeObject) => `${metadata.namespace ?? 'default'}:${kind.toLowerCase()}/${metadata.name}`;
  const object: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart' } };
  const diff = createObjectDiff({
    source: {
      filesAside: files ?? (async (revision) => listings.get(revision)?.files ?? []),
      blob: contents,
      acceptedBefore: async (revision) => (accepted.includes(revision) ? accept(revision) : undefined),
      syncRecord: async (revision) => (recorded.includes(revision) ? '{}' : undefined),
    },
    desired: createManifests(manifests),
    cluster: { idOf },
    currentView: async () => place && { manifests: new Map([[CART, { place, object, checksum: '' }]]) },
    clock,
  });
  const ask = (id = CART, { from = FROM, to = TO } = {}) => diff({ id, from, to });
  return { diff, ask, clock };
}

function fieldsOf(report: ObjectDiffReport) {
  expect(report.state).toBe('compared');
  return report.state === 'compared' ? report.fields : [];
}

describe('an object that is written in files', () => {
  test('is compared field by field, with where it was and is', async () => {
    const { ask } = worldOf({ before: { 'cart.yaml': cart('cart:1') }, after: { 'cart.yaml': `---\n${cart('cart:2')}` } });
    expect(await ask()).toEqual({
      state: 'compared',
      before: { file: 'cart.yaml', document: 1, line: 1 },
      after: { file: 'cart.yaml', document: 1, line: 2 },
      fields: [{ path: 'spec.template.spec.containers[name=cart].image', from: 'cart:1', to: 'cart:2' }],
      isCut: false,
    });
  });

  test('is found after its file was renamed', async () => {
    const { ask } = worldOf({ before: { 'a.yaml': cart('cart:1') }, after: { 'b/c.yaml': cart('cart:2') } });
    const report = await ask();
    expect(report).toMatchObject({ before: { file: 'a.yaml' }, after: { file: 'b/c.yaml' } });
    expect(fieldsOf(report)).toHaveLength(1);
  });

  test('has the same in both where the sync corrected the cluster', async () => {
    const files = { 'cart.yaml': cart('cart:1') };
    const { ask } = worldOf({
      before: { ...files, 'x.yaml': '# one' },
      after: { ...files, 'x.yaml': '# two' },
      place: { file: 'cart.yaml', document: 1, line: 1 },
    });
    expect(fieldsOf(await ask())).toEqual([]);
    expect(fieldsOf(await ask(CART, { from: TO, to: TO }))).toEqual([]);
  });

  test.each([
    ['created', {}, { 'cart.yaml': cart('cart:1') }, 'after', 'to'],
    ['deleted', { 'cart.yaml': cart('cart:1') }, {}, 'before', 'from'],
  ] as const)('was %s', async (_, before, after, place, side) => {
    const report = await worldOf({ before, after }).ask();
    expect(Object.keys(report)).toContain(place);
    expect(Object.keys(report)).not.toContain(place === 'after' ? 'before' : 'after');
    for (const field of fieldsOf(report)) expect(Object.keys(field)).toEqual(['path', side]);
    expect(fieldsOf(report)).toContainEqual({ path: 'spec.replicas', [side]: 2 });
  });

  test('has its variables as Git has them', async () => {
    const { ask } = worldOf({
      before: { 'cart.yaml': cart(variable('TAG')) },
      after: { 'cart.yaml': cart(variable('NEW_TAG')) },
      manifests: { valueObjects: () => Promise.reject(new Error('the cluster is not asked')) },
    });
    expect(fieldsOf(await ask())).toMatchObject([{ from: variable('TAG'), to: variable('NEW_TAG') }]);
  });

  test('is looked for in its own file alone where too many differ', async () => {
    const many = (text: string) => Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`f${n}.yaml`, `# ${text}`]));
    const parts = {
      before: { ...many('one'), 'cart.yaml': cart('cart:1') },
      after: { ...many('two'), 'cart.yaml': cart('cart:2') },
    };
    expect(fieldsOf(await worldOf({ ...parts, place: { file: 'cart.yaml', document: 1, line: 1 } }).ask())).toHaveLength(1);
    await expect(worldOf(parts).ask()).rejects.toMatchObject({ code: 'objects/too-many-files' });
  });
});

describe('what is secret', () => {
  const SECRETS = ['hunter2', 'aHVudGVyMg==', 'correct-horse'];
  const secret = (value: string, rest = '') => `apiVersion: v1
kind: Secret
metadata: { name: cart, namespace: shop, annotations: { note: "is ${value}", kubectl.kubernetes.io/last-applied-configuration: '{"data":{"password":"${value}"}}' } }
data: { password: "${value}", "${value}.txt": x }
stringData: { other: "${value}" }
${rest}`;
  const id = 'shop:secret/cart';

  test.each([
    ['changed', secret('hunter2'), secret('aHVudGVyMg==', 'immutable: true\n'), ['data.password', 'data', 'immutable']],
    ['created', undefined, secret('correct-horse'), ['stringData.other', 'data.password']],
    ['deleted', secret('correct-horse'), undefined, ['stringData.other', 'data.password']],
    [
      'in a List',
      `kind: List\napiVersion: v1\nitems:\n- ${secret('hunter2').replaceAll('\n', '\n  ')}`,
      secret('correct-horse'),
      ['data.password'],
    ],
    [
      'of another API group than before',
      secret('hunter2').replace('v1', 'acme.org/v1'),
      secret('correct-horse'),
      ['data.password'],
    ],
  ] as const)('of a Secret that was %s no value is shown', async (_, before, after, paths) => {
    const report = await worldOf({
      before: before === undefined ? {} : { 's.yaml': before },
      after: after === undefined ? {} : { 's.yaml': after },
    }).ask(id);
    expect(report).toMatchObject({ state: 'compared', hidden: 'values' });
    for (const path of paths) expect(fieldsOf(report).map((field) => field.path)).toContain(path);
    for (const each of SECRETS) expect(JSON.stringify(report)).not.toContain(each);
  });

  const sops =
    'sops: { mac: "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]", lastmodified: "2030-01-01T00:00:00Z", version: 3.9.0 }\n';
  const encrypted = cart('ENC[AES256_GCM,data:q83v,iv:x,tag:x,type:str]', sops);

  test.each([
    ['in both', encrypted, encrypted.replace('q83v', 'q84w'), TO],
    ['before', encrypted, cart('cart:hunter2'), FROM],
    ['after', cart('cart:hunter2'), encrypted, TO],
  ] as const)('of what sops encrypted %s nothing is compared, and nothing decrypted', async (_, before, after, revision) => {
    const report = await worldOf({
      before: { 'cart.yaml': before },
      after: { 'cart.yaml': after },
      manifests: {
        decrypter: { isEncrypted: () => true, decrypt: () => Promise.reject(new Error('nothing is decrypted')) } as never,
      },
    }).ask();
    expect(report).toMatchObject({ state: 'unread', revision, file: 'cart.yaml', error: { code: 'manifests/encrypted' } });
    expect(JSON.stringify(report)).not.toMatch(/hunter2|q83v|q84w/);
  });

  test('another encrypted file that changed does not matter', async () => {
    const other = encrypted.replaceAll('cart', 'till');
    const report = await worldOf({ before: { 'till.yaml': other }, after: { 'cart.yaml': cart('cart:1') } }).ask();
    expect(report).toMatchObject({ state: 'compared', after: { file: 'cart.yaml' } });
  });
});

describe('what is not compared', () => {
  const generation: NonNullable<ManifestsOptions['generation']> = {
    runner: { run: () => Promise.reject(new Error('nothing is run')) },
    environment: {},
    timeoutMs: 1_000,
  };
  const config = 'version: 1\ncommandUpdated:\n  generators:\n  - command: cat base.yaml\n';

  test('what commands or kustomize render, of which nothing is run', async () => {
    const place = { unit: '.flux.yaml', file: '.flux.yaml', document: 1, renderer: 'commands' } as const;
    const { ask } = worldOf({
      before: { '.flux.yaml': config, 'base.yaml': cart('cart:1') },
      after: { '.flux.yaml': config, 'base.yaml': cart('cart:2') },
      place,
      manifests: { generation },
    });
    expect(await ask()).toEqual({ state: 'rendered', place });

    const built = { ...place, unit: 'web/kustomization.yaml', file: 'web/kustomization.yaml', renderer: 'kustomize' } as const;
    const files = (image: string) => ({ 'web/kustomization.yaml': 'resources: [cart.yaml]\n', 'web/cart.yaml': cart(image) });
    const kustomize = { program: { build: () => Promise.reject(new Error('nothing is built')) }, auto: true, timeoutMs: 1_000 };
    const other = worldOf({ before: files('cart:1'), after: files('cart:2'), place: built, manifests: { kustomize } });
    expect(await other.ask()).toEqual({ state: 'rendered', place: built });
  });

  test('a file that cannot be parsed, if it may have the object', async () => {
    const { ask } = worldOf({ before: { 'cart.yaml': 'a: [cart' }, after: { 'cart.yaml': cart('cart:1') } });
    expect(await ask()).toMatchObject({ state: 'unread', revision: FROM, file: 'cart.yaml' });
    const apart = worldOf({ before: { 'x.yaml': 'a: [till' }, after: { 'cart.yaml': cart('cart:1') } });
    expect(await apart.ask()).toMatchObject({ state: 'compared' });
  });

  test('an object that no file has, or two have', async () => {
    await expect(worldOf({}).ask()).rejects.toMatchObject({ code: 'objects/not-in-revisions', fault: 'missing' });
    const twice = worldOf({ after: { 'a.yaml': cart('cart:1'), 'b.yaml': cart('cart:2') } });
    await expect(twice.ask()).rejects.toMatchObject({ code: 'objects/defined-twice' });
  });

  test('a commit that was never synced; one that was, before history was rewritten, is', async () => {
    const parts = { before: { 'cart.yaml': cart('cart:1') }, after: { 'cart.yaml': cart('cart:2') } };
    await expect(worldOf({ ...parts, accepted: [TO] }).ask()).rejects.toMatchObject({ code: 'objects/not-synced' });
    expect(fieldsOf(await worldOf({ ...parts, accepted: [TO], recorded: [FROM] }).ask())).toHaveLength(1);
  });

  test('a revision that the mirror does not have', async () => {
    const gone = new FluxError('revision: not in the mirror', { code: 'git/revision-missing', fault: 'missing' });
    await expect(worldOf({ files: () => Promise.reject(gone) }).ask()).rejects.toBe(gone);
  });
});

test('two are compared at a time, each for a while', async () => {
  const { ask, clock } = worldOf({
    files: (_, { signal } = {}) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  });
  const running = [ask(), ask()].map((each) => each.catch((error: unknown) => error));
  await expect(ask()).rejects.toMatchObject({ code: 'objects/diff-busy' });
  await clock.advance(15_000);
  for (const each of running) expect(await each).toMatchObject({ code: 'objects/diff-timeout' });
});
