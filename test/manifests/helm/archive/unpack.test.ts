import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { extract } from 'tar-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packChart } from '../../../../src/manifests/helm/archive/pack.ts';
import { Room } from '../../../../src/manifests/helm/archive/room.ts';
import { unpackChart } from '../../../../src/manifests/helm/archive/unpack.ts';
import { Pace } from '../../../../src/manifests/units/pace.ts';
import { sampled } from '../../../support/sampled.ts';
import { bestOfThreeTurns } from '../../../support/turn-cpu.ts';
import { type Entry, headerBlock, packedChart, tarball } from './tarball.ts';

const unpack = (packed: Buffer) =>
  unpackChart(packed, { archive: 'web.tgz', room: new Room('the chart'), pace: new Pace(), depth: 0 });
const unpacked = async (packed: Buffer) =>
  Object.fromEntries((await unpack(packed)).map(({ path, content }) => [path, content.toString('latin1')]));
const zipped = async (entries: readonly Entry[]) => gzipSync(await tarball(entries), { level: 1 });
const CHART: Entry = { name: 'web/Chart.yaml', content: 'name: web\n' };
const END = Buffer.alloc(1024);

const PART = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((text) => text.toWellFormed())
  .filter((text) => !/[/\\\0]/.test(text) && text !== '.' && text !== '..' && !text.endsWith('.tgz'));
const FILES = fc.uniqueArray(
  fc.record({
    path: fc.array(PART, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
    content: fc.uint8Array({ maxLength: 1500 }),
  }),
  { selector: ({ path }) => path, maxLength: 12 },
);

describe('an archive', () => {
  test('that another program wrote has the same files, in any order, with any names and content', async () => {
    await fc.assert(
      fc.asyncProperty(FILES, fc.boolean(), async (files, withFolders) => {
        const others = files.filter(({ path }) => path !== 'Chart.yaml');
        const entries = others.map(({ path, content }) => ({ name: `web/${path}`, content }));
        const folder: readonly Entry[] = withFolders ? [{ name: 'web/', type: 'directory' }] : [];
        const expected = {
          'Chart.yaml': 'name: web\n',
          ...Object.fromEntries(others.map(({ path, content }) => [path, Buffer.from(content).toString('latin1')])),
        };
        expect(await unpacked(await zipped([...folder, ...entries, CHART]))).toEqual(expected);
      }),
    );
  });

  test('that is written again is read equally by another program', async () => {
    await fc.assert(
      fc.asyncProperty(FILES, async (files) => {
        const contents = files.map(({ path, content }) => ({ path, content: Buffer.from(content) }));
        const read: Record<string, string> = {};
        const reader = extract();
        reader.end(gunzipSync(await packChart(contents, new Pace())));
        for await (const entry of reader) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of entry) chunks.push(chunk as Uint8Array);
          read[entry.header.name] = Buffer.concat(chunks).toString('latin1');
        }
        expect(read).toEqual(
          Object.fromEntries(contents.map(({ path, content }) => [`chart/${path}`, content.toString('latin1')])),
        );
      }),
    );
  });

  test.each(['gnu', 'ustar', 'pax', 'v7', 'oldgnu'])('that tar writes in the format %s is read', async (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'flux-tar-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const long = format === 'v7' ? 'b.yaml' : `${'deep/'.repeat(20)}${'a'.repeat(60)}.yaml`;
    const files = { 'Chart.yaml': 'name: web\n', [`templates/${long}`]: 'a: b\n', 'templates/ä.yaml': 'é' };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, 'web', dirname(path)), { recursive: true });
      writeFileSync(join(folder, 'web', path), content, 'latin1');
    }
    const packed = execFileSync('tar', ['--create', '--gzip', `--format=${format}`, `--directory=${folder}`, 'web']);
    expect(await unpacked(packed)).toEqual(files);
  });

  test('may have subcharts that are packed, up to three deep, each with its own', async () => {
    const nested = async (depth: number): Promise<Buffer> =>
      packedChart(`c${depth}`, depth === 0 ? {} : { [`charts/c${depth - 1}-1.0.0.tgz`]: await nested(depth - 1) });
    expect(Object.keys(await unpacked(await nested(3)))).toEqual([
      'Chart.yaml',
      'charts/c2-1.0.0.tgz/Chart.yaml',
      'charts/c2-1.0.0.tgz/charts/c1-1.0.0.tgz/Chart.yaml',
      'charts/c2-1.0.0.tgz/charts/c1-1.0.0.tgz/charts/c0-1.0.0.tgz/Chart.yaml',
    ]);
    await expect(unpack(await nested(4))).rejects.toThrow(
      'web.tgz/charts/c3-1.0.0.tgz/charts/c2-1.0.0.tgz/charts/c1-1.0.0.tgz/charts/c0-1.0.0.tgz is packed more than 3 deep',
    );
  });

  test('is packed again as deep as it was', async () => {
    const packed = await packedChart('a', {
      'charts/b-1.0.0.tgz': await packedChart('b', { 'charts/c.tgz': await packedChart('c') }),
      'templates/a.yaml': 'a',
    });
    const contents = await unpack(packed);
    expect(contents).toHaveLength(4);
    expect(await unpacked(await packChart(contents, new Pace()))).toEqual(await unpacked(packed));
  });

  test('of another kind in another place is a file', async () => {
    const files = { 'files/charts/a.tgz': 'x', 'charts/_a.tgz': 'x', 'charts/.a.tgz': 'x', 'charts/a.tar.gz': 'x' };
    expect(await unpacked(await packedChart('web', files))).toMatchObject(files);
  });
});

describe('S-026 an archive is refused, with what is wrong,', () => {
  const file = (name: string): Entry => ({ name, content: 'x' });
  const one = (...entries: readonly Entry[]) => zipped([CHART, ...entries]);
  const raw = (...blocks: readonly Buffer[]) => gzipSync(Buffer.concat([...blocks, END]), { level: 1 });
  test.each<[string, () => Promise<Buffer> | Buffer, string]>([
    ['with a path out of it', () => one(file('web/../../etc/passwd')), 'name that is not allowed'],
    ['with a path to its folder', () => one(file('web/a/..')), 'name that is not allowed'],
    ['with an absolute path', () => one(file('/etc/passwd')), 'name that is not allowed'],
    ['with a path of this folder', () => one(file('./web/a')), 'name that is not allowed'],
    ['with an empty part of a path', () => one(file('web//a')), 'name that is not allowed'],
    ['with a backslash', () => one(file('web/..\\a')), 'name that is not allowed'],
    ['with a long name', () => one(file(`web/${'a/'.repeat(600)}a`)), 'name that is not allowed'],
    ['with a file twice', () => one(file('web/a'), file('web/a')), '"a" twice'],
    ['with its Chart.yaml twice', () => one(file('web/Chart.yaml')), '"Chart.yaml" twice'],
    ['with a file beside its folder', () => one(file('README')), 'more than one folder at the top'],
    ['with two charts', () => one(file('api/Chart.yaml')), 'more than one folder at the top'],
    ['of a file', () => zipped([file('Chart.yaml')]), 'a file outside of its folder'],
    ['without Chart.yaml', () => zipped([file('web/values.yaml')]), 'has no Chart.yaml'],
    ['with a symbolic link', () => one({ name: 'web/a', type: 'symlink', linkname: '/etc/passwd' }), 'a symbolic link: "web/a"'],
    ['with a hard link', () => one({ name: 'web/a', type: 'link', linkname: 'web/Chart.yaml' }), 'a hard link: "web/a"'],
    ['with a FIFO', () => one({ name: 'web/a', type: 'fifo' }), 'a FIFO: "web/a"'],
    ['with a character device', () => one({ name: 'web/a', type: 'character-device' }), 'a device: "web/a"'],
    ['with a block device', () => one({ name: 'web/a', type: 'block-device' }), 'a device: "web/a"'],
    ['with an unknown type', () => raw(headerBlock({ name: 'web/a', type: 'V' })), 'an entry of the type "V": "web/a"'],
    ['with a sparse file', () => raw(headerBlock({ name: 'web/a', type: 'S' })), 'a sparse file'],
    [
      'with a sparse file of pax',
      () => one({ ...file('web/a'), pax: { 'GNU.sparse.realsize': '10737418240' } }),
      'a sparse file',
    ],
    ['with a size of 8 GiB', () => raw(headerBlock({ name: 'web/a', size: '77777777777\0' })), 'longer than itself'],
    [
      'with a size in base 256',
      () => raw(headerBlock({ name: 'web/a', size: '\x80\0\0\0\0\0\0\x02\x80\0\0\0' })),
      'size cannot be read',
    ],
    ['with a negative size', () => raw(headerBlock({ name: 'web/a', size: '-0000000001\0' })), 'size cannot be read'],
    ['with a size of pax', () => one({ ...file('web/a'), pax: { size: '10737418240' } }), 'longer than itself'],
    ['with a bad size of pax', () => one({ ...file('web/a'), pax: { size: '-1' } }), 'a header that cannot be read'],
    [
      'with a folder with content',
      () => raw(headerBlock({ name: 'web/', type: '5', size: '00000000001\0' }), Buffer.alloc(512)),
      'folder with content',
    ],
    [
      'with a large header',
      () => one({ ...file('web/a'), pax: { comment: 'a'.repeat(40_000) } }),
      'a header of more than 32 KiB',
    ],
    ['with a name that is not UTF-8', () => raw(headerBlock({ name: 'web/\xff' })), 'not UTF-8'],
    [
      'with a wrong checksum',
      () => raw(Buffer.concat([Buffer.from('x'), headerBlock({ name: 'web/a' }).subarray(1)])),
      'damaged',
    ],
    ['that is cut in a header', async () => gzipSync((await tarball([CHART])).subarray(0, 1024 + 100)), 'ends in the middle'],
    ['that is cut in a file', async () => gzipSync((await tarball([CHART])).subarray(0, 515)), 'longer than itself'],
    ['that is cut as a whole', async () => (await one()).subarray(0, 60), 'not a gzip archive, or is damaged'],
    ['that is not packed', () => tarball([CHART]), 'not a gzip archive'],
    ['that is a page', () => Buffer.from('<html>'), 'not a gzip archive'],
    ['that is empty', () => Buffer.alloc(0), 'not a gzip archive'],
    ['with too many files', () => one(...Array.from({ length: 10_000 }, (_, n) => file(`web/${n}`))), 'more than 10000 files'],
    [
      'with too many folders',
      () => one(...Array.from({ length: 10_000 }, (_, n): Entry => ({ name: `web/${n}/`, type: 'directory' }))),
      'more than 10000 files',
    ],
    [
      'with far too many entries',
      () => raw(Buffer.alloc(110_000 * 512, headerBlock({ name: 'web/a' }))),
      'unpacks to more than 32 MiB',
    ],
    ['with a file of 33 MiB', () => one({ name: 'web/a', content: Buffer.alloc(33 << 20) }), 'more than 32 MiB'],
    ['that unpacks to much more', () => gzipSync(Buffer.alloc(64 << 20), { level: 1 }), 'unpacks to more than 32 MiB'],
    [
      'with subcharts that have too much together',
      async () => {
        const half = await packedChart('b', { a: Buffer.alloc(17 << 20) });
        return packedChart('a', { 'charts/b.tgz': half, 'charts/c.tgz': half });
      },
      'more than 32 MiB',
    ],
    [
      'with a subchart that is none',
      () => packedChart('a', { 'charts/b.tgz': 'x' }),
      'web.tgz/charts/b.tgz is not a gzip archive',
    ],
  ])('%s', async (_, make, why) => {
    await expect(unpack(await make())).rejects.toMatchObject({ code: 'helm/refused', message: expect.stringContaining(why) });
  });

  test('whatever its bytes are, or is read; nothing else is thrown', async () => {
    const chart = await tarball([CHART, { name: `web/${'a'.repeat(120)}`, content: 'x' }]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(chart.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(chart.length),
        async (changes, end) => {
          const bytes = Buffer.from(chart);
          for (const [at, value] of changes) bytes[at] = value;
          await unpack(gzipSync(bytes.subarray(0, end))).then(
            (contents) => expect(contents.some(({ path }) => path === 'Chart.yaml')).toBe(true),
            (error: unknown) => expect(error).toMatchObject({ code: 'helm/refused' }),
          );
        },
      ),
    );
  });
});

test.each(
  sampled<[string, () => Promise<Buffer>]>(
    'archives that could block the event loop',
    [
      [
        'very many files',
        () => zipped([CHART, ...Array.from({ length: 9_900 }, (_, n) => ({ name: `web/${n}`, content: 'x' }))]),
      ],
      [
        'very long names',
        () => zipped([CHART, ...Array.from({ length: 5_000 }, (_, n) => ({ name: `web/${'a/'.repeat(400)}${n}` }))]),
      ],
      [
        'headers of very many records',
        async () => {
          const records = Buffer.from('6 a=b\n'.repeat(5_400));
          const header = headerBlock({ name: 'x', type: 'x', size: `${records.length.toString(8).padStart(11, '0')}\0` });
          const block = Buffer.concat([
            header,
            records,
            Buffer.alloc(512 - (records.length % 512)),
            headerBlock({ name: 'web/a' }),
          ]);
          return gzipSync(Buffer.concat([...Array.from({ length: 200 }, () => block), END]), { level: 1 });
        },
      ],
      ['large files', () => zipped([CHART, { name: 'web/a', content: Buffer.alloc(31 << 20, 'a') }])],
    ],
    2,
  ),
)('S-026 no archive blocks the event loop: %s', async (_, make) => {
  const packed = await make();
  const read = async () => {
    const contents = await unpack(packed).catch((error: unknown) => error);
    if (Array.isArray(contents)) await packChart(contents, new Pace());
  };
  expect((await bestOfThreeTurns(read, 50)).cpuMs).toBeLessThan(50);
});
