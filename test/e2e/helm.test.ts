import { symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

/** The program; this file runs only where there is one (test/manifests/helm/real/run.sh). */
const { TEST_HELM = '' } = process.env;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ARGS = ['--manifest-generation', '--generation-sandbox=best-effort', '--sync-garbage-collection', '--git-path=base,apps'];
const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

const TEMPLATE = lines(
  ...['apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  name: {{ .Release.Name }}', 'spec:', '  replicas: 0'],
  ...[
    '  selector: {matchLabels: {app: {{ .Release.Name }}}}',
    '  template:',
    '    metadata: {labels: {app: {{ .Release.Name }}}}',
  ],
  ...['    spec:', '      containers:', '      - name: web'],
  '        image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"',
);

/** A shop of two releases of one chart: one has its tag in a file, one that of the chart. */
async function chartedShop() {
  const folder = temporaryDirectory();
  symlinkSync(TEST_HELM, join(folder, 'helm'));
  const env = { PATH: [folder, process.env.PATH].join(delimiter) };
  const shop = world.namespace('helm');
  const name = world.unique('team');
  const image = `${world.registry}/${name}/web`;
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) await world.push(`${name}/web`, version, { version });
  const repository = await world.repository();
  const config = (...more: readonly string[]) =>
    lines('version: 1', 'helm:', '  chart: ../../charts/web', `  namespace: ${shop}`, ...more.map((line) => `  ${line}`));
  const first = await repository.commit('Open the shop', {
    'base/namespace.yaml': manifest.namespace(shop),
    'charts/web/Chart.yaml': lines('apiVersion: v2', 'name: web', 'version: 0.1.0', 'appVersion: 1.0.0'),
    'charts/web/values.yaml': lines('image:', `  repository: ${image}`, '  tag: ""'),
    'charts/web/templates/web.yaml': TEMPLATE,
    'apps/shop/.flux.yaml': config('valuesFiles: [values.yaml]'),
    'apps/shop/values.yaml': lines('# The tag of the shop.', 'image:', '  tag: "1.0.0" # by Flux'),
    'apps/blog/.flux.yaml': config(),
  });
  const fluxd = await world.fluxd(repository, { args: ARGS, env });
  const record = await repository.synced(first);
  const imageOf = async (of: string) => (await world.kube.get(path.deployment(shop, of))).spec.template.spec.containers[0].image;
  return { shop, image, repository, fluxd, first, record, imageOf };
}

describe('charts', () => {
  test('are applied; releases edit values of the folder alone, policies become patches, and automation goes on', async () => {
    const { shop, image, repository, fluxd, first, record, imageOf } = await chartedShop();
    expect(record.counts).toEqual({ created: 3 });
    expect([await imageOf('shop'), await imageOf('blog')]).toEqual([`${image}:1.0.0`, `${image}:1.0.0`]);

    const release = (of: string, version: string) =>
      fluxd.fluxctl('release', `--workload=${shop}:deployment/${of}`, `--update-image=${image}:${version}`);
    const released = await release('shop', '1.1.0');
    expect(released).toMatchObject({ code: 0 });
    expect(await release('blog', '1.1.0')).toMatchObject({ code: 0 });
    const policy = await fluxd.fluxctl('policy', `--workload=${shop}:deployment/shop`, '--automate', '--tag-all=semver:*');
    expect(policy).toMatchObject({ code: 0 });
    await until('automation has committed', async () => (await repository.text('apps/shop/values.yaml')).includes('1.2.0'));
    await repository.synced(repository.head());
    expect([await imageOf('shop'), await imageOf('blog')]).toEqual([`${image}:1.2.0`, `${image}:1.1.0`]);

    const changed = await repository.git('diff', '--name-only', first, 'main');
    expect(changed.trim().split('\n')).toEqual(['apps/blog/.flux.yaml', 'apps/shop/flux-patch.yaml', 'apps/shop/values.yaml']);
    expect(await repository.text('apps/shop/values.yaml')).toBe(
      lines('# The tag of the shop.', 'image:', '  tag: "1.2.0" # by Flux'),
    );
    expect(await repository.text('apps/blog/.flux.yaml')).toContain(lines('  values:', '    image:', "      tag: '1.1.0'"));
    expect(await repository.text('apps/shop/flux-patch.yaml')).toContain("fluxcd.io/automated: 'true'");
  });

  test('whose image has no place in values are not released, with the reason', async () => {
    const { shop, image, repository, fluxd, imageOf } = await chartedShop();
    const fixed = await repository.commit('Write the image into the template', {
      'charts/web/templates/web.yaml': TEMPLATE.replace(/"\{\{ \.Values\.image\.repository.*"/, `${image}:1.0.0`),
    });
    await repository.synced(fixed);
    const refused = await fluxd.fluxctl('release', `--workload=${shop}:deployment/blog`, `--update-image=${image}:1.1.0`);
    expect(refused.code).toBe(1);
    expect(`${refused.stdout}${refused.stderr}`).toContain('no edit of apps/blog/.flux.yaml makes exactly this change');
    expect(await imageOf('blog')).toBe(`${image}:1.0.0`);
    expect(repository.head()).toBe(fixed);
  });
});
