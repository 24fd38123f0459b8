import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accept } from '../../src/git/accept.ts';
import type { GitSource } from '../../src/git/index.ts';
import { thorough } from '../support/sampled.ts';
import { type FailingGit, failingGit } from './support/failing-git.ts';
import { createRemote, sourceOf, temporaryDirectory } from './support/repository.ts';

const WAYS: readonly (readonly [string, string])[] = [
  // The new pack is in its place, and so are those that it replaces.
  ['before it removed what it replaces', '[ "$1" = repack ] && "$GIT" repack -a -l -q; kill -KILL $$'],
  ['before it began', 'kill -KILL $$'],
  ['when it was done', '"$GIT" "$@"; kill -KILL $$'],
  [
    'while it held its locks and had begun to write',
    `cd "$GIT_DIR" && : >packed-refs.lock && : >objects/pack/.tmp-1-pack-x && : >objects/pack/tmp_pack_x && : >gc.lock; kill -KILL $$`,
  ],
  ...[1, 3, 10, 30].map(
    (ms) => [`after ${ms} ms`, `"$GIT" "$@" & sleep 0.${String(ms).padStart(3, '0')}; kill -KILL $!; kill -KILL $$`] as const,
  ),
];
/** Writes after which the mirror is packed. */
const WRITES = 20;
/** What packing runs; first what changes most. */
const COMMANDS = ['repack', 'prune', 'update-ref', 'count-objects'];

/** Each command in half of the ways, another half for each: a point takes twenty pushes. */
const POINTS = WAYS.flatMap(([way, script], n) =>
  COMMANDS.filter((_, m) => (n + m) % 2 === 0).map((command) => ({ where: `${way}: ${command}`, script, command })),
);
/** Mirrors at once; each is packed at some of the points, one after the other. */
const MIRRORS = 4;

/** Packs a mirror, which is killed at each of the points, and once more at the end. */
async function pack(points: typeof POINTS): Promise<void> {
  const remote = createRemote();
  const directory = join(temporaryDirectory(), 'mirror');
  const mirror = join(directory, 'mirror.git');
  let revision = remote.git('rev-parse', 'main');
  let records = 0;
  const record = async (source: GitSource) => {
    records += 1;
    await source.recordSync({ revision: accept(revision), record: `{"n":${records}}` });
  };
  const full = async (git: FailingGit) => {
    const source = sourceOf(remote.path, { directory, environment: { PATH: git.path, HOME: '/nonexistent' } });
    expect(await source.fetch()).toBe(revision);
    await source.files(revision);
    for (let write = 0; write < WRITES; write += 1) await record(source);
    return source;
  };
  for (const { where, script, command } of points) {
    const git = failingGit();
    const source = await full(git);
    git.replace(command, script);
    const before = git.calls().length;
    await source.tidy();
    expect(
      git
        .calls()
        .slice(before)
        .some((call) => call.startsWith(command)),
      where,
    ).toBe(true);
    // Read at once, with what may lie about.
    expect(await source.syncRecord(revision), where).toBe(`{"n":${records}}\n`);
    const [file] = await source.files(revision);
    expect(String(await source.blob(file?.blob ?? '')), where).toBe('a: 1\n');
    execFileSync('git', ['fsck', '--connectivity-only'], { env: { ...process.env, GIT_DIR: mirror }, stdio: 'pipe' });
    revision = remote.commit({ 'b.yaml': `b: ${records}\n` });
    expect(await source.fetch(), where).toBe(revision);
    await record(source);
    expect(remote.git('notes', '--ref=flux-sync', 'show', revision), where).toBe(`{"n":${records}}`);
    expect(remote.git('rev-parse', 'flux-sync^{commit}'), where).toBe(revision);
    expect(
      readdirSync(mirror, { recursive: true, encoding: 'utf8' }).filter((name) => /\.lock$|tmp/.test(name)),
      where,
    ).toEqual([]);
    await source.close();
  }
  const source = await full(failingGit());
  await source.tidy();
  execFileSync('git', ['fsck', '--strict'], { env: { ...process.env, GIT_DIR: mirror }, stdio: 'pipe' });
  expect(await source.syncRecord(revision)).toBe(`{"n":${records}}\n`);
}

test.runIf(thorough('packing that is killed at any point'))(
  'packing that is killed at any point leaves the mirror readable and loses nothing that is reachable',
  async () => {
    const parts = Array.from({ length: MIRRORS }, (_, n) => POINTS.filter((_point, index) => index % MIRRORS === n));
    await Promise.all(parts.filter((part) => part.length > 0).map(pack));
  },
  600_000,
);
