import { describe, expect, test } from 'vitest';
import { FluxError, isJsonMap, type JsonMap, parseYamlDocuments } from '../../../../src/base/index.ts';
import { lockText } from '../../../../src/manifests/helm/lock.ts';
import { type ChartArchives, createManifests, type Decrypter } from '../../../../src/manifests/index.ts';
import type { ProgramFiles } from '../../../../src/repository/index.ts';
import { valueAt } from '../../../../src/resource/index.ts';
import { bestOfThreeTurns } from '../../../support/turn-cpu.ts';
import { enc, encrypted, imitatedDecrypter } from '../../decryption/imitation.ts';
import { type Entries, link, revisionOf } from '../../kustomize/checkout.ts';
import { edited } from '../../kustomize/real/changes.ts';
import { packedChart } from '../archive/tarball.ts';
import { config, NO_ARCHIVES } from '../program.ts';

function mapOf(content: Uint8Array): JsonMap {
  const [document] = parseYamlDocuments(Buffer.from(content).toString('utf8'));
  return document && !document.error && isJsonMap(document.value) ? document.value : {};
}

/** Renders one Deployment whose image is a value, as a chart with one template would. */
function rendered({ files }: ProgramFiles): string {
  const given = files.flatMap(({ path, content }) => {
    // Of the values of the chart, only the first line: some tests make them long.
    if (path === 'chart/values.yaml') return mapOf(content.subarray(0, content.indexOf(10)));
    return path.startsWith('values/') ? mapOf(content) : [];
  });
  const find = (name: string) => given.map((values) => valueAt(values, ['image', name])).findLast((value) => value !== undefined);
  const image = `${find('repository')}:${find('tag')}`;
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: "${image}"}]}}}\n`;
}

function open({ archives = NO_ARCHIVES, decrypter }: { archives?: ChartArchives; decrypter?: Decrypter } = {}) {
  let runs = 0;
  const manifests = createManifests({
    ...(decrypter ? { decrypter } : {}),
    generation: { runner: { run: () => Promise.reject(new Error('a command runs')) }, environment: {}, timeoutMs: 1_000 },
    helm: {
      program: {
        async template(_args, files) {
          runs += 1;
          return { kind: 'built', output: Buffer.from(rendered(await files())) };
        },
      },
      archives,
      capabilities: async () => ({ apiVersions: [] }),
      timeoutMs: 1_000,
    },
  });
  return {
    manifests,
    runs: () => runs,
    read(entries: Entries) {
      const { files, blob } = revisionOf(entries);
      return manifests.read(files, blob);
    },
  };
}

const CHART: Entries = { 'chart/Chart.yaml': 'name: a\n', 'chart/values.yaml': 'image: {repository: a, tag: "1"}\n' };
const app = (...lines: readonly string[]): Entries => ({ ...CHART, 'app/.flux.yaml': config('chart: ../chart', ...lines) });
const TO = { 'deployment/web': { images: { app: 'a:2' } } };
const ADDED = { 'app/.flux.yaml': `${config('chart: ../chart')}  values:\n    image:\n      tag: '2'\n` };

describe('which files an update may write', () => {
  const values = 'image: {tag: "1"}\n';
  const changed = 'image: {tag: "2"}\n';
  const named = 'valuesFiles: [values.yaml]';
  const inConfig = (line: string) => ({
    'app/.flux.yaml': `${config('chart: ../chart', line)}  values:\n    image:\n      tag: '2'\n`,
  });
  test.each<[string, Entries, Readonly<Record<string, string>>]>([
    ['its own file of values', { ...app(named), 'app/values.yaml': values }, { 'app/values.yaml': changed }],
    [
      'one in a folder below',
      { ...app('valuesFiles: [a/values.yaml]'), 'app/a/values.yaml': values },
      { 'app/a/values.yaml': changed },
    ],
    [
      'one that is named twice',
      { ...app('valuesFiles: [values.yaml, ./values.yaml]'), 'app/values.yaml': values },
      { 'app/values.yaml': changed },
    ],
    ['the config file', app(), ADDED],
    [
      'no file elsewhere',
      { ...app('valuesFiles: [../values.yaml]'), 'values.yaml': values },
      inConfig('valuesFiles: [../values.yaml]'),
    ],
    [
      'no file of a chart',
      { ...app('valuesFiles: [../chart/more.yaml]'), 'chart/more.yaml': values },
      inConfig('valuesFiles: [../chart/more.yaml]'),
    ],
    ['no link', { ...app(named), 'app/values.yaml': link('../values.yaml'), 'values.yaml': values }, inConfig(named)],
    [
      'no file that another unit names',
      {
        ...app(named),
        'app/values.yaml': values,
        'b/.flux.yaml': config('chart: ../chart', 'valuesFiles: [../app/values.yaml]'),
      },
      inConfig(named),
    ],
    [
      'no file that another unit names by a link',
      {
        ...app(named),
        'app/values.yaml': values,
        'b/.flux.yaml': config('chart: ../chart', 'valuesFiles: [v.yaml]'),
        'b/v.yaml': link('../app/values.yaml'),
      },
      inConfig(named),
    ],
    [
      'no file that a unit names which is refused',
      { ...app(named), 'app/values.yaml': values, 'b/.flux.yaml': config('chart: ../none', 'valuesFiles: [../app/values.yaml]') },
      inConfig(named),
    ],
  ])('%s', async (_, entries, expected) => {
    const edits = await edited(open(), entries, TO);
    expect(Object.fromEntries(edits.map(({ path, content }) => [path, content]))).toEqual(expected);
  });

  test('no config file that is a link', async () => {
    const entries = { ...app(), 'app/.flux.yaml': link('../config.yaml'), 'config.yaml': config('chart: ../chart') };
    await expect(edited(open(), entries, TO)).rejects.toMatchObject({
      code: 'helm/cannot-edit',
      message:
        'no edit of app/.flux.yaml makes exactly this change: image.tag in the values cannot be changed alone in a file that only this folder has; helm.images in app/.flux.yaml can say where the image is',
    });
  });
});

test('the name of a chart from elsewhere is no folder', async () => {
  const locked = { kind: 'oci', url: 'oci://ghcr.io/org/app', version: '1.2.3', digest: `sha256:${'a'.repeat(64)}` } as const;
  const packed = await packedChart('app');
  const entries = {
    'app/.flux.yaml': config('chart: oci://ghcr.io/org/app', 'version: 1.2.3', 'valuesFiles: [values.yaml]'),
    'app/.flux.lock': lockText(locked),
    'app/values.yaml': 'image: {repository: a, tag: "1"}\n',
  };
  const edits = await edited(open({ archives: { fetch: async () => packed } }), entries, TO);
  expect(edits).toEqual([{ path: 'app/values.yaml', content: 'image: {repository: a, tag: "2"}\n' }]);
});

describe('of a file of values that sops encrypted', () => {
  const textOf = (values: string) => encrypted(values, '    mac_only_encrypted: true\n');
  const entries = (values: string) => ({ ...app('valuesFiles: [values.yaml]'), 'app/values.yaml': textOf(values) });
  const values = `password: ${enc('hunter2')}\nimage:\n    tag: "1"\n`;

  test('a value that is not encrypted is changed, if it can be decrypted after that', async () => {
    const edits = await edited(open({ decrypter: imitatedDecrypter() }), entries(values), TO);
    expect(edits).toEqual([{ path: 'app/values.yaml', content: textOf(values.replace('"1"', '"2"')) }]);
  });

  test('and refused with the reason, if it cannot', async () => {
    const decrypter = imitatedDecrypter();
    const bad = new FluxError('app/values.yaml cannot be decrypted: its MAC does not fit', {
      code: 'decryption/bad-mac',
      fault: 'user',
    });
    const strict: Decrypter = {
      ...decrypter,
      decrypt: (file, cancel) => (file.content.includes('"2"') ? Promise.reject(bad) : decrypter.decrypt(file, cancel)),
    };
    await expect(edited(open({ decrypter: strict }), entries(values), TO)).rejects.toMatchObject({
      code: 'helm/cannot-edit',
      message: expect.stringContaining('its MAC does not fit'),
    });
  });

  test('nothing is added to it', async () => {
    const edits = await edited(open({ decrypter: imitatedDecrypter() }), entries(`password: ${enc('hunter2')}\n`), TO);
    expect(edits.map(({ path }) => path)).toEqual(['app/.flux.yaml']);
  });
});

test('a change that is there already renders once, and writes nothing; another renders twice', async () => {
  const opened = open();
  await opened.read(app());
  const before = opened.runs();
  expect(await edited(opened, app(), { 'deployment/web': { images: { app: 'a:1' } } })).toEqual([]);
  expect(opened.runs() - before).toBe(1);
  await edited(opened, app(), TO);
  expect(opened.runs() - before).toBe(3);
});

test('an update that is cancelled ends as it was cancelled', async () => {
  const { files, blob } = revisionOf(app());
  const { manifests, read } = open();
  const [manifest] = (await read(app())).manifests;
  if (!manifest) throw new Error('nothing is rendered');
  const change = {
    id: 'default:deployment/web',
    manifest,
    change: { kind: 'images', images: new Map([['app', 'a:2']]) },
  } as const;
  const reason = new Error('cancelled');
  const cancelled = manifests.editUnit(
    'app/.flux.yaml',
    [change],
    { files, blob, edits: [] },
    { signal: AbortSignal.abort(reason) },
  );
  await expect(cancelled).rejects.toBe(reason);
});

test.each<[string, Entries, string | undefined]>([
  [
    'of a chart',
    {
      ...app(),
      'chart/values.yaml': `image: {repository: a, tag: "1"}\n${'a: [b, c, d]\n'.replaceAll('a', 'key')}${'# text\n'.repeat(400_000)}`,
    },
    undefined,
  ],
  [
    'with many keys',
    {
      ...app(),
      'chart/values.yaml': `image: {repository: a, tag: "1"}\n${Array.from({ length: 30_000 }, (_, n) => `k${n}Registry: a`).join('\n')}\n`,
    },
    undefined,
  ],
  [
    'that are too long',
    { ...app(), 'chart/values.yaml': `image: {repository: a, tag: "1"}\n${'# text\n'.repeat(700_000)}` },
    'its values have more than 4 MiB',
  ],
])('S-026 values do not block the event loop while an edit is looked for: %s', async (_, entries, refused) => {
  const opened = open();
  const { manifests } = await opened.read(entries);
  const [manifest] = manifests;
  if (!manifest) throw new Error('nothing is rendered');
  const change = {
    id: 'default:deployment/web',
    manifest,
    change: { kind: 'images', images: new Map([['app', 'a:2']]) },
  } as const;
  const { files, blob } = revisionOf(entries);
  const edit = () => opened.manifests.editUnit('app/.flux.yaml', [change], { files, blob, edits: [] });
  const tried = async () => {
    if (refused !== undefined) await expect(edit()).rejects.toThrow(refused);
    else expect((await edit()).map(({ path }) => path)).toEqual(['app/.flux.yaml']);
  };
  expect((await bestOfThreeTurns(tried, 50)).cpuMs).toBeLessThan(50);
});
