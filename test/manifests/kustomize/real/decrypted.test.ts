import { expect, test } from 'vitest';
import type { ObjectChange } from '../../../../src/manifests/index.ts';
import type { Manifest } from '../../../../src/resource/index.ts';
import { leaksOf, plant } from '../../../support/canaries.ts';
import { enc, encrypted, imitatedDecrypter } from '../../decryption/imitation.ts';
import { type Entries, revisionOf } from '../checkout.ts';
import { open } from './program.ts';

const container = (name: string, value: string) =>
  `{ name: ${name}, image: acme/${name}:1, env: [{ name: TOKEN, value: ${enc(value)} }] }`;
const workload = (apiVersion: string, kind: string, value: string) =>
  encrypted(
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n    name: web\nspec:\n    selector:\n        matchLabels: { app: web }\n    template:\n        metadata:\n            labels: { app: web }\n        spec:\n            containers: [${container('web', value)}, ${container('helper', value)}]\n`,
  );

const unit = (resource: string, token: string, kustomization = ''): Entries => ({
  'app/kustomization.yaml': `namePrefix: a-\nresources: [web.yaml]\nsecretGenerator: [{ name: s, envs: [s.env] }]\n${kustomization}`,
  'app/web.yaml': resource,
  'app/s.env': `TOKEN=${enc(token)}\nsops_mac=${enc('mac')}\n`,
});

/** What an edit of a workload of a unit writes. */
async function editsOf(entries: Entries, change: ObjectChange['change']) {
  const { manifests, read } = open({ decrypter: imitatedDecrypter() });
  const state = await read(entries);
  expect(state.errors).toEqual([]);
  expect(state.manifests.map(({ confidential }) => confidential)).toEqual(['all', 'all']);
  const manifest = state.manifests.find(({ object }) => object.kind !== 'Secret') as Manifest;
  const changes = [{ id: 'default:deployment/a-web', manifest, change }];
  const edits = await manifests.editUnit('app/kustomization.yaml', changes, { ...revisionOf(entries), edits: [] });
  return { state, edits };
}

const image = { kind: 'images', images: new Map([['web', 'acme/web:2']]) } as const;
const annotation = { kind: 'annotations', annotations: new Map([['fluxcd.io/automated', 'true']]) } as const;

test('kustomize builds what is decrypted, and an image is changed beside it', async () => {
  const planted = plant('env of the workload', 'file of the generator');
  const entries = unit(workload('apps/v1', 'Deployment', planted['env of the workload']), planted['file of the generator']);
  const { state, edits } = await editsOf(entries, image);
  const token = Buffer.from(planted['file of the generator']).toString('base64');
  expect(state.manifests.find(({ object }) => object.kind === 'Secret')?.object.data).toEqual({ TOKEN: token });
  expect(edits).toMatchObject([{ path: 'app/kustomization.yaml', content: expect.stringMatching(/newTag: ['"]?2/) }]);
  expect(leaksOf(planted, new Map([['edits', JSON.stringify(edits)]]))).toEqual([]);
});

test('a policy goes into a patch that has nothing but names', async () => {
  const planted = plant('env of the workload', 'file of the generator');
  const entries = unit(workload('apps/v1', 'Deployment', planted['env of the workload']), planted['file of the generator']);
  const { edits } = await editsOf(entries, annotation);
  expect(edits.map(({ path }) => path).sort()).toEqual(['app/flux-patch.yaml', 'app/kustomization.yaml']);
  expect(leaksOf(planted, new Map([['edits', JSON.stringify(edits)]]))).toEqual([]);
});

test('a change that needs a patch with whole lists of a decrypted object is refused', async () => {
  const planted = plant('env of the workload', 'file of the generator');
  const resource = workload('apps.kruise.io/v1alpha1', 'CloneSet', planted['env of the workload']).replaceAll(
    'acme/helper',
    'acme/web',
  );
  const entries = unit(resource, planted['file of the generator']);
  await expect(editsOf(entries, image)).rejects.toMatchObject({
    code: 'decryption/edit-refused',
    message: 'the edit would write what may be decrypted',
  });
});
