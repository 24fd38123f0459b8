/**
 * A program that syncs a repository on a disk of its own, which is mounted in a namespace of its own (`unshare --mount`): too small,
 * read-only, and mended in between. Prints what each fetch came to.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createSource } from '../../../src/git/index.ts';
import { SOURCE_OPTIONS } from './source-options.ts';

export interface DiskReport {
  /** Code and message of each failure, in the order of the steps; null for a fetch that worked. */
  readonly failures: readonly ({ readonly code: unknown; readonly message: string } | null)[];
  /** Names in the directory of the mirror in the end. */
  readonly left: readonly string[];
  /** Whether the first revision could be read while the disk was read-only. */
  readonly readable: boolean;
}

const [remote = '', disk = ''] = process.argv.slice(2);
const mount = (...args: readonly string[]) => execFileSync('mount', [...args, disk]);
const failures: DiskReport['failures'][number][] = [];

mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
const directory = join(disk, 'mirror');
const environment = { PATH: process.env.PATH, HOME: '/nonexistent' };
const source = createSource({
  ...SOURCE_OPTIONS,
  url: `file://${remote}`,
  names: /\.yaml$/,
  directory,
  timeoutMs: 20_000,
  environment,
});

async function fetch(): Promise<string | undefined> {
  try {
    const revision = await source.fetch();
    failures.push(null);
    return revision;
  } catch (error) {
    failures.push({ code: Object(error).code, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

await fetch(); // too small
mount('-o', 'remount,size=64m');
const first = await fetch(); // large enough
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-C', remote, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
    encoding: 'utf8',
  }).trim();
git('update-ref', 'refs/heads/main', git('commit-tree', '-p', 'main', '-m', 'next', 'main^{tree}'));
mount('-o', 'remount,ro');
await fetch(); // read-only
const readable = (await source.files(first ?? '').catch(() => [])).length > 0;
mount('-o', 'remount,rw');
await fetch(); // writable again
await source.close();
const report: DiskReport = { failures, left: readdirSync(directory), readable };
console.log(JSON.stringify(report));
