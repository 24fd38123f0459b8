import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { havePart } from '../support/part.ts';
import { thorough } from '../support/sampled.ts';
import { createRemote, run, temporaryDirectory } from './support/repository.ts';
import type { DiskReport } from './support/small-disk.ts';

const PROGRAM = fileURLToPath(new URL('./support/small-disk.ts', import.meta.url));

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.runIf(havePart('the right to mount a disk', canMount()) && thorough('a full and a read-only disk'))(
  'a full and a read-only disk are named, with what is free; the last revision can be read; nothing is restarted by hand (R-038)',
  async () => {
    const remote = createRemote();
    remote.commit({ 'apps/large.yaml': `# ${randomBytes(2 << 20).toString('hex')}\n` });
    const args = ['--mount', process.execPath, PROGRAM, remote.path, temporaryDirectory()];
    const { failures, left, readable }: DiskReport = JSON.parse(await run('unshare', args));
    const [tooSmall, mended, readOnly, writable] = failures;
    expect(tooSmall).toMatchObject({ code: 'git/disk', message: expect.stringMatching(/ has \d+ bytes and \d+ inodes free$/) });
    expect(mended).toBeNull();
    expect(readOnly).toMatchObject({ code: 'git/disk' });
    expect(readable).toBe(true);
    expect(writable).toBeNull();
    expect(left).toEqual(['mirror.git']);
  },
);
