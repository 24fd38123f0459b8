import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packLayer } from '../../../container/layer.ts';

const TIME = '2026-01-02T03:04:05Z';
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'flux-layer-'));
});
afterAll(() => rm(work, { recursive: true }));

async function tree(name: string, files: readonly string[], changed: Date): Promise<string> {
  const directory = join(work, name);
  for (const file of files) {
    await mkdir(join(directory, file, '..'), { recursive: true });
    await writeFile(join(directory, file), `content of ${file}`);
    await chmod(join(directory, file), 0o644);
    await utimes(join(directory, file), changed, changed);
  }
  await symlink('a', join(directory, 'usr/link'));
  return directory;
}

describe('packLayer', () => {
  test('gives the same bytes whatever order and time the files were made in', async () => {
    const one = await tree('one', ['usr/a', 'usr/b', 'etc/c'], new Date('2001-01-01'));
    const other = await tree('other', ['etc/c', 'usr/b', 'usr/a'], new Date('2026-01-01'));
    const layer = await packLayer(one, join(work, 'one.tar.gz'), TIME);
    expect(await packLayer(other, join(work, 'other.tar.gz'), TIME)).toEqual(layer);
    expect(await readFile(join(work, 'other.tar.gz'))).toEqual(await readFile(join(work, 'one.tar.gz')));
    expect(layer.size).toBe((await stat(join(work, 'one.tar.gz'))).size);
    expect(layer.unpacked).toBe('content of usr/a'.length * 3);
  });

  test('gives other bytes for another mode, time or content', async () => {
    const directory = await tree('changing', ['usr/a'], new Date('2001-01-01'));
    const digests = new Set<string>();
    const pack = async (time: string) => digests.add((await packLayer(directory, join(work, 'changing.tar.gz'), time)).digest);
    await pack(TIME);
    await pack('2026-01-02T03:04:06Z');
    await chmod(join(directory, 'usr/a'), 0o755);
    await pack(TIME);
    await writeFile(join(directory, 'usr/a'), 'other');
    await pack(TIME);
    expect(digests.size).toBe(4);
  });

  test('sorts names, and gives all to root', async () => {
    const directory = await tree('listed', ['usr/b', 'usr/a', 'etc/c'], new Date());
    await packLayer(directory, join(work, 'listed.tar.gz'), TIME);
    const options = { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } } as const;
    const lines = execFileSync('tar', ['--list', '--verbose', '--gzip', `--file=${work}/listed.tar.gz`], options)
      .trim()
      .split('\n');
    expect(lines.map((line) => line.split(/\s+/).slice(5).join(' '))).toEqual([
      'etc/',
      'etc/c',
      'usr/',
      'usr/a',
      'usr/b',
      'usr/link -> a',
    ]);
    for (const line of lines) expect(line).toMatch(/^\S+ (0\/0|root\/root) +\d+ 2026-01-02 03:04 /);
  });

  test('fails with what tar says', async () => {
    await expect(packLayer(work, join(work, 'x.tar.gz'), 'no time')).rejects.toThrow(/tar .*no time/s);
  });
});
