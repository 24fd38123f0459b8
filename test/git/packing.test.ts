import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import { thorough } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { failingGit } from './support/failing-git.ts';
import { createRemote, type Remote, sourceOf, temporaryDirectory } from './support/repository.ts';

/** What its objects take on the disk, in bytes: each file at least a block. */
function onDisk(gitDir: string): number {
  return filesIn(gitDir).reduce((sum, file) => sum + statSync(file).blocks * 512, 0);
}

function filesIn(gitDir: string): readonly string[] {
  return readdirSync(join(gitDir, 'objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A line of commits on the branch, made at once; the oldest first. */
function history(remote: Remote, count: number): readonly string[] {
  const commits = Array.from({ length: count }, (_, n) => {
    const from = n === 0 ? `from ${remote.git('rev-parse', 'main')}\n` : '';
    const file = `M 100644 inline apps/a.yaml\ndata <<E\na: ${n}\nE\n`;
    return `commit refs/heads/main\ncommitter A <a@b> ${n + 1} +0000\ndata <<E\n${n}\nE\n${from}${file}`;
  });
  execFileSync('git', ['fast-import', '--quiet', '--force'], {
    input: commits.join('\n'),
    env: { ...process.env, GIT_DIR: remote.path },
  });
  return remote.git('rev-list', '--reverse', `-${count}`, 'main').split('\n');
}

async function world(count: number, options: Parameters<typeof sourceOf>[1] = {}) {
  const remote = createRemote();
  const commits = history(remote, count);
  const directory = join(temporaryDirectory(), 'mirror');
  const source = sourceOf(remote.path, { directory, ...options });
  await source.fetch();
  for (const revision of commits)
    await source.recordSync({ revision: accept(revision), record: `{"revision":"${revision}","at":${Math.random()}}` });
  return { remote, commits, source, mirror: join(directory, 'mirror.git'), last: commits.at(-1) ?? '' };
}

const BLOCK = 4096;

function sizes(remote: Remote, mirror: string): { readonly mirror: number; readonly clone: number } {
  const fresh = join(temporaryDirectory(), 'fresh.git');
  execFileSync('git', ['clone', '--quiet', '--mirror', '--no-local', remote.path, fresh]);
  return { mirror: onDisk(mirror), clone: onDisk(fresh) };
}

describe('the mirror', () => {
  test.runIf(thorough('packing of a mirror'))(
    'is packed when nobody needs it: little more than a fresh clone stays, and everything is there',
    async () => {
      const git = failingGit();
      const warned: unknown[] = [];
      const log = { ...silentLogger(), warn: (fields: unknown) => void warned.push(fields) } as ReturnType<typeof silentLogger>;
      const { remote, commits, source, mirror, last } = await world(22, {
        environment: { PATH: git.path, HOME: '/nonexistent' },
        log,
      });
      const before = onDisk(mirror);

      // Somebody wants to fetch: packing ends at once, leaves nothing behind, and is done another time.
      git.replace('repack', `: >"$GIT_DIR/objects/pack/.tmp-1-pack-x"; : >"$GIT_DIR/gc.lock"; exec sleep 300`);
      const packing = source.tidy();
      await until('it packs', () => git.calls().some((call) => call.startsWith('repack')));
      await source.files(last);
      const fresh = remote.rewrite({ 'apps/b.yaml': 'b: 1\n' });
      expect(await source.fetch()).toBe(fresh);
      await packing;
      expect(filesIn(mirror).filter((file) => file.includes('/pack/.tmp'))).toEqual([]);

      await source.tidy();
      expect(warned).toEqual([]);
      const size = sizes(remote, mirror);
      console.log(`${commits.length} records: ${before} bytes on the disk, packed ${size.mirror}, a fresh clone ${size.clone}`);
      expect(size.mirror).toBeLessThanOrEqual(1.2 * size.clone + 2 * BLOCK);
      // What was listed last is read to its end, though a force-push has dropped it.
      const [file] = await source.files(last);
      expect(String(await source.blob(file?.blob ?? ''))).toBe('a: 21\n');
      expect(await source.files(fresh)).toHaveLength(1);
      expect(await source.syncTag()).toBe(last);
      expect(await source.syncRecords(commits, 100)).toHaveLength(22);
      execFileSync('git', ['fsck', '--strict'], { env: { ...process.env, GIT_DIR: mirror }, stdio: 'pipe' });
    },
  );

  test.runIf(thorough('500 records'))(
    'takes at most a fifth more than a fresh clone after 500 records',
    async () => {
      const { remote, source, mirror } = await world(500);
      const before = onDisk(mirror);
      await source.tidy();
      const size = sizes(remote, mirror);
      console.log(`500 records: ${before} bytes on the disk, packed ${size.mirror}, a fresh clone ${size.clone}`);
      expect(size.mirror).toBeLessThanOrEqual(1.2 * size.clone);
    },
    600_000,
  );

  test('gets no object by a sync without news, and is left alone while little has come together', async () => {
    const { source, mirror, last } = await world(2);
    const record = (await source.syncRecord(last)) ?? '';
    const before = filesIn(mirror);
    for (let n = 0; n < 3; n += 1) {
      await source.fetch();
      await source.recordSync({ revision: accept(last), record });
    }
    await source.tidy();
    expect(filesIn(mirror)).toEqual(before);
  });
});
