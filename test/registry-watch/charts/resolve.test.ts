import { describe, expect, test } from 'vitest';
import { versionsIn } from '../../../src/registry-watch/charts/index-file.ts';
import { bestOfThreeTurns } from '../../support/turn-cpu.ts';
import { ChartHost, setup, sha256 } from './chart-host.ts';

const ARCHIVE = Buffer.from('the archive of a chart');

describe('the newest version that is allowed', () => {
  const VERSIONS = ['0.9.0', '1.0.0', '1.2.3', '1.10.0', '2.0.0-rc.1', '1.2.3+build.7', 'latest'];
  test.each([
    ['^1.0', '1.10.0'],
    ['1.0.0', '1.0.0'],
    ['~1.2', '1.2.3'],
    ['>=2.0.0-0', '2.0.0-rc.1'],
    ['1.2.3+build.7', '1.2.3+build.7'],
    ['*', '1.10.0'],
  ])('by %s is %s', async (wanted, expected) => {
    const host = await ChartHost.start();
    const { archives } = setup();
    for (const version of VERSIONS) host.push(version, Buffer.from(version));
    const repository = `http://${host.host}/stable`;
    const items = VERSIONS.map((version) => `  - version: ${version}\n    urls:\n    - web-${version}.tgz\n`);
    host.files.set('/stable/index.yaml', `apiVersion: v1\nentries:\n  web:\n${items.join('')}`);
    for (const version of VERSIONS) host.add(version, Buffer.from(version));
    const digest = sha256(expected);
    expect(await archives.resolve({ kind: 'oci', url: `oci://${host.host}/charts/web`, version: wanted })).toEqual({
      ...{ kind: 'oci', url: `oci://${host.host}/charts/web`, version: expected, digest },
    });
    expect(await archives.resolve({ kind: 'repository', repository, name: 'web', version: wanted })).toEqual({
      ...{ kind: 'repository', repository, name: 'web', url: `${repository}/web-${expected}.tgz`, version: expected, digest },
    });
  });

  test('is one that there is; the error names the newest', async () => {
    const host = await ChartHost.start();
    const { archives } = setup();
    for (const version of ['1.0.0', '1.1.0']) host.push(version, ARCHIVE);
    host.files.set('/stable/index.yaml', 'entries:\n  web:\n  - version: 1.1.0\n    urls: [a.tgz]\n');
    const url = `oci://${host.host}/charts/web`;
    await expect(archives.resolve({ kind: 'oci', url, version: '^2' })).rejects.toThrow(
      `${url} has no version "^2": the newest of 2 is 1.1.0`,
    );
    await expect(archives.resolve({ kind: 'oci', url, version: '3.0.0' })).rejects.toMatchObject({ code: 'registry/not-found' });
    const repository = { kind: 'repository', repository: `http://${host.host}/stable`, version: '^2' } as const;
    await expect(archives.resolve({ ...repository, name: 'web' })).rejects.toThrow(
      'has no version "^2": the newest of 1 is 1.1.0',
    );
    await expect(archives.resolve({ ...repository, name: 'none' })).rejects.toThrow('none of http');
  });

  test('has an archive that is a chart', async () => {
    const host = await ChartHost.start();
    host.pushManifest('1.0.0', {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha256('x'), size: 1 }],
    });
    const resolved = setup().archives.resolve({ kind: 'oci', url: `oci://${host.host}/charts/web`, version: '1.0.0' });
    await expect(resolved).rejects.toMatchObject({
      code: 'registry/bad-manifest',
      message: expect.stringContaining('is not a Helm chart'),
    });
  });

  test('has no archive that could not be fetched', async () => {
    const host = await ChartHost.start();
    const layer = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', digest: sha256('x'), size: (32 << 20) + 1 };
    host.pushManifest('1.0.0', { layers: [layer] });
    const resolved = setup().archives.resolve({ kind: 'oci', url: `oci://${host.host}/charts/web`, version: '1.0.0' });
    await expect(resolved).rejects.toMatchObject({
      code: 'http/too-large',
      message: expect.stringContaining('more than 32 MiB'),
    });
  });

  const indexed = async (entry: string, archive = ARCHIVE) => {
    const host = await ChartHost.start();
    host.add('1.0.0', archive);
    host.files.set('/stable/index.yaml', `entries:\n  web:\n  - version: 1.0.0\n${entry}`);
    return setup().archives.resolve({
      kind: 'repository',
      repository: `http://${host.host}/stable/`,
      name: 'web',
      version: '1.0.0',
    });
  };

  test('has the digest of the index, if that has one', async () => {
    const { digest } = await indexed(`    urls: [web-1.0.0.tgz]\n    digest: ${sha256(ARCHIVE)}\n`);
    expect(digest).toBe(sha256(ARCHIVE));
    await expect(indexed(`    urls: [web-1.0.0.tgz]\n    digest: ${sha256('x').slice(7)}\n`)).rejects.toMatchObject({
      code: 'registry/digest-mismatch',
    });
  });

  test.each([
    'file:///etc/passwd',
    'https://u:p@a.example/a.tgz',
    'https://a.example/a.tgz?token=x',
    'oci://a.example/a',
    'https://',
  ])('has no archive at %s', async (url) => {
    await expect(indexed(`    urls: [${JSON.stringify(url)}]\n`)).rejects.toMatchObject({ code: 'helm/bad-archive-url' });
  });

  test('has no archive in the own network', async () => {
    await expect(indexed('    urls: ["https://10.0.0.1/a.tgz"]\n')).rejects.toMatchObject({ code: 'helm/host-not-allowed' });
  });
});

describe('the index of a repository', () => {
  const versions = async (text: string, name = 'web') =>
    (await versionsIn(Buffer.from(text), name, 'GET index')).map(({ version }) => version);
  const entry = (version: string, indent = '  ') =>
    `${indent}- version: ${version}\n${indent}  urls:\n${indent}  - a-${version}.tgz\n`;

  test.each([
    [
      'as Helm writes it',
      `apiVersion: v1\nentries:\n  api:\n${entry('9.0.0')}  web:\n${entry('1.0.0')}${entry('2.0.0')}  zoo:\n${entry('8.0.0')}generated: "x"\n`,
    ],
    [
      'with another indentation',
      `entries:\n    web:\n${entry('1.0.0', '      ')}${entry('2.0.0', '      ')}    zoo:\n${entry('8.0.0', '      ')}`,
    ],
    ['without one', `entries:\n web:\n${entry('1.0.0', ' ')}${entry('2.0.0', ' ')}`],
    ['with quotes and comments', `# a\nentries:\n\n  "web":\n  # b\n${entry('"1.0.0"')}\n${entry("'2.0.0'")}`],
    [
      'with a list in an entry',
      `entries:\n  web:\n  - maintainers:\n    - name: a\n    - name: b\n    urls: [a.tgz]\n    version: 1.0.0\n${entry('2.0.0')}`,
    ],
    ['with other keys first', `generated: x\nserverInfo:\n  a: b\nentries:\n  web:\n${entry('1.0.0')}${entry('2.0.0')}`],
    ['with a line end of Windows', `entries:\n  web:\n${entry('1.0.0')}${entry('2.0.0')}`.replaceAll('\n', '\r\n')],
    ['as JSON', JSON.stringify({ entries: { api: [], web: ['1.0.0', '2.0.0'].map((version) => ({ version, urls: ['a'] })) } })],
    ['with an entry that is none', `entries:\n  web:\n${entry('1.0.0')}  - version: 1.5.0\n  - [a]\n  - {\n${entry('2.0.0')}`],
  ])('is read %s', async (_, text) => {
    expect(await versions(text)).toEqual(['1.0.0', '2.0.0']);
  });

  test('has none of a chart that it does not list', async () => {
    expect(await versions(`entries:\n  api:\n${entry('1.0.0')}`)).toEqual([]);
    expect(await versions('entries: {}\n')).toEqual([]);
    expect(await versions(`entries:\n  api:\n  - web:\n${entry('1.0.0', '    ')}`)).toEqual([]);
    expect(await versions('{"entries": {}}', 'constructor')).toEqual([]);
  });

  test.each(['<html>', '', 'a: b\n', '{"a": 1}'])('that is none is refused: %j', async (text) => {
    await expect(versions(text)).rejects.toMatchObject({ code: 'helm/bad-index' });
  });

  test.each<[string, () => string]>([
    ['very many charts', () => `entries:\n${Array.from({ length: 30_000 }, (_, n) => `  c${n}:\n${entry('1.0.0')}`).join('')}`],
    ['very many versions', () => `entries:\n  web:\n${Array.from({ length: 10_000 }, (_, n) => entry(`1.0.${n}`)).join('')}`],
    ['very long lines', () => `entries:\n  web:\n${'  a\n'.repeat(100)}${`  - ${'a'.repeat(200_000)}\n`.repeat(20)}`],
  ])('S-026 does not block the event loop: %s', async (_, make) => {
    const index = Buffer.from(make());
    const read = () => versionsIn(index, 'web', 'GET index').catch((error: unknown) => error);
    expect((await bestOfThreeTurns(read, 50)).cpuMs).toBeLessThan(50);
  });
});
