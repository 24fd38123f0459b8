import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FluxError, isJsonMap, type JsonMap, type JsonValue } from '../../../../src/base/index.ts';
import { parseFile } from '../../../../src/manifests/parse-file.ts';
import { containersOf, type KubeObject } from '../../../../src/resource/index.ts';
import type { Entries } from '../checkout.ts';
import { type Changes, edited, withEdits, workload } from './changes.ts';
import { buildIn, checkOut, folder, open } from './program.ts';

const RUNS = process.env.FAULTS === 'all' ? 300 : 25;
const OURS = ['top/kustomization.yaml', 'top/flux-patch.yaml'];

/** The objects of a complete checkout by kind and name, as a person builds them. */
async function complete(files: Entries): Promise<ReadonlyMap<string, KubeObject>> {
  const root = folder();
  await checkOut(root, files);
  const { status, output, stderr } = await buildIn(join(root, 'top'));
  if (status !== 0) throw new Error(stderr);
  const { objects } = parseFile({ bytes: output, isJson: false });
  return new Map(objects.map(({ object }) => [`${object.kind.toLowerCase()}/${object.metadata.name}`, object]));
}

/** An object with other images and annotations, made without any code of the edit. */
function withWanted(object: KubeObject, { images = {}, annotations = {} }: Changes[string]): JsonValue {
  const copy: unknown = structuredClone(object);
  if (!isJsonMap(copy) || !isJsonMap(copy.metadata)) throw new Error('an object is no map');
  const visit = (value: JsonValue | undefined): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isJsonMap(value)) return;
    if (typeof value.name === 'string' && typeof value.image === 'string') value.image = images[value.name] ?? value.image;
    Object.values(value).forEach(visit);
  };
  visit(copy.spec);
  const before = isJsonMap(copy.metadata.annotations) ? copy.metadata.annotations : {};
  const after = Object.entries({ ...before, ...annotations }).filter(([, value]) => value !== null);
  const { annotations: _, ...metadata } = copy.metadata;
  return { ...copy, metadata: after.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(after) } };
}

const image = fc
  .tuple(fc.constantFrom('a', 'r:5000/t/b'), fc.constantFrom('', ':1', ':2', ':1.10', '@sha256:ab', ':1@sha256:ab'))
  .map((parts) => parts.join(''));
const containers = fc.record({ c: image, side: image }, { requiredKeys: ['c'] });
const entry = fc.record(
  { name: fc.constantFrom('a', 'r:5000/t/b'), newName: fc.constantFrom('x/a', 'a'), newTag: fc.constantFrom('7', '2') },
  { requiredKeys: ['name'] },
);
const fields = fc.record(
  {
    namePrefix: fc.constant('p-'),
    nameSuffix: fc.constant('-s'),
    namespace: fc.constant('shop'),
    commonAnnotations: fc.constant({ common: 'yes' }),
    images: fc.array(entry, { maxLength: 2 }),
    patches: fc.constantFrom<JsonValue[]>(
      [],
      [
        {
          target: { kind: 'Deployment', name: 'w0' },
          patch: '[{ "op": "add", "path": "/metadata/annotations", "value": { "own": "x" } }]',
        },
      ],
    ),
  },
  { requiredKeys: [] },
);
const layout = fc.constantFrom('block', 'indented', 'flow', 'json');

function textOf(all: JsonMap, how: 'block' | 'indented' | 'flow' | 'json'): string {
  if (how === 'json') return JSON.stringify(all);
  if (how === 'flow') return `{${Object.entries(all).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)}} # end\n`;
  const step = how === 'indented' ? '  ' : '';
  const lines = Object.entries(all).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${key}: ${JSON.stringify(value)} # ${key}\n`;
    return `${key}: # ${key}\n${value.map((item) => `${step}- ${JSON.stringify(item)}\n`).join('')}`;
  });
  return `# head\n${lines.join('\n')}# end\n`;
}

/** Workloads, their base, perhaps an overlay of it, and that which is built. */
const repositories = fc
  .record({
    workloads: fc.array(fc.tuple(containers, fc.record({ init: image }, { requiredKeys: [] })), { minLength: 1, maxLength: 3 }),
    middle: fc.option(fields),
    top: fields,
    how: layout,
  })
  .map(({ workloads, middle, top, how }): Entries => {
    const files = workloads.map(([own, init], n) => [`base/w${n}.yaml`, workload(`w${n}`, own, init)]);
    return {
      ...Object.fromEntries(files),
      'base/kustomization.yaml': JSON.stringify({ resources: workloads.map((_, n) => `w${n}.yaml`) }),
      ...(middle ? { 'middle/kustomization.yaml': JSON.stringify({ resources: ['../base'], ...middle }) } : {}),
      'top/kustomization.yaml': textOf({ resources: [middle ? '../middle' : '../base'], ...top }, how),
    };
  });

const wish = fc.record({
  workload: fc.nat(),
  image: fc.constantFrom(':2', ':v3', ':v3@sha256:cd', '@sha256:cd'),
  container: fc.nat(),
  annotation: fc.constantFrom<string | null | undefined>(undefined, 'true', null),
});

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** What is wished for, of what is built. */
function changesOf(objects: ReadonlyMap<string, KubeObject>, wishes: readonly Wish[]): Changes {
  const changes: Record<string, Changes[string]> = {};
  const all = [...objects];
  for (const { workload: which, image: version, container, annotation } of wishes) {
    const [name, object] = all[which % all.length] ?? [];
    if (name === undefined || !object) continue;
    const list = containersOf(object);
    const { name: of = '', image: from = '' } = list[container % list.length] ?? {};
    const named = /^(?:[^/]*\/)?[^:@]*/.exec(from)?.[0];
    const annotations = annotation === undefined ? {} : { annotations: { 'fluxcd.io/automated': annotation, own: annotation } };
    changes[name] = { images: { [of]: `${named}${version}` }, ...annotations };
  }
  return changes;
}

/** The changes that take others back. */
function backOf(objects: ReadonlyMap<string, KubeObject>, changes: Changes): Changes {
  return Object.fromEntries(
    Object.entries(changes).map(([name, { images = {}, annotations = {} }]) => {
      const object = objects.get(name);
      const before = object ? containersOf(object) : [];
      const old = object?.metadata.annotations ?? {};
      return [
        name,
        {
          images: Object.fromEntries(before.filter((each) => each.name in images).map((each) => [each.name, each.image])),
          annotations: Object.fromEntries(Object.keys(annotations).map((key) => [key, key in old ? String(old[key]) : null])),
        },
      ];
    }),
  );
}

test('an edit makes exactly the change, in its own files, once, and can be taken back', async () => {
  const outcomes = { edited: 0, refused: 0, back: 0 };
  await fc.assert(
    fc.asyncProperty(repositories, fc.array(wish, { minLength: 1, maxLength: 2 }), async (files, wishes) => {
      const opened = open();
      const tried = async (from: Entries, changes: Changes) => {
        try {
          return await edited(opened, from, changes);
        } catch (error) {
          if (!(error instanceof FluxError) || error.code !== 'kustomize/cannot-edit') throw error;
          return undefined;
        }
      };
      const before = await complete(files);
      const changes = changesOf(before, wishes);
      const edits = await tried(files, changes);
      if (!edits) {
        outcomes.refused += 1;
        return;
      }
      outcomes.edited += 1;
      expect(edits.filter(({ path }) => !OURS.includes(path))).toEqual([]);
      const after = withEdits(files, edits);
      const wanted = [...before].map(([name, object]) => [name, withWanted(object, changes[name] ?? {})]);
      expect(Object.fromEntries(await complete(after))).toEqual(Object.fromEntries(wanted));
      expect(await edited(opened, after, changes)).toEqual([]);
      const back = await tried(after, backOf(before, changes));
      if (!back) return;
      outcomes.back += 1;
      expect(Object.fromEntries(await complete(withEdits(after, back)))).toEqual(Object.fromEntries(before));
    }),
    { numRuns: RUNS },
  );
  console.log(`random overlays: ${outcomes.edited} edited, ${outcomes.back} of them and back, ${outcomes.refused} refused`);
  expect(outcomes.edited).toBeGreaterThan(RUNS / 2);
  expect(outcomes.back).toBeGreaterThan(outcomes.edited / 2);
}, 1_200_000);
