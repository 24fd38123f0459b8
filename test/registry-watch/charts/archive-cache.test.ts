import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { ArchiveCache } from '../../../src/registry-watch/charts/archive-cache.ts';
import { sha256 } from './chart-host.ts';

test('archives that are used least make room', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-charts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const cache = new ArchiveCache(directory, silentLogger(), 8_000);
  const archives = Array.from({ length: 9 }, (_, n) => Buffer.alloc(1_000, n));
  const digests = archives.map(sha256);
  const [first = '', second = '', third = ''] = digests;
  for (const [n, archive] of archives.entries()) {
    if (n === 8) expect(await cache.get(first)).toEqual(archives[0]);
    await cache.put(digests[n] ?? '', archive);
  }
  await expect.poll(() => readdirSync(directory).length).toBe(8);
  expect(await cache.get(second)).toBeUndefined();
  expect(await cache.get(first)).toEqual(archives[0]);
  expect(await cache.get(third)).toEqual(archives[2]);
});
