import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../git/support/repository.ts';
import { git, workTree, write } from '../git/support/work-tree.ts';
import { packedChart } from '../manifests/helm/archive/tarball.ts';
import { ChartHost, json } from '../registry-watch/charts/chart-host.ts';
import { leaksOf, plant } from '../support/canaries.ts';
import { fluxctl } from './daemon.ts';

/** A Helm that renders the name of the release and of the chart. */
function pathWithHelm(): string {
  const folder = temporaryDirectory();
  const output = 'apiVersion: v1\\nkind: ConfigMap\\nmetadata:\\n  name: %s\\n  namespace: shop\\ndata:\\n  chart: %s\\n';
  writeFileSync(join(folder, 'helm'), `#!/bin/sh\nprintf '${output}' "$2" "$3"\n`);
  chmodSync(join(folder, 'helm'), 0o755);
  return `${folder}:${process.env.PATH}`;
}

/** A repository that names a chart of a registry, and one of a chart repository. */
async function world() {
  const host = await ChartHost.start();
  const publish = async (version: string) => {
    const archive = await packedChart('web', { 'templates/a.yaml': `version: ${version}\n` });
    host.push(version, archive);
    host.add(version, archive);
    const versions = [...host.files.keys()].flatMap((path) => /^\/stable\/web-(.+)\.tgz$/.exec(path)?.[1] ?? []);
    const items = versions.map((each) => `  - version: ${each}\n    urls: [web-${each}.tgz]\n`);
    host.files.set('/stable/index.yaml', `entries:\n  web:\n${items.join('')}`);
  };
  await publish('1.0.0');
  const root = workTree({
    'prod/oci/.flux.yaml': `version: 1\nhelm: {chart: "oci://${host.host}/charts/web", version: ^1.0}\n`,
    'prod/http/.flux.yaml': `version: 1\nhelm: {chart: {repository: "http://${host.host}/stable", name: web}, version: "*"}\n`,
    'prod/plain.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, namespace: shop}\n',
    'charts/api/Chart.yaml': 'name: api\n',
    'other/.flux.yaml': 'version: 1\nhelm: {chart: ../charts/api}\n',
  });
  const env = { PATH: pathWithHelm() };
  const run = (...args: readonly string[]) => fluxctl(['render', '--registry-insecure-host=127.0.0.1', ...args], env);
  const lock = (folder: string) => readFileSync(join(root, folder, '.flux.lock'), 'utf8');
  return { host, publish, root, run, lock, env };
}

describe('fluxctl render --update-lock', () => {
  test('locks the newest versions that are allowed, says what changed, and what is locked is rendered', async () => {
    const { host, publish, root, run, lock } = await world();
    const before = await run(join(root, 'prod'), '-o', 'name');
    expect(before.code).toBe(1);
    expect(before.stderr.match(/run "fluxctl render --update-lock prod\/(?:oci|http)", and commit prod/g)).toHaveLength(2);
    expect(before.stdout).toContain('shop:configmap/plain');
    expect(host.requests).toEqual([]);

    const [oci, http] = [`oci://${host.host}/charts/web`, `web of http://${host.host}/stable`];
    expect(await run('--update-lock', join(root, 'prod'))).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `prod/http/.flux.lock: ${http} 1.0.0 (new)\nprod/oci/.flux.lock: ${oci} 1.0.0 (new)\n`,
    });
    expect(lock('prod/oci')).toMatch(
      /^# Written by fluxctl render --update-lock, and read by fluxd\.\nhelm:\n {2}chart: oci:.*\n {2}digest: sha256:[0-9a-f]{64}\n {2}version: '1\.0\.0'\nversion: 1\n$/,
    );

    const rendered = await run(join(root, 'prod'));
    expect({ code: rendered.code, stderr: rendered.stderr }).toEqual({ code: 0, stderr: '' });
    expect(rendered.stdout.match(/name: \w+/g)).toEqual(['name: plain', 'name: http', 'name: oci']);
    expect(rendered.stdout.match(/chart: .*/g)).toEqual(['chart: ./chart.tgz', 'chart: ./chart.tgz']);

    await publish('1.1.0');
    await publish('2.0.0');
    git(root, 'add', '--all');
    expect((await run('--update-lock', join(root, 'prod'))).stdout).toBe(
      `prod/http/.flux.lock: ${http} 1.0.0 → 2.0.0\nprod/oci/.flux.lock: ${oci} 1.0.0 → 1.1.0\n`,
    );
    expect((await run('--update-lock', join(root, 'prod/oci'))).stdout).toBe(`prod/oci/.flux.lock: ${oci} 1.1.0 (unchanged)\n`);
    host.push('1.1.0', await packedChart('web', { 'values.yaml': 'other: true\n' }));
    expect((await run('--update-lock', join(root, 'prod/oci'))).stdout).toBe(
      `prod/oci/.flux.lock: ${oci} 1.1.0 (another archive than before)\n`,
    );
  });

  test('keeps the lock of a chart that cannot be found, and updates the others', async () => {
    const { host, root, run, lock } = await world();
    await run('--update-lock', root);
    const kept = lock('prod/http');
    host.files.delete('/stable/index.yaml');
    write(root, { 'broken/.flux.yaml': 'version: 1\nhelm: {chart: "oci://a.example/web"}\n' });
    const { code, stdout, stderr } = await run('--update-lock', root);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^prod\/oci\/\.flux\.lock: .* \(unchanged\)\n$/);
    expect(stderr).toMatch(
      /^error broken\/\.flux\.yaml: .*helm\.version: required.*\nerror prod\/http\/\.flux\.yaml: GET http:.*index\.yaml: status 404\n$/s,
    );
    expect(lock('prod/http')).toBe(kept);
  });

  test('says so where no chart is from elsewhere', async () => {
    const { root, run } = await world();
    expect(await run('--update-lock', join(root, 'other'))).toMatchObject({
      code: 0,
      stdout: 'no .flux.yaml names a chart from elsewhere\n',
    });
  });

  test('writes through no link, and to no revision', async () => {
    const { root, run } = await world();
    const outside = join(temporaryDirectory(), 'lock');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, join(root, 'prod/oci/.flux.lock'));
    const { code, stderr } = await run('--update-lock', join(root, 'prod/oci'));
    expect(code).toBe(1);
    expect(stderr).toContain('cannot write');
    expect(readFileSync(outside, 'utf8')).toBe('mine');
    expect((await run('--update-lock', '--revision=HEAD', root)).stderr).toContain(
      '--update-lock writes files on disk, so it excludes --revision',
    );
  });

  test('contacts no host of the own network that is not allowed (S-012)', async () => {
    const { host, root, env } = await world();
    const { code, stderr } = await fluxctl(['render', '--update-lock', root], env);
    expect(code).toBe(1);
    expect(stderr).toContain(`${host.host} is not a public address`);
    expect(host.requests).toEqual([]);
  });

  test('uses the credentials of the Docker configuration, and shows none', async () => {
    const planted = plant('password');
    const { host, root, env } = await world();
    const docker = join(temporaryDirectory(), 'docker');
    mkdirSync(docker);
    const auth = Buffer.from(`me:${planted.password}`).toString('base64');
    writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths: { [host.host]: { auth } } }));
    const run = () =>
      fluxctl(['render', '--update-lock', '--registry-insecure-host=127.0.0.1', root], { ...env, DOCKER_CONFIG: docker });
    const allowed = await run();
    expect(allowed.code).toBe(0);
    expect(host.headers.map(({ authorization }) => authorization)).toContain(`Basic ${auth}`);
    host.intercept = ({ headers: { authorization } }, response) => {
      if (authorization === undefined) return false;
      json(response, 403, { errors: [{ code: 'DENIED', message: authorization }] });
      return true;
    };
    const denied = await run();
    expect(denied.code).toBe(1);
    const files = ['prod/oci', 'prod/http'].map((folder) => readFileSync(join(root, folder, '.flux.lock'), 'utf8'));
    const outputs = { allowed: allowed.stdout + allowed.stderr, denied: denied.stdout + denied.stderr, locks: files.join() };
    expect(leaksOf(planted, new Map(Object.entries(outputs)))).toEqual([]);
    rmSync(docker, { recursive: true });
  });
});
