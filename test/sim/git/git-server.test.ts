import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitServer, startGitServer } from '../../../src/sim/index.ts';

const run = promisify(execFile);
let directory: string;
let server: GitServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sim-git-'));
  server = await startGitServer({ directory: join(directory, 'served') });
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

test('a new repository can be cloned, and holds the given files on main', async () => {
  await server.createRepository('sample', { 'apps/web.yaml': 'kind: Deployment\n', 'README.md': '# sample\n' });
  const clone = join(directory, 'clone');
  await run('git', ['clone', '--quiet', server.url('sample'), clone]);
  expect(await readFile(join(clone, 'apps/web.yaml'), 'utf8')).toBe('kind: Deployment\n');
  const { stdout } = await run('git', ['-C', clone, 'rev-parse', '--abbrev-ref', 'HEAD']);
  expect(stdout.trim()).toBe('main');
});

test('pushes are accepted, large ones in chunks too, and an atomic push of a commit and notes', async () => {
  await server.createRepository('pushed', { 'a.txt': 'one\n' });
  const clone = join(directory, 'pushing');
  const git = (...args: string[]) => run('git', ['-C', clone, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args]);
  await run('git', ['clone', '--quiet', server.url('pushed'), clone]);
  await writeFile(join(clone, 'big.bin'), randomBytes(3_000_000));
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'big');
  await git('notes', 'add', '--message', 'noted');
  await git('push', '--quiet', '--atomic', 'origin', 'main', 'refs/notes/commits');
  const { stdout } = await run('git', ['ls-remote', server.url('pushed')]);
  const head = (await git('rev-parse', 'HEAD')).stdout.trim();
  expect(stdout).toContain(`${head}\trefs/heads/main`);
  expect(stdout).toContain('refs/notes/commits');
});

test('a repository that does not exist is refused', async () => {
  await expect(run('git', ['ls-remote', server.url('nothing')])).rejects.toThrow(/not found/);
});

test('a file outside the repository is refused', async () => {
  await expect(server.createRepository('escape', { '../outside': 'x' })).rejects.toThrow('../outside is outside the repository');
});
