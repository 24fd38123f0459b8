import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { createGitProcess } from '../../src/git/git-process.ts';
import type { GitResult } from '../../src/git/git-thread.ts';

/** What the next process comes to. */
const left = vi.hoisted((): { result?: GitResult } => ({}));

vi.mock(import('../../src/git/git-thread.ts'), async (original) => {
  const real = await original();
  class Thread extends real.GitThread {
    override run = async () => left.result ?? { exitCode: 0, stdout: new Uint8Array(), stderr: '' };
  }
  return { ...real, GitThread: Thread };
});

const { run } = createGitProcess({ gitDir: '/g', cwd: '/', environment: {}, clock: systemClock });

test.for([
  // Errors of spawn, as libuv numbers them.
  [-2, 'Error: spawn git ENOENT', 'git/not-installed'],
  [-13, 'Error: spawn git EACCES', 'git/not-installed'],
  [-11, 'Error: spawn git EAGAIN', 'git/not-run'],
  [-24, 'Error: spawn git EMFILE', 'git/not-run'],
] as const)('a process that cannot be made (%i): %s', async ([exitCode, stderr, code]) => {
  left.result = { exitCode, stdout: new Uint8Array(), stderr };
  const { signal } = new AbortController();
  await expect(run(['fetch'], { signal })).rejects.toMatchObject({
    code,
    message: `git fetch: cannot start git: ${stderr}`,
  });
});
