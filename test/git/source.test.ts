import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sampled } from '../support/sampled.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

describe('fetch', () => {
  test('clones, then brings the mirror up to date, and the state follows Flux v1', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    expect(source.state()).toMatchObject({ status: 'new', error: { message: 'git repo has not been cloned yet' } });
    expect(source.accepted()).toBeUndefined();
    expect((await failureOf(source.files('0'.repeat(40)))).message).toBe('git repo not ready: git repo has not been cloned yet');
    expect(await source.fetch()).toBe(remote.git('rev-parse', 'main'));
    expect(source.state()).toEqual({ status: 'ready' });
    const next = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
    expect(await source.fetch()).toBe(next);
    expect(source.accepted()).toBe(next);
    expect(await source.resolve(next.slice(0, 8))).toBe(next);
    expect(await source.resolve('HEAD~1')).toBe(remote.git('rev-parse', 'main~1'));
    expect(await source.resolve('main')).toBe(next);
    expect(await source.resolve('nosuch')).toBeUndefined();
  });

  test('leaves nothing behind on the remote: the write check is a dry run (R-035)', async () => {
    const remote = createRemote();
    const before = remote.git('for-each-ref');
    const source = sourceOf(remote.path);
    await source.fetch();
    await source.fetch();
    expect(source.state().status).toBe('ready');
    expect(remote.git('for-each-ref')).toBe(before);
  });

  test('a commit of a person between a fetch and its write check does not make the repository look read-only', async () => {
    const remote = createRemote();
    const before = remote.git('rev-parse', 'main');
    const next = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
    remote.git('update-ref', 'refs/heads/main', before);
    const directory = temporaryDirectory();
    const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const race = `case "$*" in *--dry-run*) '${real}' --git-dir='${remote.path}' update-ref refs/heads/main ${next};; esac`;
    writeFileSync(join(directory, 'git'), `#!/bin/sh\n${race}\nexec '${real}' "$@"\n`, { mode: 0o755 });
    const source = sourceOf(remote.path, { environment: { PATH: `${directory}:${process.env.PATH}`, HOME: '/nonexistent' } });
    expect(await source.fetch()).toBe(before);
    expect(remote.git('rev-parse', 'main')).toBe(next);
    expect(source.state()).toEqual({ status: 'ready' });
  });

  test('an empty URL is unconfigured, and every operation says so', async () => {
    const source = sourceOf('');
    expect(source.state().status).toBe('unconfigured');
    expect((await failureOf(source.fetch())).message).toBe('git repo does not have valid config');
    expect((await failureOf(source.syncTag())).message).toBe('git repo does not have valid config');
  });

  test('a missing branch is told in the words of Flux v1, and found when it comes', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path, { branch: 'prod' });
    expect((await failureOf(source.fetch())).message).toBe("configured branch 'prod' does not exist; there is: main");
    expect(source.state().status).toBe('cloned');
    remote.git('branch', 'prod', 'main');
    await source.fetch();
    expect(source.state().status).toBe('ready');
  });

  test('where the branch is missing at most five are named, and an empty repository has none', async () => {
    const remote = createRemote();
    for (let n = 0; n < 9; n += 1) remote.git('branch', `b${n}`, 'main');
    const message = "configured branch 'prod' does not exist; there is: b0, b1, b2, b3, b4, …";
    expect((await failureOf(sourceOf(remote.path, { branch: 'prod' }).fetch())).message).toBe(message);
    for (const ref of remote.git('for-each-ref', '--format=%(refname)').trim().split('\n')) remote.git('update-ref', '-d', ref);
    expect((await failureOf(sourceOf(remote.path, { branch: 'prod' }).fetch())).message).toBe(
      "configured branch 'prod' does not exist; there is none",
    );
  });

  test('a repository that does not exist names git’s own reason and what to check (R-030), and recovers without restart', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const first = await source.fetch();
    const hidden = `${remote.path}.away`;
    renameSync(remote.path, hidden);
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({ code: 'git/no-repository' });
    expect(failure.message).toContain('does not appear to be a git repository');
    expect(failure.help).toContain('--git-url');
    expect(source.state().status).toBe('new');
    // The last good revision stays readable.
    expect(source.accepted()).toBe(first);
    expect(await source.files(first)).toHaveLength(1);
    renameSync(hidden, remote.path);
    expect(await source.fetch()).toBe(first);
    expect(source.state().status).toBe('ready');
  });

  test('follows rewritten history, and a range from a revision that is gone lists what there is (R-032)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const old = await source.fetch();
    const fresh = remote.rewrite({ 'apps/z.yaml': 'z: 1\n' });
    expect(await source.fetch()).toBe(fresh);
    const known = await source.commits({ from: old, to: fresh });
    expect(known.map(({ revision }) => revision)).toEqual([fresh]);
    const gone = await source.commits({ from: 'f'.repeat(40), to: fresh, limit: 5 });
    expect(gone.map(({ revision }) => revision)).toEqual([fresh]);
    expect(await source.files(old)).toHaveLength(1);
  });

  test('a revision was accepted before if the branch has it, and not once history was rewritten', async () => {
    const remote = createRemote();
    const first = remote.git('rev-parse', 'main');
    const source = sourceOf(remote.path);
    expect(await source.acceptedBefore(first)).toBeUndefined();
    await source.fetch();
    const head = remote.commit({ 'a.yaml': 'a: 2\n' });
    await source.fetch();
    expect(await source.acceptedBefore(first)).toBe(first);
    expect(await source.acceptedBefore(head)).toBe(head);
    expect(await source.acceptedBefore('0'.repeat(40))).toBeUndefined();
    remote.rewrite({ 'a.yaml': 'a: 3\n' });
    await source.fetch();
    expect(await source.acceptedBefore(head)).toBeUndefined();
  });

  test('works on SHA-256 repositories', async () => {
    const remote = createRemote({ 'a.yaml': 'a: 1\n' }, '--object-format=sha256');
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    expect(head).toHaveLength(64);
    const [file] = await source.files(head);
    expect(String(await source.blob(file?.blob ?? ''))).toBe('a: 1\n');
    const edits = [{ path: 'a.yaml', content: 'a: 2\n' }];
    const made = await source.commit({ base: head, edits, message: 'm', jobId: 'j', note: '{}' });
    expect(remote.git('rev-parse', 'main')).toBe(made);
  });

  test('a branch, a tag or a commit beside the branch is fetched when somebody asks about it', async () => {
    const remote = createRemote();
    const git = recordingGit();
    const source = sourceOf(remote.path, { environment: { PATH: git.path } });
    const head = await source.fetch();
    const elsewhere = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
    remote.git('update-ref', 'refs/heads/team/one', elsewhere);
    remote.git('update-ref', 'refs/pull/7/head', elsewhere);
    remote.git('tag', '-m', 'x', 'v1', elsewhere);
    remote.git('update-ref', 'refs/heads/main', head);
    await source.fetch();
    expect(await source.resolve(elsewhere)).toBeUndefined();
    const fetches = () => git.calls().filter(([command]) => command === 'fetch').length;
    const before = fetches();
    for (const name of ['team/one', 'v1', 'refs/pull/7/head', elsewhere]) expect(await source.find(name)).toBe(elsewhere);
    expect(await source.find('team/one~1')).toBe(head);
    // The commit, and the tag that names it.
    expect(fetches()).toBe(before + 2);
    expect(await source.files(elsewhere)).toHaveLength(2);
    const after = git.calls().length;
    for (const name of ['nosuch', 'f'.repeat(40), 'main@{1}']) expect(await source.find(name)).toBeUndefined();
    expect(git.calls()).toHaveLength(after);
  });

  test('an aborted fetch rejects with the reason, and the next one works', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const reason = new Error('enough');
    await expect(source.fetch({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await source.fetch();
    expect(source.state().status).toBe('ready');
  });
});

describe('a mirror that breaks (R-037)', () => {
  const breaks: Readonly<Record<string, (gitDir: string) => void>> = {
    'vanished with its directory': (gitDir) => rmSync(join(gitDir, '..'), { recursive: true }),
    'lost HEAD': (gitDir) => rmSync(join(gitDir, 'HEAD')),
    'empty HEAD': (gitDir) => truncateSync(join(gitDir, 'HEAD')),
    'lost its objects': (gitDir) => rmSync(join(gitDir, 'objects'), { recursive: true }),
    'zero-length objects': (gitDir) => {
      for (const file of objectsOf(gitDir)) writeDamaged(file, Buffer.alloc(0));
    },
    'flipped bits in every object': (gitDir) => {
      for (const file of objectsOf(gitDir)) {
        const bytes = readFileSync(file);
        for (let at = Math.floor(bytes.length / 2); at < bytes.length; at += 7) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
        writeDamaged(file, bytes);
      }
    },
    'empty branch ref': (gitDir) => truncateSync(join(gitDir, 'refs/heads/main')),
    'a branch ref to nothing': (gitDir) => writeFileSync(join(gitDir, 'refs/heads/main'), `${'1'.repeat(40)}\n`),
    'broken config': (gitDir) => writeFileSync(join(gitDir, 'config'), '[core\n'),
    'locks of a killed git': (gitDir) => {
      writeFileSync(join(gitDir, 'refs/heads/main.lock'), '');
      writeFileSync(join(gitDir, 'packed-refs.lock'), '');
      writeFileSync(join(gitDir, 'shallow.lock'), '');
    },
  };

  test.for(sampled('kinds of damage to a mirror', Object.entries(breaks), 4))(
    '%s: fetches mend it, whether or not there is something new',
    async ([, damage]) => {
      const remote = createRemote();
      const directory = join(temporaryDirectory(), 'mirror');
      const source = sourceOf(remote.path, { directory });
      const head = await source.fetch();
      const [before] = await source.files(head);
      await source.blob(before?.blob ?? '');

      damage(join(directory, 'mirror.git'));
      await source.fetch();
      // Damage that a fetch cannot see is found by the first read, and mended by the fetch after it.
      const contents = await readAll(source, head).catch(async () => {
        await source.fetch();
        return readAll(source, head);
      });
      expect(contents).toEqual({ 'apps/a.yaml': 'a: 1\n' });

      damage(join(directory, 'mirror.git'));
      const next = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
      expect(await source.fetch()).toBe(next);
      expect(await readAll(source, next)).toEqual({ 'apps/a.yaml': 'a: 1\n', 'apps/b.yaml': 'b: 1\n' });
      expect(readdirSync(directory)).toEqual(['mirror.git']);
    },
  );

  test('a blob whose bytes were changed behind its id is never handed out', async () => {
    const remote = createRemote({ 'a.yaml': 'kind: ConfigMap\n' });
    const directory = join(temporaryDirectory(), 'mirror');
    await sourceOf(remote.path, { directory }).fetch();
    const id = remote.git('rev-parse', 'main:a.yaml');
    // In place of the packs that came, or git would read those.
    const objects = join(directory, 'mirror.git/objects');
    for (const pack of objectsOf(join(directory, 'mirror.git')).filter((name) => name.endsWith('.pack')))
      execFileSync('git', ['unpack-objects', '-q'], {
        input: unlinked(pack),
        env: { ...process.env, GIT_DIR: join(directory, 'mirror.git') },
      });
    const path = join(objects, id.slice(0, 2), id.slice(2));
    expect(existsSync(path)).toBe(true);
    writeDamaged(path, deflateSync(Buffer.from('blob 16\0kind: CronJobbb\n')));
    const source = sourceOf(remote.path, { directory });
    await source.fetch();
    expect(await failureOf(source.blob(id))).toMatchObject({ code: 'git/mirror-broken' });
    await source.fetch();
    expect(String(await source.blob(id))).toBe('kind: ConfigMap\n');
  });

  test('temporary directories of a killed process are swept at start (R-038)', async () => {
    const remote = createRemote();
    const directory = temporaryDirectory();
    for (const name of ['build-1.git', 'old-1', 'commit-1']) writeFileSync(join(directory, name), '');
    await sourceOf(remote.path, { directory }).fetch();
    expect(readdirSync(directory)).toEqual(['mirror.git']);
  });
});

describe('files and blobs', () => {
  test('lists what is below the paths, with modes, sizes and links', async () => {
    const remote = createRemote({
      'apps/a.yaml': 'a: 1\n',
      'apps/sub/b.yaml': 'bb: 2\n',
      'base/c.yaml': '',
      'README.md': '#\n',
      'späce d/ü.yaml': 'x',
    });
    const all = sourceOf(remote.path);
    const head = await all.fetch();
    expect((await all.files(head)).map(({ path }) => path)).toEqual([
      'README.md',
      'apps/a.yaml',
      'apps/sub/b.yaml',
      'base/c.yaml',
      'späce d/ü.yaml',
    ]);
    const some = sourceOf(remote.path, { paths: ['apps/sub/', './base', 'README.md'] });
    await some.fetch();
    expect(await some.files(head)).toEqual([
      expect.objectContaining({ path: 'README.md', mode: '100644', size: 2 }),
      expect.objectContaining({ path: 'apps/sub/b.yaml', size: 6 }),
      expect.objectContaining({ path: 'base/c.yaml', size: 0 }),
    ]);
  });

  test('a path with nothing in it is an error that names it, never an empty list', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path, { paths: ['apps', 'nosuch'] });
    const failure = await failureOf(source.files(await source.fetch()));
    expect(failure).toMatchObject({ code: 'git/path-missing' });
    expect(failure.message).toContain('"nosuch"');
    const prefix = sourceOf(remote.path, { paths: ['app'] });
    expect(await failureOf(prefix.files(await prefix.fetch()))).toMatchObject({ code: 'git/path-missing' });
  });

  test('a revision that is not there is missing, not empty', async () => {
    const source = sourceOf(createRemote().path);
    await source.fetch();
    expect(await failureOf(source.files('1'.repeat(40)))).toMatchObject({ code: 'git/revision-missing' });
    expect(await failureOf(source.files('main'))).toMatchObject({ code: 'git/bad-revision' });
  });

  test('a revision that is read aside does not displace the listing of the sync, nor put the mirror in doubt', async () => {
    const remote = createRemote({ 'a.yaml': 'a: 1\n' });
    const source = sourceOf(remote.path);
    const first = await source.fetch();
    remote.commit({ 'a.yaml': 'a: 2\n', 'b.yaml': 'b: 1\n' });
    const second = await source.fetch();
    const listed = await source.files(second);
    expect((await source.filesAside(first)).map(({ path }) => path)).toEqual(['a.yaml']);
    expect(await source.files(second)).toBe(listed);
    expect(await source.filesAside(second)).toBe(listed);
    expect(await failureOf(source.filesAside('1'.repeat(40)))).toMatchObject({ code: 'git/revision-missing', fault: 'missing' });
    expect(await failureOf(source.filesAside('main'))).toMatchObject({ code: 'git/bad-revision' });
  });

  test('many blobs at once come back each to its own caller', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, `${index}\n`.repeat(index)]));
    const source = sourceOf(createRemote(files).path);
    const head = await source.fetch();
    const listed = await source.files(head);
    const contents = await Promise.all(listed.map(async ({ path, blob }) => [path, String(await source.blob(blob))] as const));
    expect(Object.fromEntries(contents)).toEqual(files);
  });

  test('a blob above the limit is refused with its size, and the ones around it are read', async () => {
    const source = sourceOf(createRemote({ big: 'x'.repeat(200_000), small: 's' }).path, { maxBlobBytes: 1000 });
    const [big, small] = await source.files(await source.fetch());
    const results = await Promise.allSettled([
      source.blob(small?.blob ?? ''),
      source.blob(big?.blob ?? ''),
      source.blob(small?.blob ?? ''),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const failure = await failureOf(source.blob(big?.blob ?? ''));
    expect(failure).toMatchObject({ code: 'git/blob-too-large' });
    expect(failure.message).toContain('200000 bytes');
  });

  test('an abandoned read does not shift the answers of the others', async () => {
    const source = sourceOf(createRemote({ a: 'aaa', b: 'bbb' }).path);
    const [a, b] = await source.files(await source.fetch());
    const controller = new AbortController();
    const abandoned = failureOf(source.blob(a?.blob ?? '', { signal: controller.signal }));
    const wanted = source.blob(b?.blob ?? '');
    controller.abort(new Error('no longer'));
    expect((await abandoned).message).toBe('no longer');
    expect(String(await wanted)).toBe('bbb');
  });

  test('after close, reads are refused', async () => {
    const source = sourceOf(createRemote({ a: 'aaa' }).path);
    const [a] = await source.files(await source.fetch());
    await source.close();
    expect(await failureOf(source.blob(a?.blob ?? ''))).toMatchObject({ code: 'git/closed' });
  });
});

describe('commits', () => {
  test('of a time that no calendar has get the last one that can be written', async () => {
    const remote = createRemote();
    const [tree, parent] = [remote.git('rev-parse', 'main^{tree}'), remote.git('rev-parse', 'main')];
    const who = 'A <a@b> 99999999999999 +0000';
    const late = execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], {
      env: { ...process.env, GIT_DIR: remote.path },
      input: `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\nLate\n`,
      encoding: 'utf8',
    }).trim();
    remote.git('update-ref', 'refs/heads/main', late);
    const source = sourceOf(remote.path);
    await source.fetch();
    const [commit] = await source.commits({ to: late, limit: 1 });
    expect(new Date(commit?.committedAt ?? Number.NaN).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
  });

  test('are listed newest first, with trailers, restricted to the paths unless told otherwise', async () => {
    const remote = createRemote();
    const first = remote.git('rev-parse', 'main');
    const elsewhere = remote.commit({ 'other/x': '1' }, 'Elsewhere');
    const here = remote.commit(
      { 'apps/b.yaml': 'b' },
      'Here\n\nBody: no trailer\nmore\n\nAllow-Prune: 3\nSigned-off-by: Ann <a@b>',
    );
    const source = sourceOf(remote.path, { paths: ['apps'] });
    await source.fetch();
    const listed = await source.commits({ from: first, to: here });
    expect(listed).toEqual([
      {
        revision: here,
        subject: 'Here',
        committedAt: expect.any(Number),
        author: { name: 'Ann', email: 'ann@example.org' },
        trailers: [
          { name: 'allow-prune', value: '3' },
          { name: 'signed-off-by', value: 'Ann <a@b>' },
        ],
        ours: false,
      },
    ]);
    const all = await source.commits({ to: here, allPaths: true });
    expect(all.map(({ revision }) => revision)).toEqual([here, elsewhere, first]);
    expect(await source.commits({ to: here, allPaths: true, limit: 2 })).toHaveLength(2);
    expect(await source.commits({ from: here, to: here })).toEqual([]);
  });

  test('a person who copies our trailer does not become us', async () => {
    const remote = createRemote();
    const head = remote.commit({ 'apps/a.yaml': 'a: 2\n' }, 'Fake\n\nFlux-Job-Id: x');
    const source = sourceOf(remote.path);
    await source.fetch();
    const [fake] = await source.commits({ to: head, limit: 1 });
    expect(fake).toMatchObject({ ours: false, trailers: [{ name: 'flux-job-id', value: 'x' }] });
  });
});

function objectsOf(gitDir: string): readonly string[] {
  return readdirSync(join(gitDir, 'objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The bytes of a pack, which is gone then. */
function unlinked(pack: string): Buffer {
  const bytes = readFileSync(pack);
  for (const extension of ['.pack', '.idx', '.rev']) rmSync(pack.replace(/\.pack$/, extension), { force: true });
  return bytes;
}

function writeDamaged(file: string, bytes: Buffer): void {
  rmSync(file);
  writeFileSync(file, bytes);
}

async function readAll(source: ReturnType<typeof sourceOf>, revision: string): Promise<Record<string, string>> {
  const files = await source.files(revision);
  return Object.fromEntries(
    await Promise.all(files.map(async ({ path, blob }) => [path, String(await source.blob(blob))] as const)),
  );
}

describe('questions that are asked a thousand times a second', () => {
  /** A mirror, and how many git processes were started since. */
  async function world() {
    const remote = createRemote();
    const git = recordingGit();
    const source = sourceOf(remote.path, { environment: { ...process.env, PATH: git.path } });
    const first = await source.fetch();
    const second = remote.commit({ 'apps/b.yaml': 'b: 1\n' });
    await source.fetch();
    const before = git.calls().length;
    return { remote, source, first, second, started: () => git.calls().length - before };
  }

  test('start no process to tell what a name stands for', async () => {
    const { source, second, started } = await world();
    expect(await source.resolve(second)).toBe(second);
    expect(started()).toBe(0);
    const short = await Promise.all(Array.from({ length: 50 }, () => source.resolve(second.slice(0, 7))));
    expect(new Set(short)).toEqual(new Set([second]));
    expect(await source.resolve('nosuch')).toBeUndefined();
    expect(started()).toBe(0);
  });

  test.each(['main@{5}', 'main@{yesterday}', 'main^{/b}', 'HEAD^{/b}'])(
    '%s, which could end or busy the process that reads everything, is no name',
    async (ref) => {
      const { source, started } = await world();
      expect(await source.resolve(ref)).toBeUndefined();
      expect(started()).toBe(0);
    },
  );

  test('start one for all who ask for the same commits', async () => {
    const { source, first, second, started } = await world();
    const ask = () => source.commits({ from: first, to: second, limit: 10_000 });
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    expect(answers.map(([commit]) => commit?.revision)).toEqual(answers.map(() => second));
    await ask();
    expect(started()).toBe(1);
  });

  test('are asked anew once the mirror has changed', async () => {
    const { remote, source, second } = await world();
    expect(await source.resolve('HEAD')).toBe(second);
    const third = remote.commit({ 'apps/c.yaml': 'c: 1\n' });
    await source.fetch();
    expect(await source.resolve('HEAD')).toBe(third);
    expect(await source.resolve(third.slice(0, 7))).toBe(third);
  });

  test('a failure is told and not kept', async () => {
    const { source } = await world();
    const missing = 'f'.repeat(40);
    await expect(source.commits({ to: missing })).rejects.toMatchObject({ code: 'git/revision-missing' });
    await expect(source.commits({ to: missing })).rejects.toMatchObject({ code: 'git/revision-missing' });
  });
});
