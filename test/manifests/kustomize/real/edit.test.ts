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
])('%s', async (_, files, changes, expected) => {
  const opened = open();
  const edits = await edited(opened, files, changes);
  expect(Object.fromEntries(edits.map(({ path, content }) => [path, content]))).toEqual(expected);
  expect(await edited(opened, withEdits(files, edits), changes)).toEqual([]);
});
