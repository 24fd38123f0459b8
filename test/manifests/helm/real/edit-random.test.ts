import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dumpYaml, FluxError, type JsonMap } from '../../../../src/base/index.ts';
import { containersOf, type Manifest } from '../../../../src/resource/index.ts';
import { type Entries, lines } from '../../kustomize/checkout.ts';
import { type Changes, edited, nameOf, withEdits } from '../../kustomize/real/changes.ts';
import { open } from './program.ts';

const RUNS = process.env.FAULTS === 'all' ? 300 : 25;
const OURS = ['shop/.flux.yaml', 'shop/values.yaml'];

/** How a chart makes an image of the values below a key; the last has none of it in values. */
const SHAPES = {
  whole: { template: '{{ .image }}', values: (name: string, tag: string) => ({ image: `${name}:${tag}` }) },
  beside: { template: '{{ .image }}:{{ .tag }}', values: (image: string, tag: string) => ({ image, tag }) },
  split: {
    template: '{{ .image.repository }}:{{ .image.tag }}',
    values: (repository: string, tag: string) => ({ image: { repository, tag } }),
  },
  registry: {
    template: '{{ .registry }}/{{ .repository }}:{{ .tag }}',
    values: (repository: string, tag: string) => ({ registry: 'r.example.org', repository, tag }),
  },
  default: {
    template: '{{ .image.repository }}:{{ .image.tag | default "fallback" }}',
    values: (repository: string) => ({ image: { repository, tag: '' } }),
  },
  fixed: { template: 'fixed:1', values: () => ({}) },
} as const;

const tag = fc.constantFrom('1', '1.10', '0x1F', '1e3', 'yes', 'v2', '2026-01-01', '0755');
type Place = 'chart' | 'shared' | 'file' | 'inline';
const container = fc.record({
  shape: fc.constantFrom<keyof typeof SHAPES>('whole', 'beside', 'split', 'registry', 'default', 'fixed'),
  name: fc.constantFrom('nginx', 'team/web'),
  tag,
  /** Several containers may have their image from the values below one key. */
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  where: fc.constantFrom<Place>('chart', 'shared', 'file', 'inline'),
});

const repositories = fc
  .array(fc.array(container, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
  .map((workloads) => {
    // What a key has, the first that uses it says.
    const keys = new Map<string, (typeof workloads)[number][number]>();
    for (const each of workloads.flat()) if (!keys.has(each.key)) keys.set(each.key, each);
    const valuesIn = (where: Place): JsonMap => {
      const all = [...keys].filter(([, each]) => each.where === where);
      return Object.fromEntries(all.map(([key, each]) => [key, SHAPES[each.shape].values(each.name, each.tag)]));
    };
    const templates = workloads.map((containers, n) =>
      lines(
        ...[
          'apiVersion: apps/v1',
          'kind: Deployment',
          `metadata: {name: w${n}}`,
          'spec:',
          '  template:',
          '    spec:',
          '      containers:',
        ],
        ...containers.flatMap(({ key }, index) => [
          `      - name: c${index}`,
          `        image: "{{ with .Values.${key} | default dict }}${SHAPES[keys.get(key)?.shape ?? 'fixed'].template}{{ end }}"`,
        ]),
      ),
    );
    const files: Entries = {
      'chart/Chart.yaml': lines('apiVersion: v2', 'name: web', 'version: 1.0.0'),
      'chart/values.yaml': dumpYaml(valuesIn('chart')),
      ...Object.fromEntries(templates.map((text, n) => [`chart/templates/w${n}.yaml`, text])),
      'shared.yaml': dumpYaml({ ...valuesIn('shared'), z: 1 }),
      'shop/values.yaml': `# ours\n${dumpYaml({ ...valuesIn('file'), z: 2 })}`,
      'shop/.flux.yaml': dumpYaml({
        version: 1,
        helm: { chart: '../chart', valuesFiles: ['../shared.yaml', 'values.yaml'], values: { ...valuesIn('inline'), z: 3 } },
      }),
    };
    return files;
  });
const wish = fc.record({ workload: fc.nat(), container: fc.nat(), to: tag });

const imagesOf = (manifests: readonly Manifest[]) =>
  Object.fromEntries(
    manifests.map((each) => [
      nameOf(each),
      Object.fromEntries(containersOf(each.object).map(({ name, image }) => [name, image])),
    ]),
  );

test('an edit makes exactly the change, in files of the folder alone, once, and can be taken back', async () => {
  const outcomes = { edited: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(repositories, fc.array(wish, { minLength: 1, maxLength: 2 }), async (files, wishes) => {
      const opened = open();
      const { manifests, errors } = await opened.read(files);
      expect(errors).toEqual([]);
      const before = imagesOf(manifests);
      const changes: Record<string, { images: Record<string, string> }> = {};
      for (const { workload, container: which, to } of wishes) {
        const [name, images] = Object.entries(before)[workload % manifests.length] ?? [];
        const [of, from] = Object.entries(images ?? {})[which % Object.keys(images ?? {}).length] ?? [];
        if (name === undefined || of === undefined || !from) continue;
        changes[name] = { images: { ...changes[name]?.images, [of]: from.replace(/:[^:/]*$/, `:${to}`) } };
      }
      if (Object.keys(changes).length === 0) return;
      const tried = async (from: Entries, wanted: Changes) => {
        try {
          return await edited(opened, from, wanted);
        } catch (error) {
          if (!(error instanceof FluxError) || error.code !== 'helm/cannot-edit') throw error;
          return undefined;
        }
      };
      const edits = await tried(files, changes);
      if (!edits) {
        outcomes.refused += 1;
        return;
      }
      outcomes.edited += 1;
      expect(edits.filter(({ path }) => !OURS.includes(path))).toEqual([]);
      const after = withEdits(files, edits);
      const wanted = Object.entries(before).map(([name, images]) => [name, { ...images, ...changes[name]?.images }]);
      expect(imagesOf((await opened.read(after)).manifests)).toEqual(Object.fromEntries(wanted));
      expect(await edited(opened, after, changes)).toEqual([]);
      const back = await edited(
        opened,
        after,
        Object.fromEntries(Object.keys(changes).map((name) => [name, { images: before[name] ?? {} }])),
      );
      expect(imagesOf((await opened.read(withEdits(after, back))).manifests)).toEqual(before);
    }),
    { numRuns: RUNS },
  );
  console.log(`random charts: ${outcomes.edited} edited, ${outcomes.refused} refused`);
  expect(outcomes.edited).toBeGreaterThan(RUNS / 3);
}, 1_200_000);
