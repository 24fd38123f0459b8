import { afterEach, expect, test } from 'vitest';
import type { Manifest, ResourceId } from '../../src/resource/index.ts';
import { editImages, writeImages } from '../../src/update/edit.ts';
import { planUpdate, type UpdateContext, type WorkloadResult } from '../../src/update/index.ts';
import {
  configMap,
  deployment,
  type Files,
  lines,
  openShop,
  patching,
  revisionOf,
  type Shop,
} from '../manifests/generation/shop.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { idOf } from './repository.ts';
import { contextOf } from './world.ts';

const shops: Shop[] = [];
afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
});

interface Commands {
  readonly generator?: string;
  readonly image?: string;
  readonly policy?: string;
}

const SET_IMAGE = 'printf %s "$FLUX_IMG:$FLUX_TAG" > image';
const PRINT = 'sed "s|@IMAGE@|$(cat image)|; s|@LOCKED@|$(cat locked)|" web.template; cat maps';
const WEB = deployment('web', '@IMAGE@').replace(
  'name: web }',
  'name: web, annotations: { "fluxcd.io/locked": "@LOCKED@", note: old } }',
);

function updating({ generator = PRINT, image = SET_IMAGE, policy = 'true' }: Commands): string {
  return lines(
    'version: 1',
    'commandUpdated:',
    `  generators: [{ command: ${JSON.stringify(generator)} }]`,
    '  updaters:',
    `  - containerImage: { command: ${JSON.stringify(image)} }`,
    `    policy: { command: ${JSON.stringify(policy)} }`,
  );
}

/** A unit with updaters, another one, and plain files. */
function filesOf(commands: Commands, more: Files = {}): Files {
  return {
    'app/.flux.yaml': updating(commands),
    'app/image': 'acme/web:1',
    'app/locked': 'false',
    'app/maps': `---\n${configMap('map')}`,
    'app/web.template': WEB,
    'other/.flux.yaml': updating({ generator: 'cat source' }),
    'other/source': configMap('source'),
    'plain/a.yaml': configMap('plain'),
    ...more,
  };
}

async function open(files: Files, options: { readonly clock?: { monotonic(): number } } = {}) {
  const shop = openShop({ paths: ['app', 'other', 'plain'], ...options });
  shops.push(shop);
  const revision = revisionOf(files);
  const { manifests } = await shop.manifests.read(revision.files, revision.blob);
  return { shop, context: contextFor(shop, files, manifests) };
}

function contextFor(shop: Shop, files: Files, manifests: readonly Manifest[]): UpdateContext {
  const byId = new Map(manifests.map((manifest) => [idOf(manifest.object), manifest]));
  return {
    ...contextOf({ files, manifests: {}, running: [], registry: {} }),
    manifests: byId,
    desired: shop.manifests,
    revision: revisionOf(files),
  };
}

const ID = 'default:deployment/web';
const updateOf = (...ids: readonly ResourceId[]) =>
  new Map(
    ids.map((id): [ResourceId, WorkloadResult] => [
      id,
      { Status: 'success', PerContainer: [{ Container: 'c', Current: 'acme/web:1', Target: 'acme/web:2' }] },
    ]),
  );
const release = async (files: Files) => writeImages(updateOf(ID), (await open(files)).context);
const lock = async (files: Files, remove = false) =>
  planUpdate(
    {
      type: 'policy',
      cause: { Message: '', User: '' },
      spec: { [ID]: remove ? { add: {}, remove: { locked: 'true' } } : { add: { locked: 'true' }, remove: {} } },
    },
    (await open(files)).context,
  );

test('an updater that changes the image and nothing else', async () => {
  expect(await release(filesOf({}))).toEqual([{ path: 'app/image', content: 'acme/web:2' }]);
});

const FORBIDDEN: readonly [string, string, string][] = [
  [
    'a plain manifest',
    'sed -i "s/key: a/key: b/" ../plain/a.yaml',
    '"<cluster>:configmap/plain" differs after update in data.key',
  ],
  ['a new plain manifest', 'sed s/plain/new/ ../plain/a.yaml > ../plain/b.yaml', '"<cluster>:configmap/new" is new after update'],
  ['the source of another unit', 'sed -i "s/key: a/key: b/" ../other/source', '"<cluster>:configmap/source" differs'],
  ['another object of its unit', 'sed -i "s/key: a/key: b/" maps', '"<cluster>:configmap/map" differs after update in data.key'],
  ['its own config', 'echo >> .flux.yaml', 'would change app/.flux.yaml, which says what is run'],
  ['the config of another unit', 'echo >> ../other/.flux.yaml', 'would change other/.flux.yaml, which says what is run'],
  [
    'what another unit prints into broken YAML',
    'echo "a: [" > ../other/source',
    'loading resources after updates: other/.flux.yaml: ',
  ],
];

test.each(sampled('changes that an updater may not make', FORBIDDEN, 4))(
  'an updater may not change %s',
  async (_, command, message) => {
    await expect(release(filesOf({ image: `${SET_IMAGE}; ${command}` }))).rejects.toThrow(message);
  },
);

test('generators may derive other fields of the workload from its tag', async () => {
  const derive = `${SET_IMAGE}; sed -i "s/note: old/note: new/" web.template`;
  expect(await release(filesOf({ image: derive }))).toHaveLength(2);
});

test('a broken document that was there before does not matter; a new one does', async () => {
  const broken = { 'app/maps': `---\n${configMap('map')}---\na: [\n` };
  expect(await release(filesOf({}, broken))).toHaveLength(1);
  await expect(release(filesOf({ image: `${SET_IMAGE}; printf -- '---\\nb: [\\n' >> maps` }, broken))).rejects.toThrow(
    /^loading resources after updates: app\/\.flux\.yaml: /,
  );
});

test('objects are found by name, wherever they are printed', async () => {
  const generator = `if grep -q 1 image; then cat maps; fi; ${PRINT.replace('; cat maps', '')}; if grep -q 2 image; then cat maps; fi`;
  expect(await release(filesOf({ generator }))).toHaveLength(1);
});

test('a unit that cannot be rendered before the update is named', async () => {
  const files = filesOf({ generator: `test -s maps && ${PRINT}`, image: `${SET_IMAGE}; cp spare maps` }, { 'app/spare': WEB });
  const { shop, context } = await open(files);
  const broken = { ...files, 'app/maps': '' };
  const stale = contextFor(shop, broken, [...context.manifests.values()]);
  await expect(writeImages(updateOf(ID), stale)).rejects.toThrow(
    'app/.flux.yaml could not be rendered before the update, so nothing can be compared: ',
  );
});

test('a policy must come out as it was asked for', async () => {
  const set = 'printf %s "$FLUX_POLICY_VALUE" > locked';
  expect((await lock(filesOf({ policy: set }))).edits).toEqual([{ path: 'app/locked', content: 'true' }]);
  for (const policy of ['true', 'echo "$FLUX_POLICY" > notes'])
    await expect(lock(filesOf({ policy }))).rejects.toMatchObject({
      code: 'update/verification-failed',
      message:
        'verifying changes: failed to verify changes: the annotation "fluxcd.io/locked" in resource "<cluster>:deployment/web" should be "true", but is "false"',
    });
  await expect(lock(filesOf({ policy: 'echo "" > locked' }), true)).rejects.toThrow('should be absent, but is ""');
  const removed = await lock(filesOf({ policy: 'sed -i "s/\\"fluxcd.io.locked\\": [^,]*, //" web.template' }), true);
  expect(removed.edits.map(({ path }) => path)).toEqual(['app/web.template']);
});

test('what to edit by hand is named', async () => {
  const error = await release(filesOf({ image: 'exit 3' })).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: expect.stringMatching(
      /^updating resource default:deployment\/web in app\/\.flux\.yaml: error executing image updater/,
    ),
    help: expect.stringContaining('is rendered by what app/.flux.yaml says: edit the sources that it names'),
  });
});

test.runIf(thorough('an updater that fails for one of many workloads'))(
  'of many workloads in a unit, the one that cannot be updated fails alone after a few runs',
  async () => {
    const names = [...Array(16).keys()].map((n) => `web-${n}`);
    const image = 'test "$FLUX_WL_NAME" != web-11 && sed -i "s|/$FLUX_WL_NAME:1|/$FLUX_WL_NAME:2|" all';
    const files = {
      ...filesOf({}),
      'app/.flux.yaml': updating({ generator: 'cat all', image }),
      'app/all': names.map((name) => deployment(name, `acme/${name}:1`)).join(''),
    };
    const { shop, context } = await open(files);
    const before = shop.runs.length;
    const results = new Map(
      names.map((name): [ResourceId, WorkloadResult] => [
        `default:deployment/${name}`,
        { Status: 'success', PerContainer: [{ Container: 'c', Current: `acme/${name}:1`, Target: `acme/${name}:2` }] },
      ]),
    );
    const { edits, failure } = await editImages(results, context);
    expect(failure?.message).toContain('error executing image updater command');
    expect([...results].filter(([, { Status }]) => Status === 'failed').map(([id]) => id)).toEqual(['default:deployment/web-11']);
    expect(edits[0]?.content.match(/:2"/g)).toHaveLength(15);
    expect(shop.runs.length - before).toBeLessThan(28);
  },
);

test('patches change nothing but their unit', async () => {
  const files = filesOf({}, { 'app/.flux.yaml': patching('cat web; cat maps'), 'app/web': deployment('web', 'acme/web:1') });
  expect((await release(files)).map(({ path }) => path)).toEqual(['app/patch.yaml']);
});
