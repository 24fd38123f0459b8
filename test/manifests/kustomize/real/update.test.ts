import { expect, test } from 'vitest';
import type { ResourceId } from '../../../../src/resource/index.ts';
import { editImages, writeImages } from '../../../../src/update/edit.ts';
import { planUpdate, type UpdateContext, type WorkloadResult } from '../../../../src/update/index.ts';
import { idOf } from '../../../update/repository.ts';
import { contextOf } from '../../../update/world.ts';
import { lines, revisionOf } from '../checkout.ts';
import { workload } from './changes.ts';
import { open } from './program.ts';

type Files = Readonly<Record<string, string>>;

const FILES: Files = {
  'base/kustomization.yaml': 'resources: [web.yaml, api.yaml]\n',
  'base/web.yaml': workload('web', { c: 'nginx:1' }),
  'base/api.yaml': workload('api', { c: 'api:1' }),
  'one/kustomization.yaml': 'resources: [../base]\nnamespace: one\n',
  'two/kustomization.yaml': 'resources: [../base]\nnamespace: two\n',
  'plain/job.yaml': workload('job', { c: 'nginx:1' }),
};

/** A revision that is read and built, as updates are planned on it. */
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

const update = (Target: string): WorkloadResult => ({
  Status: 'success',
  PerContainer: [{ Container: 'c', Current: 'nginx:1', Target }],
});
const release = (all: Readonly<Record<ResourceId, string>>) =>
  new Map<ResourceId, WorkloadResult>(Object.entries(all).map(([id, target]) => [id as ResourceId, update(target)]));
const policy = (...ids: readonly ResourceId[]) => ({
  type: 'policy' as const,
  cause: { Message: '', User: '' },
  spec: Object.fromEntries(ids.map((id) => [id, { add: { locked: 'true' }, remove: {} }])),
});

test('a release of workloads of two units and of a file is verified as one', async () => {
  const edits = await writeImages(
    release({ 'one:deployment/web': 'nginx:v2', 'two:deployment/api': 'api:v2', 'default:deployment/job': 'nginx:v3' }),
    await contextFor(FILES),
  );
  expect(Object.fromEntries(edits.map(({ path, content }) => [path, content]))).toEqual({
    'one/kustomization.yaml': `${FILES['one/kustomization.yaml']}images:\n- name: nginx\n  newTag: v2\n`,
    'two/kustomization.yaml': `${FILES['two/kustomization.yaml']}images:\n- name: api\n  newTag: v2\n`,
    'plain/job.yaml': FILES['plain/job.yaml']?.replace('nginx:1', 'nginx:v3'),
  });
});

test('a policy is a patch, and one that is there already is skipped', async () => {
  const planned = await planUpdate(policy('one:deployment/web', 'one:deployment/api'), await contextFor(FILES));
  const patch = (name: string) =>
    lines(
      '---',
      'apiVersion: apps/v1',
      'kind: Deployment',
      'metadata:',
      '  annotations:',
      "    fluxcd.io/locked: 'true'",
      `  name: ${name}`,
    );
  expect(planned.edits).toEqual([
    { path: 'one/flux-patch.yaml', content: `${patch('api')}${patch('web')}` },
    { path: 'one/kustomization.yaml', content: `${FILES['one/kustomization.yaml']}patches:\n- path: flux-patch.yaml\n` },
  ]);
  const after = { ...FILES, ...Object.fromEntries(planned.edits.map(({ path, content }) => [path, content])) };
  const again = await planUpdate(policy('one:deployment/web'), await contextFor(after));
  expect(again).toMatchObject({ edits: [], result: { 'one:deployment/web': { Status: 'skipped' } } });
});

test('of two units, the workload that cannot be edited fails alone', async () => {
  const pinned = {
    ...FILES,
    'two/kustomization.yaml': lines(
      'resources: [../base]',
      'namespace: two',
      'configMapGenerator: [{ name: v, literals: [image=nginx:1] }]',
      'replacements:',
      '- source: { kind: ConfigMap, name: v, fieldPath: data.image }',
      '  targets: [{ select: { name: web }, fieldPaths: [spec.template.spec.containers.0.image] }]',
    ),
  };
  const results = release({
    'one:deployment/web': 'nginx:v2',
    'two:deployment/web': 'nginx:v2',
    'two:deployment/api': 'api:v2',
  });
  const { edits, failure } = await editImages(results, await contextFor(pinned));
  expect(failure?.message).toBe(
    'applying changes: updating resource two:deployment/web in two/kustomization.yaml: no edit of two/kustomization.yaml makes exactly this change: deployment/web would not be as wanted in spec.template.spec.containers.0.image',
  );
  expect([...results].map(([id, { Status }]) => [id, Status])).toEqual([
    ['one:deployment/web', 'success'],
    ['two:deployment/web', 'failed'],
    ['two:deployment/api', 'success'],
  ]);
  expect(edits).toEqual([
    { path: 'one/kustomization.yaml', content: `${FILES['one/kustomization.yaml']}images:\n- name: nginx\n  newTag: v2\n` },
    { path: 'two/kustomization.yaml', content: `${pinned['two/kustomization.yaml']}images:\n- name: api\n  newTag: v2\n` },
  ]);
});

test('what an edit changes in another unit is rejected by the check of the revision', async () => {
  const files = {
    ...FILES,
    'three/kustomization.yaml': 'resources: [copy.yaml]\n',
    'three/copy.yaml': workload('web', { c: 'x:1' }),
  };
  const context = await contextFor(files);
  const desired = context.desired;
  if (!desired) throw new Error('no manifests');
  const elsewhere = { path: 'three/copy.yaml', content: workload('web', { c: 'x:2' }) };
  const leaking: UpdateContext = {
    ...context,
    desired: { ...desired, editUnit: async (...args) => [...(await desired.editUnit(...args)), elsewhere] },
  };
  await expect(writeImages(release({ 'one:deployment/web': 'nginx:v2' }), leaking)).rejects.toMatchObject({
    code: 'update/verification-failed',
    message: expect.stringContaining(
      'the image for container "c" in resource "<cluster>:deployment/web" should be "x:1", but is "x:2"',
    ),
  });
});

test('a workload that has its image already writes no file', async () => {
  const context = await contextFor(FILES);
  const edits = await writeImages(release({ 'one:deployment/web': 'nginx:1', 'two:deployment/web': 'nginx:v2' }), context);
  expect(edits.map(({ path }) => path)).toEqual(['two/kustomization.yaml']);
});
