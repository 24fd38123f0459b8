import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockText } from '../../../../src/manifests/index.ts';
import type { RemoteChart } from '../../../../src/resource/index.ts';
import { startRegistry } from '../../../../src/sim/index.ts';
import { ChartHost, setup } from '../../../registry-watch/charts/chart-host.ts';
import { leaksOf, plant } from '../../../support/canaries.ts';
import { open } from './program.ts';

const CONFIG_MAP = (name: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  text: {{ .Values.text }}\n`;
const chart = (name: string, version: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: ${version}\n${more}`;

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'flux-helm-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** As a person with Helm. */
async function helm(cwd: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.env.TEST_HELM ?? '', args, { cwd, env: { HOME: cwd, PATH: process.env.PATH } });
}

/** Versions of a chart with a subchart, packed by Helm, of which a part is ignored. */
async function packages(): Promise<string> {
  const folder = folderOf({
    'sub/Chart.yaml': chart('sub', '0.1.0'),
    'sub/values.yaml': 'text: of the subchart\n',
    'sub/templates/sub.yaml': CONFIG_MAP('sub'),
    'web/.helmignore': 'notes/\n',
    'web/notes/a': 'x',
    'web/values.yaml': 'text: of the chart\n',
    'web/templates/web.yaml': CONFIG_MAP('{{ .Chart.Version | replace "+" "-" }}'),
    'web/crds/a.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: tests.example.org}\n',
  });
  const dependencies = 'dependencies:\n- {name: sub, version: 0.1.0, repository: "file://../sub"}\n';
  for (const version of ['1.0.0', '1.2.0+build.5', '2.0.0']) {
    writeFileSync(join(folder, 'web/Chart.yaml'), chart('web', version, dependencies));
    await helm(folder, 'dependency', 'build', 'web');
    await helm(folder, 'package', 'web', '--destination', 'packages');
  }
  return folder;
}

/** What the lock of a chart renders, as it is resolved. */
async function rendered(wanted: RemoteChart & { readonly version: string }, written: string) {
  const { archives } = setup();
  const locked = await archives.resolve(wanted);
  const { read } = open({ archives, verbatim: true });
  const { manifests, errors } = await read({
    'shop/.flux.yaml': `version: 1\nhelm:\n  chart: ${written}\n  version: ${JSON.stringify(wanted.version)}\n  values: {sub: {text: of the config}}\n`,
    'shop/.flux.lock': lockText(locked),
  });
  expect(errors).toEqual([]);
  const texts = manifests.flatMap(({ object }) => (object.kind === 'ConfigMap' ? [[object.metadata.name, object.data]] : []));
  return { version: locked.version, kinds: manifests.length, texts: Object.fromEntries(texts) };
}

const expected = (version: string) => ({
  version,
  kinds: 3,
  texts: { [version.replace('+', '-')]: { text: 'of the chart' }, sub: { text: 'of the config' } },
});

describe('a chart that Helm packed', () => {
  test('and pushed to a registry is rendered', async () => {
    const folder = await packages();
    const registry = await startRegistry();
    onTestFinished(() => registry.stop());
    for (const version of ['1.0.0', '1.2.0+build.5', '2.0.0'])
      await helm(folder, 'push', `packages/web-${version}.tgz`, `oci://${registry.host}/charts`, '--plain-http');
    const url = `oci://${registry.host}/charts/web`;
    expect(await rendered({ kind: 'oci', url, version: '^1.0' }, url)).toEqual(expected('1.2.0+build.5'));
    expect(await rendered({ kind: 'oci', url, version: '1.0.0' }, url)).toEqual(expected('1.0.0'));
    registry.requests.length = 0;
    await rendered({ kind: 'oci', url, version: '2.0.0' }, url);
    expect(registry.requests.map(({ path }) => path.replace(/[0-9a-f]{64}/, 'DIGEST'))).toEqual([
      '/v2/charts/web/manifests/2.0.0',
      '/v2/charts/web/blobs/sha256:DIGEST',
    ]);
  });

  test('and listed in a repository is rendered', async () => {
    const folder = await packages();
    await helm(folder, 'repo', 'index', 'packages');
    const host = await ChartHost.start();
    for (const name of ['index.yaml', 'web-1.0.0.tgz', 'web-1.2.0+build.5.tgz', 'web-2.0.0.tgz'])
      host.files.set(`/stable/${name}`, readFileSync(join(folder, 'packages', name)));
    const repository = `http://${host.host}/stable`;
    const written = `{repository: "${repository}", name: web}`;
    for (const [version, found] of [
      ['<2', '1.2.0+build.5'],
      ['1.0.0', '1.0.0'],
      ['*', '2.0.0'],
    ] as const)
      expect(await rendered({ kind: 'repository', repository, name: 'web', version }, written)).toEqual(expected(found));
    await helm(folder, 'repo', 'index', 'packages', '--json');
    host.files.set('/stable/index.yaml', readFileSync(join(folder, 'packages/index.yaml')));
    expect(await rendered({ kind: 'repository', repository, name: 'web', version: '<2' }, written)).toEqual(
      expected('1.2.0+build.5'),
    );
  });

  test('and that fails is shown with its place, and without values', async () => {
    const planted = plant('value');
    const folder = folderOf({
      'web/Chart.yaml': chart('web', '1.0.0'),
      'web/templates/web.yaml': '{{ fail (printf "bad text %s" .Values.secret) }}\n',
    });
    await helm(folder, 'package', 'web');
    const host = await ChartHost.start();
    const locked = host.push('1.0.0', readFileSync(join(folder, 'web-1.0.0.tgz')));
    const { read } = open({ archives: setup().archives });
    const { errors } = await read({
      'shop/.flux.yaml': `version: 1\nhelm:\n  chart: ${locked.url}\n  version: 1.0.0\n  values: {secret: ${planted.value}}\n`,
      'shop/.flux.lock': lockText(locked),
    });
    const said = String(errors[0]?.error.message);
    expect(said).toContain('execution error: bad text in web/templates/web.yaml:1');
    expect(leaksOf(planted, new Map([['error', said]]))).toEqual([]);
  });
});
