import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage } from '../../container/oci.ts';
import { sizeTable } from '../../container/size-table.ts';

const TIME = '2026-01-02T03:04:05Z';
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'flux-oci-'));
});
afterAll(() => rm(work, { recursive: true }));

describe('writeImage', () => {
  test('writes a layout whose parts name each other by hash', async () => {
    const file = join(work, 'layer.tar.gz');
    await writeFile(file, 'packed');
    const layer = { digest: `sha256:${sha256('packed')}`, size: 6, diffId: `sha256:${sha256('plain')}`, unpacked: 5 };
    const layout = join(work, 'layout');
    const config = {
      architecture: 'amd64',
      created: TIME,
      entrypoint: ['/bin/a'],
      environment: ['PATH=/bin'],
      ports: ['3030/tcp'],
      labels: { version: '1' },
    };
    const digest = await writeImage(layout, '1.2.3', config, [{ layer, file, comment: 'a part' }]);
    const json = async (name: string) => JSON.parse(await readFile(join(layout, name), 'utf8')) as Record<string, unknown>;
    const blob = async (of: string) => {
      const name = `blobs/sha256/${of.replace('sha256:', '')}`;
      expect(`sha256:${sha256(await readFile(join(layout, name)))}`).toBe(of);
      return json(name);
    };
    expect(await json('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(await json('index.json')).toMatchObject({
      manifests: [{ digest, annotations: { 'org.opencontainers.image.ref.name': '1.2.3' } }],
    });
    const manifest = await blob(digest);
    expect(manifest).toMatchObject({ layers: [{ digest: layer.digest, size: layer.size }] });
    expect(await blob((manifest.config as { digest: string }).digest)).toMatchObject({
      created: TIME,
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/bin/a'], Env: ['PATH=/bin'], ExposedPorts: { '3030/tcp': {} }, Labels: { version: '1' } },
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    });
    expect(await readFile(join(layout, 'blobs/sha256', layer.digest.replace('sha256:', '')), 'utf8')).toBe('packed');
  });
});

test('the table of sizes adds up', () => {
  const part = (name: string, size: number, unpacked: number) => ({ name, layer: { digest: '', diffId: '', size, unpacked } });
  const MIB = 1024 * 1024;
  expect(sizeTable([part('debian', 28.5 * MIB, 60 * MIB), part('flux', 1.5 * MIB, 10 * MIB)])).toBe(
    [
      'part         compressed   unpacked',
      'debian         28.5 MiB   60.0 MiB',
      'flux            1.5 MiB   10.0 MiB',
      'total          30.0 MiB   70.0 MiB',
    ].join('\n'),
  );
});
