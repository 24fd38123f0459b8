import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import type { GitSource } from '../../src/git/index.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { failingGit } from './support/failing-git.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, type Remote, sourceOf, temporaryDirectory } from './support/repository.ts';

const CLOCK = { ...systemClock, now: () => Date.parse('2030-01-02T03:04:05Z'), sleep: () => new Promise<void>(() => undefined) };
const SECONDS = Date.parse('2030-01-02T03:04:05Z') / 1000;

const request = (base: string, content: string, more: object = {}) => ({
  base: accept(base),
  edits: [{ path: 'apps/a.yaml', content }],
  message: 'Auto-release acme/cart:1.4',
  jobId: '5b0d9a34-77c1-40e2-9f1e-0c6c8e5d2a11',
  note: '{"jobID":"x","result":null}',
  ...more,
});

const notesOf = async (source: GitSource) => [...(await source.notes([...(await source.noteBlobs()).keys()]))];
const noteOf = (remote: Remote, revision: string, ref = 'flux') => remote.git('notes', `--ref=${ref}`, 'show', revision);

describe('commit', () => {
  test.runIf(thorough('a commit of hundreds of files'))(
    'of hundreds of files takes as many processes as that of one, and keeps their modes',
    async () => {
      const names = Array.from({ length: 600 }, (_, n) => `apps/${n}.yaml`);
      const remote = createRemote({ ...Object.fromEntries(names.map((name) => [name, 'a: 1\n'])), 'other.txt': 'x' });
      const clone = temporaryDirectory();
      remote.git('clone', '--quiet', remote.path, clone);
      remote.git('-C', clone, 'update-index', '--chmod=+x', 'apps/7.yaml');
      remote.git('-C', clone, 'commit', '--quiet', '--message', 'Executable');
      remote.git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main');
      const git = recordingGit();
      const source = sourceOf(remote.path, { environment: { ...process.env, PATH: git.path } });
      const base = await source.fetch();
      const before = git.calls().length;
      const edits = names.map((path, n) => ({ path, content: `b: ${n}\n` }));
      const made = await source.commit(request(base, '', { edits }));
      expect(git.calls().length - before).toBeLessThan(12);
      const changed = remote.git('diff-tree', '-r', '--raw', base, made).split('\n');
      expect(changed).toHaveLength(600);
      expect(changed.filter((line) => line.startsWith(':100755 100755'))).toHaveLength(1);
      expect(remote.git('cat-file', 'blob', `${made}:apps/599.yaml`)).toBe('b: 599');
    },
  );

  test('changes the bytes asked for and nothing else, keeps modes and links, and is one commit with one note', async () => {
    const remote = createRemote({ 'apps/a.yaml': 'a: 1\n', 'apps/run.sh': '#!/bin/sh\n', 'z/deep/er.yaml': 'e\n' });
    const clone = temporaryDirectory();
    remote.git('clone', '--quiet', remote.path, clone);
    remote.git('-C', clone, 'update-index', '--chmod=+x', 'apps/run.sh');
    chmodSync(join(clone, 'apps/run.sh'), 0o755);
    remote.git('-C', clone, 'commit', '--quiet', '--message', 'Executable');
    remote.git('-C', clone, 'push', '--quiet', 'origin', 'HEAD:main');

    const source = sourceOf(remote.path, { clock: CLOCK, skipMessage: '\n\n[ci skip]' });
    const base = await source.fetch();
    const edits = [
      { path: 'apps/run.sh', content: '#!/bin/bash\r\nno newline at end' },
      { path: 'apps/new.yaml', content: 'n: 1\n' },
    ];
    const made = await source.commit(request(base, '', { edits }));
    expect(remote.git('rev-parse', 'main', 'main~1')).toBe(`${made}\n${base}`);
    expect(remote.git('diff-tree', '-r', '--raw', '--abbrev=7', base, made).replace(/[0-9a-f]{7} [0-9a-f]{7} /g, '')).toBe(
      ':000000 100644 A\tapps/new.yaml\n:100755 100755 M\tapps/run.sh',
    );
    expect(remote.git('cat-file', 'blob', `${made}:apps/run.sh`)).toBe('#!/bin/bash\r\nno newline at end');
    expect(remote.git('cat-file', 'commit', made).split('\n').slice(2)).toEqual([
      `author Weave Flux <support@weave.works> ${SECONDS} +0000`,
      `committer Weave Flux <support@weave.works> ${SECONDS} +0000`,
      '',
      'Auto-release acme/cart:1.4',
      '',
      '[ci skip]',
      '',
      'Flux-Job-Id: 5b0d9a34-77c1-40e2-9f1e-0c6c8e5d2a11',
    ]);
    expect(source.accepted()).toBe(made);
    const [commit] = await source.commits({ from: base, to: made });
    expect(commit).toMatchObject({ revision: made, ours: true, subject: 'Auto-release acme/cart:1.4' });
    expect(await notesOf(source)).toEqual([[made, '{"jobID":"x","result":null}\n']]);
    expect(await source.fetch()).toBe(made);
    remote.git('fsck', '--strict');
  });

  test('the note has the bytes of Flux v1: a flat tree, one line, its commit message', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path, { clock: CLOCK });
    const first = await source.commit(request(await source.fetch(), 'a: 2\n', { note: '{"a":"\\u003c"}' }));
    const second = await source.commit(request(first, 'a: 3\n', { jobId: 'two' }));
    expect(remote.git('cat-file', 'blob', `refs/notes/flux:${first}`)).toBe('{"a":"\\u003c"}');
    expect(Number(remote.git('cat-file', '-s', `refs/notes/flux:${first}`))).toBe('{"a":"\\u003c"}\n'.length);
    expect(remote.git('ls-tree', '--name-only', 'refs/notes/flux').split('\n')).toEqual([first, second].toSorted());
    expect(remote.git('log', '--format=%s|%an|%ae|%cn|%ce', 'refs/notes/flux').split('\n')).toEqual(
      Array(2).fill("Notes added by 'git notes add'|Weave Flux|support@weave.works|Weave Flux|support@weave.works"),
    );
  });

  test('an unchanged tree is no commit', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    const failure = await failureOf(source.commit(request(base, 'a: 1\n')));
    expect(failure).toMatchObject({ code: 'git/no-changes', message: 'no changes made in repo' });
    expect(remote.git('rev-parse', 'main')).toBe(base);
    expect(remote.git('for-each-ref', 'refs/notes')).toBe('');
  });

  test('a person who pushed first wins: the push is refused, the mirror has their head, planning again succeeds (R-033)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    const theirs = remote.commit({ 'apps/a.yaml': 'a: theirs\n' });
    const failure = await failureOf(source.commit(request(base, 'a: 2\n')));
    expect(failure).toMatchObject({ code: 'git/push-raced' });
    expect(source.accepted()).toBe(theirs);
    expect(remote.git('rev-parse', 'main')).toBe(theirs);
    expect(remote.git('for-each-ref', 'refs/notes')).toBe('');
    const made = await source.commit(request(theirs, 'a: 2\n'));
    expect(remote.git('log', '--format=%H', 'main').split('\n')).toEqual([made, theirs, base]);
    expect(await failureOf(source.commit(request(base, 'a: 9\n')))).toMatchObject({ code: 'git/push-raced' });
  });

  test('a person who went back to an older commit is not undone', async () => {
    const remote = createRemote();
    const older = remote.git('rev-parse', 'main');
    remote.commit({ 'apps/a.yaml': 'a: bad\n' });
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    remote.git('update-ref', 'refs/heads/main', older);
    expect(await failureOf(source.commit(request(base, 'a: 2\n')))).toMatchObject({ code: 'git/push-raced' });
    expect(remote.git('rev-parse', 'main')).toBe(older);
    expect(source.accepted()).toBe(older);
  });

  test('a race of two sources has one winner each round, and nothing is lost', async () => {
    const remote = createRemote({ 'apps/a.yaml': '0', 'apps/b.yaml': '0' });
    const sources = [sourceOf(remote.path), sourceOf(remote.path, { notesRef: 'flux' })];
    const write = async (source: (typeof sources)[number], path: string, jobId: string) => {
      for (;;) {
        const base = source.accepted() ?? (await source.fetch());
        try {
          return await source.commit(request(base, '', { edits: [{ path, content: jobId }], jobId }));
        } catch (error) {
          if ((error as { code?: string }).code !== 'git/push-raced') throw error;
        }
      }
    };
    const rounds = sampled('rounds of the race', [1, 2, 3], 1);
    for (const round of rounds) {
      const made = await Promise.all(
        sources.map((source, index) => write(source, `apps/${index === 0 ? 'a' : 'b'}.yaml`, `job-${round}-${index}`)),
      );
      for (const revision of made) expect(noteOf(remote, revision)).toContain('jobID');
    }
    expect(remote.git('rev-list', '--count', 'main')).toBe(`${1 + rounds.length * sources.length}`);
  });

  test('notes that diverged are fetched and the note is added on top (R-042)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    remote.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'notes', '--ref=flux', 'add', '-m', 'by another daemon', base);
    const made = await source.commit(request(base, 'a: 2\n'));
    expect(noteOf(remote, base)).toBe('by another daemon');
    expect(noteOf(remote, made)).toContain('jobID');
  });

  test('a server hook that refuses leaves branch and notes alone and is quoted, cleaned (R-041)', async () => {
    const remote = createRemote();
    remote.hook('pre-receive', 'printf "commits must be \\033[31msigned\\033[0m\\n" >&2; exit 1');
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    const failure = await failureOf(source.commit(request(base, 'a: 2\n')));
    expect(failure).toMatchObject({ code: 'git/push-failed' });
    expect(failure.message).toContain('commits must be');
    expect(failure.message).toContain('pre-receive hook declined');
    expect(failure.message).not.toContain('\u001b');
    expect(failure.help).toMatch(/^Problem committing and pushing to git repository\./);
    expect(remote.git('for-each-ref', '--format=%(refname) %(objectname)')).toBe(`refs/heads/main ${base}`);
  });

  test('a hook that refuses the notes alone refuses the branch with it: all or nothing (R-034)', async () => {
    const remote = createRemote();
    remote.hook('update', 'case "$1" in refs/notes/*) exit 1;; esac');
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    expect(await failureOf(source.commit(request(base, 'a: 2\n')))).toMatchObject({ code: 'git/push-failed' });
    expect(remote.git('rev-parse', 'main')).toBe(base);
  });

  test('a server without atomic push gets the branch first, then the notes (R-034)', async () => {
    const remote = createRemote();
    remote.git('config', 'receive.advertiseAtomic', 'false');
    const source = sourceOf(remote.path);
    const first = await source.commit(request(await source.fetch(), 'a: 2\n'));
    expect(noteOf(remote, first)).toContain('jobID');
    await source.recordSync({ revision: accept(first), record: '{"n":1}' });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(first);
    expect(noteOf(remote, first, 'flux-sync')).toBe('{"n":1}');
    // The branch went through, its note did not: the commit counts, and is not made again.
    remote.hook('update', 'case "$1" in refs/notes/*) exit 1;; esac');
    const second = await source.commit(request(first, 'a: 3\n', { jobId: 'second' }));
    expect(remote.git('rev-parse', 'main')).toBe(second);
    expect(await failureOf(source.commit(request(second, 'a: 3\n', { jobId: 'second' })))).toMatchObject({
      code: 'git/no-changes',
    });
  });

  test('a push that arrived although the connection broke is a success, made once (R-035)', async () => {
    const remote = createRemote();
    let broken = 0;
    const server = await serveGitOverHttp(rootOf(remote.path), {
      breakAnswer: ({ method, url }) => {
        const breaks = method === 'POST' && url?.endsWith('git-receive-pack') === true && broken === 0;
        if (breaks) broken += 1;
        return breaks;
      },
    });
    const source = sourceOf(`${server.origin}/remote.git`);
    const base = await source.fetch();
    expect(source.state().status).toBe('ready');
    const made = await source.commit(request(base, 'a: 2\n'));
    expect(broken).toBe(1);
    expect(remote.git('rev-list', 'main').split('\n')).toEqual([made, base]);
    expect(noteOf(remote, made)).toContain('jobID');
    expect(source.accepted()).toBe(made);
  });

  test.runIf(thorough('a push that our deadline ends'))(
    'a push that arrived although our deadline ended it is a success as well',
    async () => {
      const remote = createRemote();
      remote.hook('post-receive', 'exec sleep 30 >/dev/null 2>&1 </dev/null');
      const source = sourceOf(remote.path, { timeoutMs: 4000 });
      const base = await source.fetch();
      const made = await source.commit(request(base, 'a: 2\n'));
      expect(remote.git('rev-list', 'main').split('\n')).toEqual([made, base]);
    },
  );

  test('when the fetch after a failed push fails too, the error says that nobody knows, and the next one shows it', async () => {
    const remote = createRemote();
    let down: boolean | undefined;
    const server = await serveGitOverHttp(rootOf(remote.path), {
      breakAnswer: ({ url }) => {
        if (url?.endsWith('git-receive-pack') && !url.includes('?')) down ??= true;
        return down ?? false;
      },
    });
    const source = sourceOf(`${server.origin}/remote.git`);
    const base = await source.fetch();
    const failure = await failureOf(source.commit(request(base, 'a: 2\n')));
    expect(failure).toMatchObject({ code: 'git/push-unknown' });
    // All that a job tells of its error is the message.
    expect(failure.message).toMatch(/^unknown whether the push arrived: git push: /);
    down = false;
    const head = await source.fetch();
    expect(head).not.toBe(base);
    // The server has no note yet, as one that takes no atomic pushes.
    remote.git('update-ref', '-d', 'refs/notes/flux');
    await source.fetch();
    expect(await source.arrived(request(base, 'a: 2\n', { jobId: 'another' }))).toBeUndefined();
    expect(await source.arrived(request(base, 'a: 2\n'))).toBe(head);
    expect(noteOf(remote, head)).toContain('jobID');
  });

  test('a commit that is in the branch counts, whatever becomes of its note', async () => {
    const remote = createRemote();
    remote.git('config', 'receive.advertiseAtomic', 'false');
    let pushes = 0;
    const server = await serveGitOverHttp(rootOf(remote.path), {
      breakAnswer: ({ method, url }) => {
        if (method === 'POST' && url?.endsWith('git-receive-pack')) pushes += 1;
        return pushes > 2;
      },
    });
    const source = sourceOf(`${server.origin}/remote.git`);
    const base = await source.fetch();
    remote.hook('update', 'case "$1" in refs/notes/*) exit 1;; esac');
    const made = await source.commit(request(base, 'a: 2\n'));
    expect(pushes).toBeGreaterThan(2);
    expect(remote.git('rev-list', 'main').split('\n')).toEqual([made, base]);
  });

  test('a push that was taken is none that failed, although the mirror cannot show it yet', async () => {
    const remote = createRemote();
    const git = failingGit();
    const source = sourceOf(remote.path, { environment: { ...process.env, PATH: git.path } });
    const base = await source.fetch();
    git.replace('update-ref', 'echo "fatal: cannot lock ref: No space left on device" >&2; exit 128');
    const made = await source.commit(request(base, 'a: 2\n'));
    expect(remote.git('rev-list', 'main').split('\n')).toEqual([made, base]);
    expect([source.accepted(), await source.fetch()]).toEqual([base, made]);
    await source.recordSync({ revision: accept(made), record: '{}' });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(made);
  });

  test('the author is the cause user only when asked for, by git’s rule for names', async () => {
    const remote = createRemote();
    const author = 'Ann O’Neil <ann@example.org>';
    const without = sourceOf(remote.path);
    const first = await without.commit(request(await without.fetch(), 'a: 2\n', { author }));
    expect(remote.git('log', '-1', '--format=%an <%ae>', first)).toBe('Weave Flux <support@weave.works>');
    const source = sourceOf(remote.path, { setAuthor: true });
    const second = await source.commit(request(await source.fetch(), 'a: 3\n', { author }));
    expect(remote.git('log', '-1', '--format=%an <%ae> %cn', second)).toBe(`${author} Weave Flux`);
    const third = await source.commit(request(second, 'a: 4\n', { author: '', jobId: 'three' }));
    expect(remote.git('log', '-1', '--format=%an', third)).toBe('Weave Flux');
    const failure = await failureOf(source.commit(request(third, 'a: 5\n', { author: 'bob <b' })));
    expect(failure.message).toMatch(/^git commit: fatal: --author 'bob <b' is not 'Name <email>' and matches no existing author/);
    expect(remote.git('rev-parse', 'main')).toBe(third);
    const last = await source.commit(request(third, 'a: 5\n', { author: 'Jane (unverified)', jobId: 'four' }));
    expect(remote.git('log', '-1', '--format=%an <%ae>', last)).toBe('Jane (unverified) <support@weave.works>');
  });

  test('outside text cannot forge a trailer, hide in control characters, or break the message (S-015)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const message =
      '# not a comment\r\n\u001b[31mred\u001b[0m \0\u0007\u202etxt\n\n\n\nAllow-Prune: 9\nFlux-Job-Id: forged\n\n\n';
    const made = await source.commit(request(await source.fetch(), 'a: 2\n', { message }));
    expect(remote.git('cat-file', 'commit', made).split('\n').slice(5)).toEqual([
      '# not a comment',
      'red txt',
      '',
      'Allow-Prune: 9',
      'Flux-Job-Id: forged',
      '',
      'Flux-Job-Id: 5b0d9a34-77c1-40e2-9f1e-0c6c8e5d2a11',
    ]);
    const [commit] = await source.commits({ to: made, limit: 1 });
    expect(commit?.trailers).toEqual([{ name: 'flux-job-id', value: '5b0d9a34-77c1-40e2-9f1e-0c6c8e5d2a11' }]);
    const huge = await source.commit(request(made, 'a: 3\n', { message: `Subject\n\n${'x'.repeat(2 ** 20)}`, jobId: 'huge' }));
    expect(remote.git('log', '-1', '--format=%s', huge)).toBe('Subject');
    expect(remote.git('cat-file', '-s', huge).length).toBeLessThanOrEqual(5);
    expect(await failureOf(source.commit(request(huge, 'a: 4\n', { message: ' \n\0' })))).toMatchObject({
      code: 'git/empty-message',
    });
    expect(await failureOf(source.commit(request(huge, 'a: 4\n', { jobId: 'a\nb' })))).toMatchObject({ code: 'git/bad-job-id' });
  });

  test('an edit of what is no file of the tree is refused', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const base = await source.fetch();
    for (const path of [
      '../x',
      '/etc/x',
      'a/../../x',
      '.git/hooks/post-update',
      'a/.GIT/config',
      'a//b',
      '',
      'a\0b',
      'apps',
      'apps/a.yaml/b',
    ]) {
      const edits = [{ path, content: 'x' }];
      expect(await failureOf(source.commit(request(base, '', { edits }))), path).toMatchObject({ code: 'git/bad-path' });
    }
    const nested = ['n/x/y', 'n/x'].map((path) => ({ path, content: 'x' }));
    expect(await failureOf(source.commit(request(base, '', { edits: nested })))).toMatchObject({ code: 'git/bad-path' });
    expect(remote.git('rev-parse', 'main')).toBe(base);
  });

  test('before the first fetch nothing can be written', async () => {
    const source = sourceOf(createRemote().path);
    expect(await failureOf(source.commit(request('1'.repeat(40), 'a: 2\n')))).toMatchObject({ code: 'git/not-ready' });
  });
});

describe('who may push', () => {
  const notNow = new Error('another leads');

  test('is asked before each push: a no stops commit and record, and the remote stays as it was', async () => {
    const remote = createRemote();
    let refuse = false;
    const mayPush = () => {
      if (refuse) throw notNow;
    };
    const source = sourceOf(remote.path, { mayPush });
    const base = await source.fetch();
    refuse = true;
    const before = remote.git('for-each-ref');
    await expect(source.commit(request(base, 'a: 2\n'))).rejects.toBe(notNow);
    await expect(source.recordSync({ revision: accept(base), record: '{}' })).rejects.toBe(notNow);
    expect(remote.git('for-each-ref')).toBe(before);
    refuse = false;
    await source.recordSync({ revision: accept(base) });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(base);
  });

  test('is asked again after a push that lost: the sync tag of who leads now stays', async () => {
    const remote = createRemote();
    const first = sourceOf(remote.path, { mayPush: () => asked() });
    const second = sourceOf(remote.path);
    let asks = 0;
    const asked = () => {
      asks += 1;
      if (asks > 1) throw notNow;
    };
    const old = await first.fetch();
    const next = remote.commit({ 'apps/b.yaml': 'b' });
    await second.fetch();
    await second.recordSync({ revision: accept(next) });
    await expect(first.recordSync({ revision: accept(old) })).rejects.toBe(notNow);
    expect(asks).toBe(2);
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(next);
  });
});

describe('recordSync', () => {
  test('writes the tag as git does, byte for byte, and the record beside it', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path, { clock: CLOCK });
    const head = await source.fetch();
    expect(await source.syncTag()).toBeUndefined();
    expect(await source.syncRecord(head)).toBeUndefined();
    await source.recordSync({ revision: accept(head), record: '{"applied":3}' });
    process.env.GIT_COMMITTER_DATE = `${SECONDS} +0000`;
    remote.git(
      '-c',
      'user.name=Weave Flux',
      '-c',
      'user.email=support@weave.works',
      'tag',
      '-a',
      '-m',
      'Sync pointer',
      'by-git',
      head,
    );
    delete process.env.GIT_COMMITTER_DATE;
    const bytes = remote.git('cat-file', 'tag', 'flux-sync');
    expect(bytes.split('\n')).toEqual([
      `object ${head}`,
      'type commit',
      'tag flux-sync',
      `tagger Weave Flux <support@weave.works> ${SECONDS} +0000`,
      '',
      'Sync pointer',
    ]);
    const byGit = remote.git('cat-file', 'tag', 'by-git').replace('tag by-git', 'tag flux-sync');
    expect(bytes.replace(/tagger .*/, '')).toBe(byGit.replace(/tagger .*/, ''));
    expect(remote.git('cat-file', '-s', 'flux-sync')).toBe(String(Buffer.byteLength(`${bytes}\n`)));
    expect(await source.syncTag()).toBe(head);
    expect(await source.syncRecord(head)).toBe('{"applied":3}\n');
    expect(noteOf(remote, head, 'flux-sync')).toBe('{"applied":3}');
    remote.git('fsck', '--strict');
  });

  test('moves the tag, replaces the record of a revision, and writes nothing when nothing changed', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const first = await source.fetch();
    await source.recordSync({ revision: accept(first), record: '{"failed":1}' });
    const before = remote.git('for-each-ref');
    await source.recordSync({ revision: accept(first), record: '{"failed":1}' });
    await source.recordSync({ revision: accept(first) });
    expect(remote.git('for-each-ref')).toBe(before);
    await source.recordSync({ revision: accept(first), record: '{"failed":0}' });
    expect(noteOf(remote, first, 'flux-sync')).toBe('{"failed":0}');
    const second = remote.commit({ 'apps/b.yaml': 'b' });
    await source.fetch();
    await source.recordSync({ revision: accept(second), record: '{"n":2}' });
    expect(await source.syncTag()).toBe(second);
    expect(remote.git('ls-tree', '--name-only', 'refs/notes/flux-sync').split('\n')).toHaveLength(2);
    expect(await source.syncRecords([second, '0'.repeat(40), first], 9)).toEqual([
      { revision: second, text: '{"n":2}\n' },
      { revision: first, text: '{"failed":0}\n' },
    ]);
    expect(await source.syncRecords([first, second], 1)).toEqual([{ revision: first, text: '{"failed":0}\n' }]);
    // Back to an older revision, after a person rewrote history.
    await source.recordSync({ revision: accept(first) });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(first);
    expect(await source.syncRecord(second)).toBe('{"n":2}\n');
  });

  test('amends the record that the remote has at the push, and leaves the tag where it is', async () => {
    const remote = createRemote();
    const [ours, theirs] = [sourceOf(remote.path), sourceOf(remote.path)];
    const first = await ours.fetch();
    await ours.amendRecord(first, (recorded) => recorded);
    expect(remote.git('for-each-ref')).not.toContain('flux-sync');
    await ours.recordSync({ revision: first, record: '{"n":1}' });
    await theirs.fetch();
    await theirs.amendRecord(first, (recorded) => `${recorded?.trim()} theirs`);
    const tag = remote.git('rev-parse', 'flux-sync');
    const next = remote.commit({ 'apps/b.yaml': 'b' });
    await ours.amendRecord(first, (recorded) => `${recorded?.trim()} ours`);
    expect(noteOf(remote, first, 'flux-sync')).toBe('{"n":1} theirs ours');
    await ours.amendRecord(next, () => undefined);
    expect(remote.git('rev-parse', 'flux-sync')).toBe(tag);
    expect(await ours.syncRecords([next, first], 9)).toMatchObject([{ revision: first }]);
  });

  test('of a new revision starts as few processes as there are things to write', async () => {
    const remote = createRemote();
    const git = recordingGit();
    const source = sourceOf(`file://${remote.path}`, { environment: { ...process.env, PATH: git.path } });
    await source.recordSync({ revision: await source.fetch(), record: '{"n":1}' });
    remote.commit({ 'apps/b.yaml': 'b' });
    const next = await source.fetch();
    expect(await source.syncRecord(next)).toBeUndefined();
    const before = git.calls().length;
    await source.recordSync({ revision: accept(next), record: '{"n":2}' });
    const names = git
      .calls()
      .slice(before)
      .map(([name]) => name);
    expect(names.toSorted()).toEqual(['mktag', 'notes', 'push']);
    expect(noteOf(remote, next, 'flux-sync')).toBe('{"n":2}');
    expect([source.accepted(), await source.syncTag(), await source.syncRecord(next)]).toEqual([next, next, '{"n":2}\n']);
  });

  test('of our own commit asks the remote nothing, because the mirror has what was pushed', async () => {
    const remote = createRemote();
    const git = recordingGit();
    let later = 0;
    const clock = { ...systemClock, monotonic: () => later + systemClock.monotonic() };
    const source = sourceOf(`file://${remote.path}`, { clock, environment: { ...process.env, PATH: git.path } });
    let base = await source.fetch();
    let names: readonly (string | undefined)[] = [];
    for (const jobId of ['first', 'second']) {
      later += 60_000;
      const before = git.calls().length;
      base = accept(await source.commit(request(base, `a: ${jobId}`, { jobId })));
      await source.recordSync({ revision: base, record: '{}' });
      names = git
        .calls()
        .slice(before)
        .map(([name]) => name);
      const notes = await source.notes([base]);
      expect([source.accepted(), await source.syncTag(), [...notes.keys()]]).toEqual([base, base, [base]]);
    }
    const made = ['ls-tree', 'hash-object', 'read-tree', 'update-index', 'write-tree', 'commit-tree', 'notes', 'push'];
    expect(names.toSorted()).toEqual([...made, 'mktag', 'notes', 'push'].toSorted());
    expect([await source.fetch(), remote.git('rev-parse', 'flux-sync^{commit}')]).toEqual([base, base]);
  });

  test('is found in a tree with fan-out', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    await source.recordSync({ revision: accept(head), record: '{"n":1}' });
    fanOut(remote, 'refs/notes/flux-sync', head, 2);
    await source.fetch();
    const before = remote.git('for-each-ref');
    expect(await source.syncRecord(head)).toBe('{"n":1}\n');
    await source.recordSync({ revision: accept(head), record: '{"n":1}' });
    expect(remote.git('for-each-ref')).toBe(before);
  });

  test('a tag moved, made lightweight or deleted by a person is put right by the next record (R-042)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const first = await source.fetch();
    await source.recordSync({ revision: accept(first) });
    const second = remote.commit({ 'apps/b.yaml': 'b' });
    remote.git('update-ref', 'refs/tags/flux-sync', second);
    await source.fetch();
    expect(await source.syncTag()).toBe(second);
    remote.git('update-ref', '-d', 'refs/tags/flux-sync');
    await source.fetch();
    expect(await source.syncTag()).toBeUndefined();
    await source.recordSync({ revision: accept(second) });
    expect(remote.git('cat-file', '-t', 'flux-sync')).toBe('tag');
  });

  test('records that diverged are fetched and kept', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    const other = sourceOf(remote.path, { syncTag: 'other-sync' });
    const next = remote.commit({ 'apps/b.yaml': 'b' });
    await other.fetch();
    await other.recordSync({ revision: accept(next), record: '{"by":"other"}' });
    await source.recordSync({ revision: accept(head), record: '{"by":"us"}' });
    expect(noteOf(remote, head, 'flux-sync')).toBe('{"by":"us"}');
    expect(noteOf(remote, next, 'flux-sync')).toBe('{"by":"other"}');
  });

  test('a protected tag fails with the words of the server, and the sync goes on', async () => {
    const remote = createRemote();
    remote.hook('update', 'case "$1" in refs/tags/*) echo protected tag >&2; exit 1;; esac');
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    const failure = await failureOf(source.recordSync({ revision: accept(head), record: '{}' }));
    expect(failure).toMatchObject({ code: 'git/push-failed' });
    expect(failure.message).toContain('protected tag');
    expect(await source.fetch()).toBe(head);
    // What must be known before anything is done needs no tag.
    await source.recordSync({ revision: accept(head), record: '{"begun":true}', tag: false });
    expect(remote.git('notes', '--ref=flux-sync', 'show', head)).toBe('{"begun":true}');
  });

  test('of a revision that a force-push has dropped pushes nothing, whether or not the mirror knows of it', async () => {
    const remote = createRemote();
    const clock = { ...systemClock, monotonic: () => later + systemClock.monotonic() };
    let later = 0;
    const source = sourceOf(remote.path, { clock });
    const dropped = await source.fetch();
    const head = remote.rewrite({ 'apps/z.yaml': 'z: 1\n' });
    later = 60_000;
    const record = () => source.recordSync({ revision: accept(dropped), record: '{}' });
    expect(await failureOf(record())).toMatchObject({ code: 'git/revision-removed' });
    await source.fetch();
    expect(await failureOf(record())).toMatchObject({ code: 'git/revision-removed' });
    expect(remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
    const next = remote.commit({ 'apps/y.yaml': 'y: 1\n' });
    await source.fetch();
    // One that the branch still holds is recorded though it is not the head.
    await source.recordSync({ revision: accept(head), record: '{}' });
    expect(remote.git('rev-parse', 'flux-sync^{commit}')).toBe(head);
    expect(remote.git('rev-parse', 'main')).toBe(next);
  });
});

describe('notes', () => {
  test('of any content are read, one that is too large is left out, and a tree with fan-out is understood (R-042)', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path, { maxBlobBytes: 2000 });
    const head = await source.fetch();
    expect(await notesOf(source)).toEqual([]);
    const user = ['-c', 'user.name=x', '-c', 'user.email=x@y'];
    remote.git(...user, 'notes', '--ref=flux', 'add', '-m', 'not { json', head);
    const next = remote.commit({ 'apps/b.yaml': 'b' });
    remote.git(...user, 'notes', '--ref=flux', 'add', '-m', 'x'.repeat(5000), next);
    await source.fetch();
    expect(await notesOf(source)).toEqual([[head, 'not { json\n']]);
    fanOut(remote, 'refs/notes/flux', head, 1);
    await source.fetch();
    expect(await notesOf(source)).toEqual([[head, 'not { json\n']]);
  });
});

/** Leaves one note, in as many folders of two digits as git takes when there are many notes. */
function fanOut(remote: Remote, ref: string, revision: string, levels: number): void {
  const path = revision.replace(new RegExp(`^${'(..)'.repeat(levels)}`), (digits) => `${digits.match(/../g)?.join('/')}/`);
  let entry = `100644 blob ${remote.git('rev-parse', `${ref}:${revision}`)}`;
  for (const name of path.split('/').reverse()) entry = `040000 tree ${treeOf(remote, `${entry}\t${name}`)}`;
  const [, , tree = ''] = entry.split(' ');
  remote.git('update-ref', ref, remote.git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', '-m', 'fan-out', tree));
  expect(remote.git('ls-tree', '-r', '--name-only', ref)).toBe(path);
}

function treeOf(remote: Remote, entry: string): string {
  return execFileSync('git', ['-C', remote.path, 'mktree'], { input: `${entry}\n`, encoding: 'utf8' }).trim();
}
