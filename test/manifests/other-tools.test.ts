import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createManifests } from '../../src/manifests/index.ts';

async function warnings(files: Readonly<Record<string, string>>): Promise<readonly (readonly [file: string, message: string])[]> {
  const blobs = new Map(Object.values(files).map((text) => [createHash('sha1').update(text).digest('hex'), Buffer.from(text)]));
  const tree = Object.entries(files).map(([path, text]) => {
    const blob = createHash('sha1').update(text).digest('hex');
    return { path, mode: '100644', blob, size: Buffer.byteLength(text) };
  });
  const desired = await createManifests().read(tree, async (id) => blobs.get(id) ?? Buffer.alloc(0));
  expect(desired.errors).toEqual([]);
  return desired.warnings.map(({ file = '', error }) => [file, error.message]);
}

const configMap = (name: string, annotation = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${annotation && `  annotations: {${annotation}}\n`}`;
const KUSTOMIZATION = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\nnamePrefix: x-\n';
const LIST = (resources: string) =>
  `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [${resources}]\n`;
const many = (count: number, path: (n: number) => string, text: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [path(n), text(n)]));

const RAW = 'Kustomize is not run: files are applied without the patches, name prefixes and namespaces of';
const HOOKS = 'hooks and sync waves of Argo CD, and hooks of Helm, are not supported;';

test.each<[string, Readonly<Record<string, string>>, readonly (readonly [string, string])[]]>([
  ['plain manifests', { 'a.yaml': configMap('a') }, []],
  [
    'kustomizations, with and without a kind',
    { 'a/kustomization.yaml': KUSTOMIZATION, 'b/kustomization.yml': 'resources: [a.yaml]\n', 'b/a.yaml': configMap('a') },
    [['a/kustomization.yaml', `${RAW} a/kustomization.yaml, b/kustomization.yml`]],
  ],
  [
    'kustomizations that only list files, of their folder and of others',
    { 'a/kustomization.yaml': LIST('a.yaml, ./b'), 'b/kustomization.yaml': LIST('../a') },
    [['b/kustomization.yaml', `${RAW} b/kustomization.yaml`]],
  ],
  [
    'many kustomizations',
    many(
      9,
      (n) => `k${n}/kustomization.yaml`,
      () => KUSTOMIZATION,
    ),
    [['k0/kustomization.yaml', `${RAW} ${[0, 1, 2, 3, 4].map((n) => `k${n}/kustomization.yaml`).join(', ')} and 4 more`]],
  ],
  [
    'charts',
    { 'charts/x/Chart.yaml': 'name: x\n', 'charts/x/values.yaml': 'a: 1\n', 'charts/x/templates/a.yaml': '{{ x }}' },
    [['charts/x/Chart.yaml', 'Helm charts are skipped: charts/x/Chart.yaml']],
  ],
  [
    'a chart without values',
    { 'half/Chart.yaml': 'name: x\n', 'half/a.yaml': configMap('a') },
    [['half/Chart.yaml', 'Helm charts without values.yaml are not rendered; their files are read as manifests: half/Chart.yaml']],
  ],
  [
    'a hook of Argo CD',
    { 'a.yaml': configMap('a', 'argocd.argoproj.io/hook: PreSync') },
    [['a.yaml', `${HOOKS} an object with one is applied like all others: configmap/a in a.yaml:1 (document 1)`]],
  ],
  [
    'waves of Argo CD and hooks of Helm',
    { 'a.yaml': configMap('a', "argocd.argoproj.io/sync-wave: '1'"), 'b.yaml': configMap('b', 'helm.sh/hook: pre-install') },
    [
      [
        'a.yaml',
        `${HOOKS} 2 objects with one are applied like all others: configmap/a in a.yaml:1 (document 1), configmap/b in b.yaml:1 (document 1)`,
      ],
    ],
  ],
])('what other tools would make of files is told once: %s', async (_name, files, expected) => {
  expect(await warnings(files)).toEqual(expected);
});
