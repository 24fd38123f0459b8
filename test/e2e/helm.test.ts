import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { write } from '../git/support/work-tree.ts';
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
  return { shop, image, repository, fluxd, env, first, record, imageOf };
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

  test('of a registry are applied as they are locked, also when the tag has moved; images are released', async () => {
    const { shop, image, repository, fluxd, env, imageOf } = await chartedShop();
    const name = world.unique('charts');
    const registry = `--registry-insecure-host=${world.registry}`;
    const push = async (tag: string, replicas: number) => {
      const folder = temporaryDirectory();
      write(folder, {
        'web/Chart.yaml': lines('apiVersion: v2', 'name: web', `version: ${tag}`, 'appVersion: 1.0.0'),
        'web/values.yaml': lines('image:', `  repository: ${image}`, '  tag: ""'),
        'web/templates/web.yaml': TEMPLATE.replace('replicas: 0', `replicas: ${replicas}`),
      });
      const run = (...args: readonly string[]) =>
        promisify(execFile)(TEST_HELM, args, { cwd: folder, env: { ...env, HOME: folder } });
      await run('package', 'web');
      await run('push', `web-${tag}.tgz`, `oci://${world.registry}/${name}`, '--plain-http');
    };
    await push('1.0.0', 1);
    const config = lines(
      'version: 1',
      'helm:',
      `  chart: oci://${world.registry}/${name}/web`,
      '  version: ^1.0',
      `  namespace: ${shop}`,
    );
    const unlocked = await repository.commit('Take the chart of the registry', { 'apps/remote/.flux.yaml': config });
    await repository.synced(unlocked);
    expect(fluxd.log()).toContain(
      String.raw`run \"fluxctl render --update-lock apps/remote\", and commit apps/remote/.flux.lock`,
    );

    /** Locks in a clone, as a person does. */
    const lock = async () => {
      const clone = join(temporaryDirectory(), 'clone');
      await repository.git('clone', '--quiet', '--branch=main', repository.directory, clone);
      expect(await fluxd.fluxctl('render', '--update-lock', registry, join(clone, 'apps/remote'))).toMatchObject({ code: 0 });
      return readFileSync(join(clone, 'apps/remote/.flux.lock'), 'utf8');
    };
    const replicas = async () => (await world.kube.get(path.deployment(shop, 'remote'))).spec.replicas;
    await repository.synced(await repository.commit('Lock it', { 'apps/remote/.flux.lock': await lock() }));
    expect([await imageOf('remote'), await replicas()]).toEqual([`${image}:1.0.0`, 1]);

    await push('1.0.0', 5);
    await push('1.1.0', 2);
    await repository.synced(
      await repository.commit('Change something else', { 'base/more.yaml': manifest.namespace(world.namespace('more')) }),
    );
    expect(await replicas()).toBe(1);
    await repository.synced(await repository.commit('Update the lock', { 'apps/remote/.flux.lock': await lock() }));
    expect(await replicas()).toBe(2);

    const released = await fluxd.fluxctl('release', `--workload=${shop}:deployment/remote`, `--update-image=${image}:1.1.0`);
    expect(released).toMatchObject({ code: 0 });
    await until('the image is released', async () => (await imageOf('remote')) === `${image}:1.1.0`);
    expect(await repository.text('apps/remote/.flux.yaml')).toContain(lines('  values:', '    image:', "      tag: '1.1.0'"));
  });
});
