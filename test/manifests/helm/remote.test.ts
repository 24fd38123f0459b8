import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { lockText, parseLock } from '../../../src/manifests/helm/lock.ts';
import type { ChartArchives } from '../../../src/manifests/index.ts';
import type { LockedChart } from '../../../src/resource/index.ts';
import { type Entries, link } from '../kustomize/checkout.ts';
import { packedChart } from './archive/tarball.ts';
import { config, NO_ARCHIVES, open } from './program.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OCI: LockedChart = { kind: 'oci', url: 'oci://ghcr.io/org/charts/web', version: '1.2.3', digest: DIGEST };
const HTTP: LockedChart = {
  kind: 'repository',
  repository: 'https://charts.example.org/stable',
  name: 'web',
  url: 'https://charts.example.org/stable/web-1.2.3.tgz',
  version: '1.2.3',
  digest: DIGEST,
};
const OCI_CONFIG = config('chart: oci://ghcr.io/org/charts/web', 'version: 1.2.3');
const HTTP_CONFIG = config('chart: {repository: "https://charts.example.org/stable", name: web}', 'version: ^1.2');
const APP: Entries = { 'app/.flux.yaml': OCI_CONFIG, 'app/.flux.lock': lockText(OCI) };

/** Archives that answer with bytes, or fail, and what they were asked for. */
function archivesOf(answer: Buffer | FluxError) {
  const asked: LockedChart[] = [];
  const archives: ChartArchives = {
    async fetch(chart) {
      asked.push(chart);
      if (answer instanceof FluxError) throw answer;
      return answer;
    },
  };
  return { asked, archives };
}
const openWith = (answer: Buffer | FluxError) => {
  const { asked, archives } = archivesOf(answer);
  const { read, runs } = open(undefined, archives);
  return { asked, read, runs };
};

describe('a chart from elsewhere', () => {
  test.each([
    ['of a registry', OCI_CONFIG, OCI],
    ['of a repository', HTTP_CONFIG, HTTP],
  ])('%s is the archive that is locked, which Helm finds packed', async (_, text, locked) => {
    const { read, runs, asked } = openWith(await packedChart('web', { 'templates/a.yaml': 'a' }));
    const { manifests, errors, warnings } = await read({ 'app/.flux.yaml': text, 'app/.flux.lock': lockText(locked) });
    expect([errors, warnings]).toEqual([[], []]);
    expect(manifests).toHaveLength(1);
    expect(asked[0]).toEqual(locked);
    expect(runs).toMatchObject([
      {
        args: expect.arrayContaining(['app', './chart.tgz']),
        files: { files: [{ path: 'chart.tgz' }, { path: 'values/0.yaml' }] },
      },
    ]);
  });

  test('is rendered again when its lock changes, and not before', async () => {
    const { read, runs } = openWith(await packedChart('web'));
    await read(APP);
    await read(APP);
    expect(runs).toHaveLength(1);
    await read({ ...APP, 'app/.flux.lock': lockText({ ...OCI, digest: `sha256:${'b'.repeat(64)}` }) });
    expect(runs).toHaveLength(2);
  });

  test('has values beside its .flux.yaml, and leaves other folders as they are', async () => {
    const { read, runs } = openWith(await packedChart('web'));
    const other = { 'web/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n', 'app/values.yaml': 'a: 1\n' };
    const { manifests, errors } = await read({
      ...APP,
      ...other,
      'app/.flux.yaml': config('chart: oci://ghcr.io/org/charts/web', 'version: 1.2.3', 'valuesFiles: [values.yaml]'),
    });
    expect(errors).toEqual([]);
    expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['plain', 'app']);
    expect(runs[0]?.files.files.map(({ path }) => path)).toEqual(['chart.tgz', 'values/0.yaml', 'values/1.yaml']);
  });

  test('that makes random values is rendered twice', async () => {
    const { read, runs } = openWith(await packedChart('web', { 'templates/a.yaml': '{{ uuidv4 }}' }));
    await read(APP);
    expect(runs).toHaveLength(2);
  });

  test('that cannot be fetched refuses its folder alone, and says that it is tried again', async () => {
    const cause = new FluxError('GET https://ghcr.io/v2/org/charts/web/blobs/sha256: status 503', {
      code: 'registry/unavailable',
      help: 'Wait.',
    });
    const { read, runs } = openWith(cause);
    const { manifests, errors, units, unsettled } = await read({
      ...APP,
      'chart/Chart.yaml': 'name: a\n',
      'other/.flux.yaml': config('chart: ../chart'),
    });
    expect(manifests).toHaveLength(1);
    expect(runs).toHaveLength(1);
    expect(units).toEqual(expect.arrayContaining(['app/.flux.yaml', 'other/.flux.yaml']));
    expect(unsettled).toBe(true);
    expect(errors).toMatchObject([
      {
        unit: 'app/.flux.yaml',
        error: {
          code: 'helm/not-fetched',
          message: `oci://ghcr.io/org/charts/web 1.2.3 cannot be fetched: ${cause.message}`,
          help: expect.stringMatching(/^Wait\. It is tried again/),
        },
      },
    ]);
  });

  test('that could not be fetched is asked for again after a pause, and rendered then', async () => {
    let now = 0;
    const archive = await packedChart('web');
    let asked = 0;
    const fetch = async () => {
      asked += 1;
      if (asked > 1) return archive;
      throw new FluxError('lost', { code: 'http/connection' });
    };
    const { read } = open(undefined, { fetch }, { monotonic: () => now });
    expect((await read(APP)).errors).toHaveLength(1);
    expect((await read(APP)).errors).toHaveLength(1);
    expect(asked).toBe(1);
    now += 20_000;
    const { errors, manifests } = await read(APP);
    expect([errors.length, manifests.length]).toEqual([0, 1]);
  });

  test.each([
    [
      'a schema elsewhere',
      packedChart('web', { 'values.schema.json': '{"$ref": "http://169.254.169.254/"}' }),
      'web/values.schema.json refers to another schema',
    ],
    [
      'a name that is a path',
      packedChart('web', { 'Chart.yaml': 'name: ../web\n' }),
      'web/Chart.yaml has a name that no chart may have',
    ],
    [
      'a subchart with such a schema',
      packedChart('sub', { 'values.schema.json': '{"$ref": "a.json"}' }).then((sub) =>
        packedChart('web', { 'charts/sub-1.0.0.tgz': sub }),
      ),
      'web/charts/sub-1.0.0.tgz/values.schema.json refers',
    ],
    ['what is no archive', Promise.resolve(Buffer.from('<html>')), 'oci://ghcr.io/org/charts/web is not a gzip archive'],
  ])('is refused with %s (S-026)', async (_, archive, why) => {
    const { read, runs } = openWith(await archive);
    const { errors } = await read(APP);
    expect(errors).toMatchObject([{ error: { code: 'helm/refused', message: expect.stringContaining(why) } }]);
    expect(runs).toEqual([]);
  });
});

describe('the chart in a .flux.yaml', () => {
  const OF = (chart: string, ...more: readonly string[]) => config(`chart: ${chart}`, ...more);
  test.each([
    ['needs a version', OF('oci://ghcr.io/web'), 'helm.version: required for a chart that is not in this repository'],
    ['of a repository, too', OF('{repository: "https://a.example", name: web}'), 'helm.version: required'],
    [
      'of a path has none',
      OF('../chart', 'version: 1.0.0'),
      'helm.version: allowed only for a chart that is not in this repository',
    ],
    ['has no tag', OF('oci://ghcr.io/web:1.0.0', 'version: 1.0.0'), 'helm.chart: expected oci://HOST/PATH, without a tag'],
    ['has no digest', OF(`oci://ghcr.io/web@${DIGEST}`, 'version: 1.0.0'), 'helm.chart: expected oci://HOST/PATH'],
    ['has a path', OF('oci://ghcr.io', 'version: 1.0.0'), 'helm.chart: expected oci://HOST/PATH'],
    ['has no user', OF('oci://user:pw@ghcr.io/web', 'version: 1.0.0'), 'helm.chart: expected oci://HOST/PATH'],
    ['has no path out', OF('oci://ghcr.io/../web', 'version: 1.0.0'), 'helm.chart: expected oci://HOST/PATH'],
    ['is of a repository by https', OF('https://a.example/web.tgz'), 'helm.chart: expected a path in the repository'],
    ['has a name', OF('{repository: "https://a.example"}', 'version: 1.0.0'), 'helm.chart.name: expected the name of a chart'],
    [
      'has a plain name',
      OF('{repository: "https://a.example", name: ../web}', 'version: 1.0.0'),
      'helm.chart.name: expected the name of a chart',
    ],
    [
      'has no other keys',
      OF('{repository: "https://a.example", name: web, ref: main}', 'version: 1.0.0'),
      'Unrecognized key: "ref"',
    ],
    ['is no list', OF('[a]', 'version: 1.0.0'), 'helm.chart: expected a path, oci://…, or a map'],
    [
      'of a repository with a password',
      OF('{repository: "https://u:hunter2@a.example", name: web}', 'version: 1.0.0'),
      'helm.chart.repository: expected an https URL without',
    ],
    [
      'of a repository with a query',
      OF('{repository: "https://a.example/?t=hunter2", name: web}', 'version: 1.0.0'),
      'helm.chart.repository: expected an https URL without',
    ],
    ['of a file', OF('{repository: "file:///etc", name: web}', 'version: 1.0.0'), 'helm.chart.repository: expected an https URL'],
    [
      'of an SSH host',
      OF('{repository: "ssh://a.example", name: web}', 'version: 1.0.0'),
      'helm.chart.repository: expected an https URL',
    ],
    ['has no other version', OF('oci://ghcr.io/web', 'version: latest'), 'helm.version: expected a version or a range'],
    ['has a version as text', OF('oci://ghcr.io/web', 'version: 1.2'), 'helm.version: expected a version as text'],
  ])('%s', async (_, text, why) => {
    const { read, runs } = open();
    const { manifests, errors } = await read({ 'app/.flux.yaml': text, 'app/.flux.lock': lockText(OCI) });
    expect(manifests).toEqual([]);
    const said = errors.map(({ error }) => error.message).join();
    expect(said).toContain(why);
    expect(said).not.toContain('hunter2');
    expect(runs).toEqual([]);
  });
});

describe('the lock', () => {
  test.each([OCI, HTTP, { ...HTTP, version: '1.2.3-rc.1+build.5' }])('is read as it is written: %j', (locked) => {
    expect(parseLock(lockText(locked))).toEqual(locked);
  });

  const RUN = 'run "fluxctl render --update-lock app", and commit app/.flux.lock';
  test.each<[string, Entries, string]>([
    ['leads out of the repository', { 'app/.flux.lock': link('../../lock') }, 'outside the repository'],
    ['is not YAML', { 'app/.flux.lock': '{' }, `app/.flux.lock cannot be read; ${RUN}`],
    ['is empty', { 'app/.flux.lock': '' }, 'app/.flux.lock cannot be read'],
    ['has two documents', { 'app/.flux.lock': `${lockText(OCI)}---\n${lockText(OCI)}` }, 'app/.flux.lock cannot be read'],
    [
      'is of another form',
      { 'app/.flux.lock': lockText(OCI).replace('version: 1\n', 'version: 2\n') },
      'app/.flux.lock cannot be read',
    ],
    ['has a bad digest', { 'app/.flux.lock': lockText({ ...OCI, digest: 'sha256:../../x' }) }, 'app/.flux.lock cannot be read'],
    ['has no digest', { 'app/.flux.lock': lockText(OCI).replace(/ +digest.*\n/, '') }, 'app/.flux.lock cannot be read'],
    [
      'has a URL where none belongs',
      { 'app/.flux.lock': `${lockText(OCI)}  url: https://a.example/web.tgz\n` },
      'cannot be read',
    ],
    ['is large', { 'app/.flux.lock': `${lockText(OCI)}#${'a'.repeat(17_000)}` }, 'has more than 16 KiB'],
    [
      'is of another chart',
      { 'app/.flux.lock': lockText({ ...OCI, url: 'oci://ghcr.io/org/charts/api' }) },
      `app/.flux.lock is for oci://ghcr.io/org/charts/api, not for oci://ghcr.io/org/charts/web; ${RUN}`,
    ],
    [
      'is of a chart elsewhere',
      { 'app/.flux.lock': lockText(HTTP) },
      'app/.flux.lock is for web of https://charts.example.org/stable, not for oci://',
    ],
    [
      'is of another version',
      { 'app/.flux.lock': lockText({ ...OCI, version: '1.2.4' }) },
      `app/.flux.lock has version 1.2.4, which "1.2.3" does not allow; ${RUN}`,
    ],
    [
      'is of another build',
      { 'app/.flux.lock': lockText({ ...OCI, version: '1.2.3+2' }) },
      'has version 1.2.3+2, which "1.2.3" does not allow',
    ],
  ])('that %s refuses the folder, with what to run', async (_, entries, why) => {
    const { read } = open(undefined, NO_ARCHIVES);
    const { errors } = await read({ ...APP, ...entries });
    expect(errors.map(({ error }) => error.message).join()).toContain(why);
  });

  test('is needed', async () => {
    const { 'app/.flux.lock': _, ...rest } = APP;
    const { manifests, errors } = await open().read(rest);
    expect(manifests).toEqual([]);
    expect(errors.map(({ error }) => error.message)).toEqual([
      `not rendered: no archive of oci://ghcr.io/org/charts/web is locked, since there is no app/.flux.lock; ${RUN}`,
    ]);
  });

  test.each([
    ['^1.2', '1.9.0', true],
    ['~1.2', '1.3.0', false],
    ['>=1.0, <2', '1.2.3', true],
    ['1.x', '1.2.3', true],
    ['1.x', '1.2.3-rc.1', false],
    ['>=1.0.0-0', '1.2.3-rc.1', true],
    ['v1.2.3', '1.2.3', true],
    ['1.2.3', 'v1.2.3', true],
    ['1.2.3+a', '1.2.3+a', true],
    ['1.2.3+a', '1.2.3+b', false],
    ['*', '0.1.0', true],
  ])('a version %s allows %s: %j', async (wanted, version, allowed) => {
    const { read } = openWith(await packedChart('web'));
    const { errors } = await read({
      'app/.flux.yaml': config('chart: oci://ghcr.io/org/charts/web', `version: "${wanted}"`),
      'app/.flux.lock': lockText({ ...OCI, version }),
    });
    expect(errors.length).toBe(allowed ? 0 : 1);
  });

  test('is no manifest, also where the config file is gone', async () => {
    const { read } = open();
    const { errors, manifests } = await read({
      'app/.flux.lock': lockText(OCI),
      'app/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
    });
    expect(errors).toEqual([]);
    expect(manifests).toHaveLength(1);
  });
});
