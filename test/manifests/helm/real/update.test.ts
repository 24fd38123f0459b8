import { expect, test } from 'vitest';
import type { ResourceId } from '../../../../src/resource/index.ts';
import { editImages, writeImages } from '../../../../src/update/edit.ts';
import { planUpdate, type UpdateContext, type WorkloadResult } from '../../../../src/update/index.ts';
import { idOf } from '../../../update/repository.ts';
import { contextOf } from '../../../update/world.ts';
import { lines, revisionOf } from '../../kustomize/checkout.ts';
import { workload } from '../../kustomize/real/changes.ts';
import { open } from './program.ts';

type Files = Readonly<Record<string, string>>;

const TEMPLATE = lines(
  ...['apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  name: {{ .Release.Name }}'],
  ...['  labels: {app.kubernetes.io/version: {{ .Values.label | default .Values.image.tag | quote }}}', 'spec:', '  template:'],
  ...[
    '    spec:',
    '      containers:',
    '      - name: c',
    '        image: {{ .Values.image.repository }}:{{ .Values.image.tag }}',
  ],
);
const named = (...more: readonly string[]) =>
  lines('version: 1', 'helm:', '  chart: ../chart', ...more.map((line) => `  ${line}`));
const FILES: Files = {
  'chart/Chart.yaml': lines('apiVersion: v2', 'name: web', 'version: 1.0.0'),
  'chart/values.yaml': 'label: ""\nimage: {repository: nginx, tag: v1}\n',
  'chart/templates/web.yaml': TEMPLATE,
  'one/.flux.yaml': named('values: {label: one}'),
  'two/.flux.yaml': named('valuesFiles: [values.yaml]'),
  'two/values.yaml': 'label: two\n',
  'plain/job.yaml': workload('job', { c: 'nginx:v1' }),
};

/** A revision that is read and rendered, as updates are planned on it. */
async function contextFor(files: Files): Promise<UpdateContext> {
  const { manifests, read } = open();
  const { manifests: all, errors } = await read(files);
  expect(errors).toEqual([]);
  return {
    ...contextOf({ files, manifests: {}, running: [], registry: {} }),
    manifests: new Map(all.map((manifest) => [idOf(manifest.object), manifest])),
    desired: manifests,
    revision: revisionOf(files),
  };
}

const release = (all: Readonly<Record<ResourceId, string>>) =>
  new Map<ResourceId, WorkloadResult>(
    Object.entries(all).map(([id, Target]) => [
      id as ResourceId,
      { Status: 'success', PerContainer: [{ Container: 'c', Current: 'nginx:v1', Target }] },
    ]),
  );
const textsOf = (edits: readonly { readonly path: string; readonly content: string }[]) =>
  Object.fromEntries(edits.map(({ path, content }) => [path, content]));

test('a release of two charts and of a file is verified as one, also where it edits a config file', async () => {
  const edits = await writeImages(
    release({ 'default:deployment/one': 'nginx:v2', 'default:deployment/two': 'nginx:v3', 'default:deployment/job': 'nginx:v4' }),
    await contextFor(FILES),
  );
  expect(textsOf(edits)).toEqual({
    'one/.flux.yaml': named('values: {label: one, image: {tag: v2}}'),
    'two/values.yaml': 'label: two\nimage:\n  tag: v3\n',
    'plain/job.yaml': FILES['plain/job.yaml']?.replace('nginx:v1', 'nginx:v4'),
  });
});

test('a label that shows the tag is released where helm.images names the path, and fails alone elsewhere', async () => {
  const files = {
    ...FILES,
    'one/.flux.yaml': named(),
    'two/.flux.yaml': named('images: {c: {repository: image.repository, tag: image.tag}}'),
  };
  const results = release({ 'default:deployment/one': 'nginx:v2', 'default:deployment/two': 'nginx:v2' });
  const { edits, failure } = await editImages(results, await contextFor(files));
  expect(textsOf(edits)).toEqual({
    'two/.flux.yaml': `${files['two/.flux.yaml']}  values:\n    image:\n      tag: v2\n`,
  });
  expect(failure?.message).toBe(
    'applying changes: updating resource default:deployment/one in one/.flux.yaml: no edit of one/.flux.yaml makes exactly this change: deployment/one would change as well in metadata.labels.app.kubernetes.io/version; helm.images in one/.flux.yaml can say where the image is',
  );
  expect([...results].map(([id, { Status }]) => [id, Status])).toEqual([
    ['default:deployment/one', 'failed'],
    ['default:deployment/two', 'success'],
  ]);
});

test('a policy is a patch, and one that is there already is skipped', async () => {
  const policy = {
    type: 'policy' as const,
    cause: { Message: '', User: '' },
    spec: { 'default:deployment/one': { add: { locked: 'true' }, remove: {} } },
  };
  const planned = await planUpdate(policy, await contextFor(FILES));
  expect(planned.edits.map(({ path }) => path)).toEqual(['one/flux-patch.yaml']);
  const again = await planUpdate(policy, await contextFor({ ...FILES, ...textsOf(planned.edits) }));
  expect(again).toMatchObject({ edits: [], result: { 'default:deployment/one': { Status: 'skipped' } } });
});
