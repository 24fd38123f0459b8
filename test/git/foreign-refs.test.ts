import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampled } from '../support/sampled.ts';
import { createRemote, failureOf, type Remote, sourceOf } from './support/repository.ts';

/** A ref as no git of today would set it beside the others: another server, or a hand in the files, does. */
function plant(remote: Remote, ref: string, id: string): void {
  remote.git('pack-refs', '--all');
  const file = join(remote.path, 'packed-refs');
  const lines = remote.git('for-each-ref', '--format=%(objectname) %(refname)').split('\n').concat(`${id} ${ref}`);
  const sorted = lines.toSorted((a, b) => (a.slice(41) < b.slice(41) ? -1 : 1));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `# pack-refs with: peeled fully-peeled sorted \n${sorted.join('\n')}\n`);
}

const LONG = `refs/heads/${'x'.repeat(300)}`;

describe('refs of the remote that are none of ours', () => {
  test.each(
    sampled(
      'refs of others',
      [
        ['a name no file can have', [LONG]],
        ['a name below the branch', ['refs/heads/main/x']],
        ['a name beside its own folder', ['refs/heads/foo', 'refs/heads/foo/bar']],
        ['a name below the sync tag', ['refs/tags/flux-sync/x']],
        ['a name below the notes', ['refs/notes/flux/x', 'refs/notes/flux-sync/x']],
        ['names that begin as ours do', ['refs/heads/main2', 'refs/notes/flux2', 'refs/notes/flux-sync2']],
        ['all of them', [LONG, 'refs/heads/main/x', 'refs/tags/flux-sync/x', 'refs/notes/flux-sync/x', 'refs/heads/main-/x']],
      ] as const,
      2,
    ),
  )('%s: the branch is followed, and nothing else is stored', async (_, refs) => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    for (const ref of refs) plant(remote, ref, remote.git('rev-parse', 'refs/heads/main'));
    expect(await source.fetch()).toBe(remote.git('rev-parse', 'refs/heads/main'));
    const [parent, tree] = remote.git('log', '-1', '--format=%H %T', 'refs/heads/main').split(' ');
    const next = remote.git(
      '-c',
      'user.name=A',
      '-c',
      'user.email=a@b',
      'commit-tree',
      '-p',
      `${parent}`,
      '-m',
      'Next',
      `${tree}`,
    );
    plant(remote, 'refs/heads/elsewhere', next);
    remote.git('update-ref', 'refs/heads/next', next);
    expect(await source.fetch()).toBe(parent);
    expect(await source.resolve(next)).toBeUndefined();
  });

  test('one that leaves no room for the sync tag is named, and syncing goes on', async () => {
    const remote = createRemote();
    remote.git('update-ref', 'refs/tags/flux-sync/x', 'refs/heads/main');
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    const failure = await failureOf(source.recordSync({ revision: head, record: '{}' }));
    expect(failure).toMatchObject({ code: 'git/push-failed' });
    expect(failure.message).toContain('refs/tags/flux-sync/x');
    const next = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
    expect(await source.fetch()).toBe(next);
  });

  test('one that names a broken object is not looked at', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    await source.fetch();
    const next = remote.commit({ 'apps/a.yaml': 'a: 2\n' });
    plant(remote, 'refs/heads/broken', '1'.repeat(40));
    expect(await source.fetch()).toBe(next);
    expect(source.state().status).toBe('ready');
  });
});
