import { afterEach, expect, test, vi } from 'vitest';
import { createManifests } from '../../../src/manifests/index.ts';
import { divide } from '../../../src/manifests/units/divide.ts';
import type { ProgramFiles } from '../../../src/repository/index.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { lines, revisionOf } from './checkout.ts';

vi.mock(import('../../../src/manifests/units/divide.ts'), async (original) => {
  const { divide: divideTree, ...others } = await original();
  return { ...others, divide: vi.fn(divideTree) };
});

afterEach(() => vi.mocked(divide).mockClear());

const COUNT = 1_000;
const K = 'kustomization.yaml';
const entries = Object.fromEntries(
  Array.from({ length: COUNT }, (_, n) => [
    [`base/a${n}/${K}`, `resources: [a.yaml] # ${n}\n`],
    [`base/a${n}/a.yaml`, `# ${n}\n`],
    [`prod/a${n}/${K}`, lines(`resources: [../../base/a${n}]`, 'images:', `- name: acme/a${n}`, '  newTag: "1"')],
  ]).flat(),
);

/** Prints the workload of a folder with the image of its kustomization, as kustomize does. */
const program = {
  async build(folder: string, filesOf: () => Promise<ProgramFiles>) {
    const { files } = await filesOf();
    const name = folder.slice('prod/'.length);
    const text = `${Buffer.from(files.find(({ path }) => path === `${folder}/${K}`)?.content ?? '')}`;
    const [, tag] = /newTag: "(.*)"/.exec(text) ?? [];
    const workload = lines(
      ...['apiVersion: apps/v1', 'kind: Deployment', `metadata: { name: ${name} }`],
      `spec: { template: { spec: { containers: [{ name: c, image: "acme/${name}:${tag}" }] } } }`,
    );
    return { kind: 'built' as const, output: Buffer.from(workload) };
  },
};

const open = () => createManifests({ kustomize: { program, auto: true, timeoutMs: 1_000 }, paths: ['prod'] });

test('a thousand units cost one division for each reading', async () => {
  const manifests = open();
  const { files, blob } = revisionOf(entries);
  expect((await manifests.read(files, blob)).manifests).toHaveLength(COUNT);
  expect(divide).toHaveBeenCalledTimes(1);
  await manifests.read(files, blob);
  expect(divide).toHaveBeenCalledTimes(2);
});

test('edits of units, and where their objects come from, cost no division, and read only what they are built from', async () => {
  const manifests = open();
  const { files, blob } = revisionOf(entries);
  const { manifests: all } = await manifests.read(files, blob);
  vi.mocked(divide).mockClear();
  const read: string[] = [];
  const paths = new Map(files.map((file) => [file.blob, file.path]));
  const counted = (id: string) => {
    read.push(paths.get(id) ?? id);
    return blob(id);
  };
  for (const n of [3, 500, 999]) {
    const manifest = all.find(({ object }) => object.metadata.name === `a${n}`);
    if (!manifest) throw new Error(`a${n} was not read`);
    read.length = 0;
    const edits = await manifests.editUnit(`prod/a${n}/${K}`, [toTag2(manifest)], { files, blob: counted, edits: [] });
    expect(edits).toEqual([{ path: `prod/a${n}/${K}`, content: entries[`prod/a${n}/${K}`]?.replace('"1"', '"2"') }]);
    expect([...new Set(read)].sort()).toEqual([`base/a${n}/a.yaml`, `base/a${n}/${K}`, `prod/a${n}/${K}`]);
    await manifests.originOf(manifest, files, blob);
  }
  expect(divide).not.toHaveBeenCalled();
});

test('a unit whose kustomization is not there is named', async () => {
  const manifests = open();
  const { files, blob } = revisionOf(entries);
  const edit = manifests.editUnit(`prod/gone/${K}`, [], { files, blob, edits: [] });
  await expect(edit).rejects.toMatchObject({
    code: 'generation/no-unit',
    message: `prod/gone/${K} is not rendered in this revision`,
  });
});

function toTag2(manifest: Manifest) {
  const { name } = manifest.object.metadata;
  return {
    id: `default:deployment/${name}` as const,
    manifest,
    change: { kind: 'images' as const, images: new Map([['c', `acme/${name}:2`]]) },
  };
}
