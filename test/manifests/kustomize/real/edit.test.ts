import { expect, test } from 'vitest';
import { type Entries, lines } from '../checkout.ts';
import { type Changes, edited, withEdits, workload } from './changes.ts';
import { open } from './program.ts';

const K = 'top/kustomization.yaml';
const PATCH = 'top/flux-patch.yaml';
const BASE: Entries = {
  'base/kustomization.yaml': 'resources: [web.yaml]\n',
  'base/web.yaml': workload('web', { c: 'nginx:1.0', side: 'envoy:1' }, { init: 'busybox:1' }),
};
const overlay = (...all: readonly string[]): Entries => ({ ...BASE, [K]: lines(...all) });
const TWO: Entries = {
  'base/kustomization.yaml': 'resources: [web.yaml, api.yaml]\n',
  'base/web.yaml': workload('web', { c: 'nginx:1.0', side: 'envoy:1' }),
  'base/api.yaml': workload('api', { c: 'nginx:1.0', own: 'api:1' }),
  [K]: lines('resources:', '- ../base'),
};
const REFERS = lines('resources:', '- ../base', 'patches:', '- path: flux-patch.yaml');
const patchOf = (name: string, ...spec: readonly string[]) =>
  lines('---', 'apiVersion: apps/v1', 'kind: Deployment', 'metadata:', `  name: ${name}`, ...spec);
const pod = (...all: readonly string[]) => ['spec:', '  template:', '    spec:', ...all.map((line) => `      ${line}`)];
const image = (image: string): Changes => ({ 'deployment/web': { images: { c: image } } });
const annotation = (key: string, value: string | null): Changes => ({ 'deployment/web': { annotations: { [key]: value } } });
const annotated = (...all: readonly string[]) =>
  patchOf('web').replace('  name', `  annotations:\n${all.map((line) => `    ${line}\n`).join('')}  name`);
const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each<[string, Entries, Changes, Readonly<Record<string, string>>]>([
  [
    'the tag in place',
    overlay('resources: [../base]', 'images:', '- name: nginx', '  newTag: "1.0" # keep'),
    image('nginx:1.1'),
    { [K]: lines('resources: [../base]', 'images:', '- name: nginx', '  newTag: "1.1" # keep') },
  ],
  [
    'a new entry',
    overlay('# ours', 'resources:', '- ../base # the base'),
    image('nginx:1.1'),
    { [K]: lines('# ours', 'resources:', '- ../base # the base', 'images:', '- name: nginx', "  newTag: '1.1'") },
  ],
  [
    'a new entry in a list',
    overlay('resources: [../base]', 'images:', '  - name: envoy', '    newTag: v2', '', '# end'),
    image('nginx:v2'),
    {
      [K]: lines(
        'resources: [../base]',
        'images:',
        '  - name: envoy',
        '    newTag: v2',
        '  - name: nginx',
        '    newTag: v2',
        '',
        '# end',
      ),
    },
  ],
  [
    'in one line',
    overlay('{resources: [../base]}'),
    image('nginx:v2'),
    { [K]: '{resources: [../base], images: [{name: nginx, newTag: v2}]}\n' },
  ],
  [
    'another name',
    overlay('resources: [../base]', 'images:', '- name: nginx', '  newName: r.example.org/nginx', '  newTag: v1'),
    image('r.example.org/nginx:v2'),
    { [K]: lines('resources: [../base]', 'images:', '- name: nginx', '  newName: r.example.org/nginx', '  newTag: v2') },
  ],
  [
    'a port in the name',
    {
      ...BASE,
      'base/web.yaml': workload('web', { c: 'r.example.org:5000/team/web:1' }),
      [K]: 'resources: [../base]\n',
    },
    image('r.example.org:5000/team/web:v2'),
    { [K]: lines('resources: [../base]', 'images:', '- name: r.example.org:5000/team/web', '  newTag: v2') },
  ],
  [
    'a tag instead of a digest',
    overlay('resources: [../base]', 'images:', `- digest: ${DIGEST}`, '  name: nginx'),
    image('nginx:v2'),
    { [K]: lines('resources: [../base]', 'images:', '- name: nginx', '  newTag: v2') },
  ],
  [
    'a tag with its digest',
    overlay('resources: [../base]'),
    image(`nginx:v2@${DIGEST}`),
    { [K]: lines('resources: [../base]', 'images:', `- digest: ${DIGEST}`, '  name: nginx', '  newTag: v2') },
  ],
  [
    'a container and an init container',
    overlay('resources: [../base]'),
    { 'deployment/web': { images: { init: 'busybox:v2', c: 'nginx:v2' } } },
    {
      [K]: lines('resources: [../base]', 'images:', '- name: nginx', '  newTag: v2', '- name: busybox', '  newTag: v2'),
    },
  ],
  [
    'an image that another workload has',
    TWO,
    image('nginx:v2'),
    { [K]: REFERS, [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')) },
  ],
  [
    'a later container keeps its place',
    { ...TWO, 'base/api.yaml': workload('api', { c: 'envoy:1' }) },
    { 'deployment/web': { images: { side: 'envoy:v2' } } },
    { [K]: REFERS, [PATCH]: patchOf('web', ...pod('containers:', '- name: c', '- image: envoy:v2', '  name: side')) },
  ],
  [
    'an image in a patch of fluxd, and another workload beside it',
    { ...TWO, [K]: REFERS, [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')) },
    { 'deployment/api': { images: { c: 'nginx:v3', own: 'api:v2' } }, 'deployment/web': { images: { c: 'nginx:v3' } } },
    { [K]: `${REFERS}${lines('images:', '- name: nginx', '  newTag: v3', '- name: api', '  newTag: v2')}` },
  ],
  [
    'of two workloads, one by images and one by a patch',
    TWO,
    { 'deployment/web': { images: { c: 'nginx:v2' } }, 'deployment/api': { images: { own: 'api:v2' } } },
    {
      [K]: `${REFERS}${lines('images:', '- name: api', '  newTag: v2')}`,
      [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
  [
    'prefix, suffix and namespace',
    { ...TWO, [K]: lines('namePrefix: p-', 'nameSuffix: -s', 'namespace: shop', 'resources: [../base]') },
    { 'deployment/p-web-s': { images: { c: 'nginx:v2' } } },
    {
      [K]: lines(
        'namePrefix: p-',
        'nameSuffix: -s',
        'namespace: shop',
        'resources: [../base]',
        'patches:',
        '- path: flux-patch.yaml',
      ),
      [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
  [
    'prefixes in a row',
    {
      ...BASE,
      'a/kustomization.yaml': 'namePrefix: a-\nresources: [../base]\n',
      'b/kustomization.yaml': 'namePrefix: b-\nresources: [../base]\n',
      [K]: 'namePrefix: o-\nresources: [../a, ../b]\n',
    },
    { 'deployment/o-a-web': { images: { c: 'nginx:v2' } } },
    {
      [K]: lines('namePrefix: o-', 'resources: [../a, ../b]', 'patches:', '- path: flux-patch.yaml'),
      [PATCH]: patchOf('a-web', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
  [
    'a namespace in the base',
    { ...TWO, 'base/kustomization.yaml': 'namespace: shop\nresources: [web.yaml, api.yaml]\n' },
    { 'deployment/web': { images: { c: 'nginx:v2' } } },
    { [K]: REFERS, [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')) },
  ],
  [
    'two namespaces with one name',
    {
      ...BASE,
      'a/kustomization.yaml': 'namespace: a\nresources: [../base]\n',
      'b/kustomization.yaml': 'namespace: b\nresources: [../base]\n',
      [K]: 'resources: [../a, ../b]\n',
    },
    { 'deployment/web': { images: { c: 'nginx:v2' } } },
    {
      [K]: lines('resources: [../a, ../b]', 'patches:', '- path: flux-patch.yaml'),
      [PATCH]: patchOf('web', '  namespace: a', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
  [
    'an image of a component',
    {
      ...BASE,
      'part/kustomization.yaml': lines(
        'apiVersion: kustomize.config.k8s.io/v1alpha1',
        'kind: Component',
        'images: [{ name: nginx, newTag: v9 }]',
      ),
      [K]: 'resources: [../base]\ncomponents: [../part]\n',
    },
    image('nginx:v10'),
    { [K]: lines('resources: [../base]', 'components: [../part]', 'images:', '- name: nginx', '  newTag: v10') },
  ],
  [
    'an image of a patch of a person',
    {
      ...BASE,
      [K]: 'resources: [../base]\npatches:\n- path: p.yaml\n',
      'top/p.yaml': patchOf('web', ...pod('containers: [{ name: c, image: "nginx:v7" }]')),
    },
    image('nginx:v8'),
    { [K]: lines('resources: [../base]', 'patches:', '- path: p.yaml', 'images:', '- name: nginx', '  newTag: v8') },
  ],
  [
    'an image that a patch of a person shares',
    {
      ...TWO,
      [K]: 'resources: [../base]\npatches:\n- path: p.yaml\n',
      'top/p.yaml': patchOf('web', ...pod('containers: [{ name: side, tty: true }]')),
    },
    image('nginx:v8'),
    {
      [K]: lines('resources: [../base]', 'patches:', '- path: p.yaml', '- path: flux-patch.yaml'),
      [PATCH]: patchOf('web', ...pod('containers:', '- name: side', '- image: nginx:v8', '  name: c')),
    },
  ],
  [
    'a patch of a person in the file of fluxd',
    {
      ...TWO,
      [K]: REFERS,
      [PATCH]: lines(
        '# ours',
        'kind: Deployment',
        'apiVersion: apps/v1',
        'metadata:',
        '  name: web # web',
        ...pod('containers:', '- name: side', '  tty: true # for logs'),
      ),
    },
    { 'deployment/web': { images: { c: 'nginx:v8', side: 'envoy:v2' }, annotations: { a: 'b' } } },
    {
      [PATCH]: lines(
        '# ours',
        'kind: Deployment',
        'apiVersion: apps/v1',
        'metadata:',
        '  name: web # web',
        '  annotations:',
        '    a: b',
        ...pod('containers:', '- name: side', '  tty: true # for logs', '  image: envoy:v2', '- image: nginx:v8', '  name: c'),
      ),
    },
  ],
  [
    'a CronJob',
    {
      'base/kustomization.yaml': 'resources: [job.yaml, web.yaml]\n',
      'base/web.yaml': workload('web', { c: 'job:1' }),
      'base/job.yaml': lines(
        'apiVersion: batch/v1',
        'kind: CronJob',
        'metadata: { name: job }',
        'spec:',
        '  schedule: "0 0 * * *"',
        '  jobTemplate: { spec: { template: { spec: { containers: [{ name: c, image: "job:1" }] } } } }',
      ),
      [K]: 'resources: [../base]\n',
    },
    { 'cronjob/job': { images: { c: 'job:v2' } } },
    {
      [K]: lines('resources: [../base]', 'patches:', '- path: flux-patch.yaml'),
      [PATCH]: lines(
        '---',
        'apiVersion: batch/v1',
        'kind: CronJob',
        'metadata:',
        '  name: job',
        'spec:',
        '  jobTemplate:',
        ...pod('containers:', '- image: job:v2', '  name: c').map((line) => `    ${line}`),
      ),
    },
  ],
  [
    'a HelmRelease',
    {
      'base/kustomization.yaml': 'resources: [release.yaml]\n',
      'base/release.yaml': lines(
        'apiVersion: helm.fluxcd.io/v1',
        'kind: HelmRelease',
        'metadata: { name: web }',
        'spec:',
        '  releaseName: web',
        '  values:',
        '    replicas: 2',
        '    image: { repository: nginx, tag: "1.0" }',
      ),
      [K]: 'resources: [../base]\n',
    },
    { 'helmrelease/web': { images: { 'chart-image': 'nginx:v2' } } },
    {
      [K]: lines('resources: [../base]', 'patches:', '- path: flux-patch.yaml'),
      [PATCH]: lines(
        '---',
        'apiVersion: helm.fluxcd.io/v1',
        'kind: HelmRelease',
        'metadata:',
        '  name: web',
        'spec:',
        '  values:',
        '    image:',
        '      tag: v2',
      ),
    },
  ],
  [
    'an item of a list',
    {
      ...BASE,
      'base/kustomization.yaml': 'resources: [list.yaml]\n',
      'base/list.yaml': JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: ['web', 'api'].map((name) => ({
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name },
          spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:1.0' }] } } },
        })),
      }),
      [K]: 'namePrefix: p-\nresources: [../base]\n',
    },
    { 'deployment/p-web': { images: { c: 'nginx:v2' } } },
    {
      [K]: lines('namePrefix: p-', 'resources: [../base]', 'patches:', '- path: flux-patch.yaml'),
      [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
  [
    'a new annotation',
    overlay('resources: [../base]'),
    annotation('a', 'true'),
    { [K]: lines('resources: [../base]', 'patches:', '- path: flux-patch.yaml'), [PATCH]: annotated("a: 'true'") },
  ],
  [
    'another annotation',
    {
      ...overlay('resources: [../base]', 'patches: [{path: flux-patch.yaml}]'),
      [PATCH]: annotated("a: '1'", 'b: x'),
    },
    annotation('a', '2'),
    { [PATCH]: annotated("a: '2'", 'b: x') },
  ],
  [
    'an annotation less',
    {
      ...overlay('resources: [../base]', 'patches: [{path: flux-patch.yaml}]'),
      [PATCH]: annotated("a: '1'", 'b: x'),
    },
    annotation('a', null),
    { [PATCH]: annotated('b: x') },
  ],
  [
    'no annotation left',
    {
      ...overlay('resources: [../base]', 'patches: [{path: flux-patch.yaml}]'),
      [PATCH]: annotated("a: '1'"),
    },
    annotation('a', null),
    { [PATCH]: patchOf('web').replace('---\n', '') },
  ],
  [
    'an annotation of the base',
    {
      ...overlay('resources: [../base]'),
      'base/web.yaml': workload('web', { c: 'nginx:1' }).replace('  name: web', '  name: web\n  annotations: { a: b, c: d }'),
    },
    annotation('a', null),
    { [K]: lines('resources: [../base]', 'patches:', '- path: flux-patch.yaml'), [PATCH]: annotated('a: null') },
  ],
  ['no annotation that is not there', overlay('resources: [../base]'), annotation('a', null), {}],
  [
    'kustomization.yml',
    { ...BASE, 'top/kustomization.yml': 'resources: [../base]\n' },
    { 'deployment/web': { images: { c: 'nginx:v2' }, annotations: { a: 'b' } } },
    {
      'top/kustomization.yml': lines(
        'resources: [../base]',
        'images:',
        '- name: nginx',
        '  newTag: v2',
        'patches:',
        '- path: flux-patch.yaml',
      ),
      [PATCH]: annotated('a: b'),
    },
  ],
  [
    'Kustomization with CRLF',
    { ...BASE, 'top/Kustomization': 'resources:\r\n- ../base\r\n' },
    { 'deployment/web': { images: { c: 'nginx:v2' }, annotations: { a: 'b' } } },
    {
      'top/Kustomization': lines(
        'resources:',
        '- ../base',
        'images:',
        '- name: nginx',
        '  newTag: v2',
        'patches:',
        '- path: flux-patch.yaml',
      ).replaceAll('\n', '\r\n'),
      [PATCH]: annotated('a: b'),
    },
  ],
  [
    'only comments below patches',
    { ...TWO, [K]: lines('resources: [../base]', 'patches:', '# - path: other.yaml') },
    image('nginx:v2'),
    {
      [K]: lines('resources: [../base]', 'patches:', '- path: flux-patch.yaml', '# - path: other.yaml'),
      [PATCH]: patchOf('web', ...pod('containers:', '- image: nginx:v2', '  name: c')),
    },
  ],
])('%s', async (_, files, changes, expected) => {
  const opened = open();
  const edits = await edited(opened, files, changes);
  expect(Object.fromEntries(edits.map(({ path, content }) => [path, content]))).toEqual(expected);
  expect(await edited(opened, withEdits(files, edits), changes)).toEqual([]);
});

const VALUE: Entries = overlay(
  'resources: [../base]',
  'configMapGenerator: [{ name: v, literals: [image=nginx:5] }]',
  'replacements:',
  '- source: { kind: ConfigMap, name: v, fieldPath: data.image }',
  '  targets: [{ select: { kind: Deployment }, fieldPaths: [spec.template.spec.containers.0.image] }]',
);

test.each<[string, Entries, Changes, string]>([
  ['an image of a replacement', VALUE, image('nginx:6'), 'deployment/web would not be as wanted'],
  [
    'one of two workloads whose image is pinned',
    { ...TWO, [K]: 'resources: [../base]\nimages: [{ name: nginx, newTag: v1 }]\n' },
    image('nginx:v2'),
    'deployment/web would not be as wanted',
  ],
  [
    'one of two that have a prefix',
    { ...TWO, [K]: 'resources: [../base]\nnamePrefix: p-\nimages: [{ name: nginx, newTag: v1 }]\n' },
    { 'deployment/p-web': { images: { c: 'nginx:v2' } } },
    'deployment/p-web would not be as wanted',
  ],
  [
    'patches with an anchor',
    { ...TWO, [K]: 'resources: [../base]\npatches: &p []\ncomponents: *p\n' },
    image('nginx:v2'),
    'flux-patch.yaml cannot be added to its patches',
  ],
  ['a patch file that is broken', { ...TWO, [PATCH]: 'a: [' }, image('nginx:v2'), 'document 1 of its patch file: '],
])('refused: %s', async (_, files, changes, why) => {
  await expect(edited(open(), files, changes)).rejects.toMatchObject({
    code: 'kustomize/cannot-edit',
    message: expect.stringContaining(`no edit of ${K} makes exactly this change: ${why}`),
  });
});
