import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { imageCacheOf } from '../../src/controller/image-cache-of-flags.ts';
import { temporaryDirectory } from '../git/support/repository.ts';

const tools = { clock: systemClock, log: silentLogger() };
const KEY = 'k'.repeat(32);

function keyFile(text: string): string {
  const file = join(temporaryDirectory(), 'key');
  writeFileSync(file, text);
  return file;
}

test('a shared cache is sealed with the key in the file', async () => {
  const cache = await imageCacheOf({ kind: 'redis', url: 'redis://127.0.0.1:1', keyFile: keyFile(`${KEY}\n`) }, tools);
  expect(cache?.secret).toBe(KEY);
  const memcached = { kind: 'memcached', hostname: 'h', port: 1, timeoutMs: 250, keyFile: keyFile(KEY) } as const;
  expect(await imageCacheOf(memcached, tools)).toMatchObject({ secret: KEY, timeoutMs: 250 });
  expect(await imageCacheOf({ kind: 'memory' }, tools)).toBeUndefined();
  expect(await imageCacheOf({ kind: 'disk', directory: '/nowhere' }, tools)).toMatchObject({ secret: '' });
  const sealed = { kind: 'disk', directory: '/nowhere', keyFile: keyFile(KEY) } as const;
  expect(await imageCacheOf(sealed, tools)).toMatchObject({ secret: KEY });
});

test.each([
  ['is missing', () => '/nowhere/key', 'cannot be read: ENOENT'],
  ['is short', () => keyFile(`${KEY.slice(1)}\n`), 'has fewer than 32 characters'],
])('a key file that %s stops the start', async (_, make, message) => {
  await expect(imageCacheOf({ kind: 'redis', url: 'redis://h', keyFile: make() }, tools)).rejects.toMatchObject({
    code: 'config/bad-cache-key',
    message: expect.stringContaining(message),
    help: expect.stringContaining('openssl rand'),
  });
});
