import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/harness/process.ts';
import { answer, pods } from './harness/cluster.ts';
import { apply, command, environment } from './harness/environment.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { type Clone, clone } from './harness/git-server.ts';
import { pushErddap } from './harness/images.ts';
import { until } from './harness/until.ts';

const EXAMPLE = join(ROOT, 'examples/erddap');
const IMAGE = 'axiom/docker-erddap';

/** The example as it is, but for the registry that its image comes from. */
const files = Object.fromEntries(
  readdirSync(EXAMPLE)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [
      name,
      readFileSync(join(EXAMPLE, name), 'utf8').replaceAll(`image: ${IMAGE}`, `image: ${environment.registry}/${IMAGE}`),
    ]),
);

let flux: Installation;
let repository: Clone;
let first: string;
beforeAll(async () => {
  await pushErddap(IMAGE, 'v2.30.0');
  repository = await clone('erddap');
  first = await repository.commit('ERDDAP', files);
  // What examples/erddap/README.md asks for before: a place for the data, and the key that is not in Git.
  await apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'erddap-data' },
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: 'erddap', name: 'erddap-data' },
      hostPath: { path: join(environment.programs, 'erddap-data'), type: 'DirectoryOrCreate' },
    },
  });
  await command('kubectl', 'create', 'namespace', 'erddap');
  await command(
    'kubectl',
    '-n',
    'erddap',
    'create',
    'secret',
    'generic',
    'erddap',
    '--from-literal=flagKeyKey=the-tide-waits-for-nobody',
  );
  flux = await installOverSsh('flux-erddap', 'erddap');
});
afterAll(() => flux.uninstall());

const page = (path: string) => answer('erddap', 'erddap', path);

test('the sample repository runs; its settings, data and image change by commits', async () => {
  showLogOnFailure(flux);
  await until('ERDDAP answers', async () => (await page('/erddap/version')) === 'ERDDAP_version=2.30.0\n');
  const record = await repository.synced(first);
  expect(record.changes.filter(({ outcome }) => outcome === 'failed' || outcome === 'refused')).toEqual([]);
  expect(await page('/erddap/index.html')).toContain('<title>ERDDAP - Harbour Observatory</title>');
  expect(await page('/erddap/tabledap/harbour.csv')).toBe(
    "time,temperature\nyyyy-MM-dd'T'HH:mm:ssZ,degree_C\n2024-05-01T00:00:00Z,9.4\n2024-05-01T01:00:00Z,9.3\n2024-05-01T02:00:00Z,9.3\n",
  );
  const [pod] = await pods('erddap', 'app=erddap');
  const log = await command('kubectl', '-n', 'erddap', 'logs', 'deployment/erddap');
  expect(log).toContain(`-Xms${2 * 2 ** 30} -Xmx${2 * 2 ** 30}`);

  // Configuration: a new dataset name, and the line that starts ERDDAP anew.
  const second = await repository.commit('Call it what it is', {
    'config.yaml': repository.read('config.yaml').replace('datasetID="harbour"', 'datasetID="pier"'),
    'deployment.yaml': repository.read('deployment.yaml').replace('config: "1"', 'config: "2"'),
  });
  await until('the dataset has its new name', async () => ((await page('/erddap/tabledap/pier.csv')) ?? '').startsWith('time,'));
  expect(await page('/erddap/tabledap/harbour.csv')).toContain('unknown datasetID=harbour');
  const [renewed] = await pods('erddap', 'app=erddap');
  expect(renewed?.uid).not.toBe(pod?.uid);
  await repository.synced(second);

  // A correction of 2.30 is deployed by itself, a new minor version is not.
  await pushErddap(IMAGE, 'v2.31.0');
  await pushErddap(IMAGE, 'v2.30.1');
  await until('the corrected version answers', async () => (await page('/erddap/version')) === 'ERDDAP_version=2.30.1\n');
  const third = await repository.nextAfter(second);
  await repository.synced(third);
  expect(repository.read('deployment.yaml')).toContain(`image: ${environment.registry}/${IMAGE}:v2.30.1\n`);

  // What ERDDAP wrote down is still there: three starts in one log.
  const kept = await command(
    'kubectl',
    '-n',
    'erddap',
    'get',
    'persistentvolumeclaim',
    'erddap-data',
    '--output=jsonpath={.status.phase}',
  );
  expect(kept).toBe('Bound');
  expect(readFileSync(join(environment.programs, 'erddap-data/logs/log.txt'), 'utf8').trim().split('\n')).toEqual([
    'ERDDAP 2.30.0 started',
    'ERDDAP 2.30.0 started',
    'ERDDAP 2.30.1 started',
  ]);
});

test('a mistake in datasets.xml stops the new pod, and fluxctl sync --wait says so', async () => {
  showLogOnFailure(flux);
  const good = { 'config.yaml': repository.read('config.yaml'), 'deployment.yaml': repository.read('deployment.yaml') };
  await repository.commit('Oops', {
    'config.yaml': good['config.yaml'].replace('</erddapDatasets>', '</erddapDataset>'),
    'deployment.yaml': good['deployment.yaml'].replace('config: "2"', 'config: "3"'),
  });
  const waited = await flux.fluxctl('sync', '--wait', '--timeout=20s');
  expect(waited.code).toBe(1);
  expect(waited.stdout + waited.stderr).toContain('erddap:deployment/erddap');

  await repository.commit('Take it back', {
    ...good,
    'deployment.yaml': good['deployment.yaml'].replace('config: "2"', 'config: "4"'),
  });
  await until('ERDDAP answers again', async () => ((await page('/erddap/tabledap/pier.csv')) ?? '').startsWith('time,'));
});
