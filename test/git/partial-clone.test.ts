import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SourceOptions } from '../../src/git/index.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { type GitHttpOptions, serveGitOverHttp } from './support/http-server.ts';
import { createRemote, failureOf, type Remote, sourceOf, temporaryDirectory } from './support/repository.ts';

/** A repository whose server leaves out blobs, a source that wants `apps`, and what it fetched. */
async function world(server: GitHttpOptions & { readonly filter?: boolean } = {}, options: Partial<SourceOptions> = {}) {
  const remote = createRemote({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n', 'other/c.txt': 'c: 1\n' });
  if (server.filter !== false) remote.git('config', 'uploadpack.allowFilter', 'true');
  const { origin, requests } = await serveGitOverHttp(dirname(remote.path), server);
  const directory = join(temporaryDirectory(), 'mirror');
  const source = sourceOf(`${origin}/remote.git`, { directory, paths: ['apps'], ...options });
  const mirror = join(directory, 'mirror.git');
  return { remote, source, mirror, requests, posts: () => requests.filter((line) => line.includes('upload-pack')).length };
}

/** Ids of the blobs in a repository. */
function blobsIn(gitDir: string): readonly string[] {
  const listing = execFileSync('git', ['cat-file', '--batch-all-objects', '--batch-check'], {
    env: { ...process.env, GIT_DIR: gitDir },
    encoding: 'utf8',
  });
  return Array.from(listing.matchAll(/^(\S+) blob/gm), ([, id = '']) => id).sort();
}

/** Names of the packs, oldest first. */
function packsIn(gitDir: string): readonly string[] {
  const folder = join(gitDir, 'objects/pack');
  const packs = readdirSync(folder).filter((name) => name.endsWith('.pack'));
  const madeAt = (name: string) => statSync(join(folder, name), { bigint: true }).mtimeNs;
  return packs.sort((a, b) => Number(madeAt(a) - madeAt(b))).map((name) => name.replace('.pack', ''));
}

const blobOf = (remote: Remote, name: string) => remote.git('rev-parse', name);

async function contents(source: Awaited<ReturnType<typeof world>>['source'], revision: string) {
  const files = await source.files(revision);
  return Object.fromEntries(
    await Promise.all(files.map(async ({ path, blob }) => [path, String(await source.blob(blob))] as const)),
  );
}

describe('a mirror without blobs', () => {
  test('has the files below the paths of the fetched revision, and reads them while the server is away', async () => {
    let away = false;
    const { remote, source, mirror } = await world({
      intercept: (_, response) => {
        if (away) response.destroy();
        return away;
      },
    });
    const first = await source.fetch();
    expect(blobsIn(mirror)).toEqual([blobOf(remote, 'main:apps/a.yaml'), blobOf(remote, 'main:apps/b.yaml')].sort());
    remote.commit({ 'apps/a.yaml': 'a: 2\n', 'other/c.txt': 'c: 2\n' });
    const second = await source.fetch();
    expect(blobsIn(mirror)).toHaveLength(3);
    away = true;
    expect(await contents(source, second)).toEqual({ 'apps/a.yaml': 'a: 2\n', 'apps/b.yaml': 'b: 1\n' });
    expect(await contents(source, first)).toEqual({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n' });
    expect(await failureOf(source.fetch())).toBeInstanceOf(Error);
    expect(await contents(source, second)).toMatchObject({ 'apps/a.yaml': 'a: 2\n' });
  });

  test.runIf(thorough('commits outside of the paths'))(
    'asks for no file when a commit changed none below the paths',
    async () => {
      const { remote, source, posts } = await world();
      await source.fetch();
      remote.commit({ 'other/c.txt': 'c: 2\n' });
      const before = posts();
      await source.fetch();
      const outside = posts() - before;
      remote.commit({ 'apps/a.yaml': 'a: 2\n' });
      await source.fetch();
      // The second commit takes one more request for its file, after the same ones.
      expect(posts() - before - outside).toBeGreaterThan(outside);
    },
  );

  test.each(sampled('ways to lose a request', ['an error', 'a broken connection'], 1))(
    'counts no revision as fetched before its files are there: %s',
    async (loss) => {
      let served = Number.POSITIVE_INFINITY;
      const { remote, source } = await world({
        intercept: (_, response) => {
          if (served-- > 0) return false;
          if (loss === 'an error') response.writeHead(500).end();
          else response.destroy();
          return true;
        },
      });
      const first = await source.fetch();
      const second = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
      for (let requests = 0; ; requests += 1) {
        served = requests;
        const fetched = await source.fetch().catch(() => undefined);
        expect(source.accepted()).toBe(fetched ?? first);
        expect(await contents(source, first)).toMatchObject({ 'apps/a.yaml': 'a: 1\n' });
        if (fetched === second) break;
      }
      expect(await contents(source, second)).toMatchObject({ 'apps/a.yaml': 'a: 2\n' });
    },
  );

  test('fetches the files of an older revision, and the versions of a file that is blamed, when they are asked for', async () => {
    const remoteFiles = { 'apps/a.yaml': 'one\ntwo\n' };
    const { remote, source, posts } = await world();
    const revisions = [
      remote.commit(remoteFiles),
      remote.commit({ 'apps/a.yaml': 'one\n2\n' }),
      remote.commit({ 'apps/a.yaml': '1\n2\n' }),
    ];
    const head = await source.fetch();
    const before = posts();
    expect(await contents(source, revisions[0] ?? '')).toMatchObject(remoteFiles);
    const lines = await source.blame({ revision: head, file: 'apps/a.yaml', from: 1, to: 2 });
    expect(lines.map(({ revision }) => revision)).toEqual([revisions[2], revisions[1]]);
    expect(posts() - before).toBeGreaterThan(0);
    const after = posts();
    await source.blame({ revision: head, file: 'apps/a.yaml', from: 1, to: 1 });
    expect(posts()).toBe(after);
  });

  test('fetches nothing of a revision that is read aside', async () => {
    const { remote, source, posts } = await world();
    const older = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
    remote.commit({ 'apps/a.yaml': 'a: 3\n' });
    const head = await source.fetch();
    const before = posts();
    expect(await failureOf(source.filesAside(older))).toMatchObject({ code: 'git/files-not-kept', fault: 'missing' });
    expect(await source.filesAside(head)).toHaveLength(2);
    expect(posts()).toBe(before);
  });

  test('commits and pushes edits, records syncs, and reads its own commit', async () => {
    const { remote, source, mirror } = await world();
    const base = await source.fetch();
    const edit = { base, edits: [{ path: 'apps/a.yaml', content: 'a: 2\n' }], message: 'Edit', jobId: 'job', note: '{}' };
    const made = await source.commit(edit);
    expect(remote.git('show', '--format=', '--name-only', made)).toBe('apps/a.yaml');
    expect(remote.git('show', `${made}:other/c.txt`)).toBe('c: 1');
    expect(await source.fetch()).toBe(made);
    expect(await contents(source, made)).toEqual({ 'apps/a.yaml': 'a: 2\n', 'apps/b.yaml': 'b: 1\n' });
    const accepted = source.accepted();
    if (accepted === undefined) throw new Error('no accepted revision');
    await source.recordSync({ revision: accepted, record: '{"r":1}' });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(made);
    expect(blobsIn(mirror)).not.toContain(blobOf(remote, 'main:other/c.txt'));
  });

  test('follows notes that others pushed, whose blobs are all needed', async () => {
    const { remote, source } = await world();
    const head = await source.fetch();
    remote.git('-c', 'user.name=A', '-c', 'user.email=a@b', 'notes', '--ref=flux', 'add', '-m', '{"jobID":"1"}', head);
    await source.fetch();
    expect((await source.notes([head])).get(head)).toContain('jobID');
  });

  test.runIf(thorough('packing of a mirror without blobs'))('is packed, and keeps what it has and made', async () => {
    const { remote, source, mirror } = await world();
    const base = await source.fetch();
    const edit = { edits: [{ path: 'apps/b.yaml', content: 'b: 2\n' }], message: 'Edit', jobId: 'job', note: '{}' };
    const made = await source.commit({ ...edit, base });
    for (let n = 0; n < 21; n += 1) {
      remote.commit({ 'apps/a.yaml': `a: ${n}\n`, 'other/c.txt': `c: ${n}\n` });
      await source.fetch();
    }
    const before = blobsIn(mirror);
    await source.tidy();
    expect(packsIn(mirror)).toHaveLength(1);
    expect(readdirSync(join(mirror, 'objects')).filter((name) => name.length === 2)).toEqual([]);
    expect(blobsIn(mirror)).toEqual(before);
    const head = await source.fetch();
    expect(await contents(source, head)).toEqual({ 'apps/a.yaml': 'a: 20\n', 'apps/b.yaml': 'b: 2\n' });
    expect((await source.commits({ to: head })).map(({ revision }) => revision)).toContain(made);
    expect((await source.notes([made])).get(made)).toBe('{}\n');
  });

  test.each(
    sampled(
      'losses of a mirror',
      [
        ['a file', -1],
        ['its history', 0],
      ] as const,
      1,
    ),
  )('that lost %s gets it again (R-037)', async (_, index) => {
    const { remote, source, mirror } = await world();
    const head = await source.fetch();
    remote.commit({ 'apps/b.yaml': 'b: 2\n' });
    const blob = blobOf(remote, 'main:apps/a.yaml');
    // The history comes first, the files after it.
    const lost = packsIn(mirror).at(index) ?? '';
    for (const name of readdirSync(join(mirror, 'objects/pack')).filter((each) => each.startsWith(lost)))
      rmSync(join(mirror, 'objects/pack', name));
    const read = async () => [String(await source.blob(blob)), (await source.commits({ to: head })).length];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await read().catch(() => undefined);
      await source.fetch().catch(() => undefined);
    }
    expect(await read()).toEqual(['a: 1\n', 1]);
    expect(await contents(source, await source.fetch())).toEqual({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 2\n' });
  });
});

describe('a server', () => {
  test.runIf(thorough('servers without filters'))(
    'without filters is cloned whole, and so is one with --git-partial-clone=off',
    async () => {
      for (const [server, options] of [
        [{ filter: false }, {}],
        [{}, { partialClone: 'off' as const }],
      ] as const) {
        const { remote, source, mirror } = await world(server, options);
        expect(await contents(source, await source.fetch())).toEqual({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n' });
        expect(blobsIn(mirror)).toContain(blobOf(remote, 'main:other/c.txt'));
        remote.commit({ 'apps/a.yaml': 'a: 2\n' });
        expect(await contents(source, await source.fetch())).toMatchObject({ 'apps/a.yaml': 'a: 2\n' });
      }
    },
  );

  test('with filters that serves no single file (an old protocol) is cloned whole', async () => {
    const { remote, source, mirror } = await world({
      intercept: (request) => {
        delete request.headers['git-protocol'];
        return false;
      },
    });
    expect(await contents(source, await source.fetch())).toEqual({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n' });
    expect(blobsIn(mirror)).toContain(blobOf(remote, 'main:other/c.txt'));
  });
});

test.runIf(thorough('bytes of a partial start'))(
  'a start of which a tenth is wanted fetches less than 0.3 times what a full clone does',
  async () => {
    const bytes: Record<'auto' | 'off', number> = { auto: 0, off: 0 };
    const remote = createRemote();
    remote.git('config', 'uploadpack.allowFilter', 'true');
    const noise = () => randomBytes(3000).toString('base64');
    for (let n = 0; n < 10; n += 1)
      remote.commit(
        Object.fromEntries(
          Array.from({ length: 50 }, (_, file) => [`${file < 5 ? 'apps' : 'other'}/${file}-${n % 4}.yaml`, noise()]),
        ),
      );
    const { origin } = await serveGitOverHttp(dirname(remote.path));
    for (const partialClone of ['auto', 'off'] as const) {
      const directory = join(temporaryDirectory(), 'mirror');
      await sourceOf(`${origin}/remote.git`, { directory, paths: ['apps'], partialClone }).fetch();
      const packs = join(directory, 'mirror.git/objects/pack');
      bytes[partialClone] = readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0);
    }
    expect(bytes.auto).toBeLessThan(0.3 * bytes.off);
  },
);
