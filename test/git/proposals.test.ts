import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AcceptedRevision, ProposalRequest } from '../../src/repository/index.ts';
import { thorough } from '../support/sampled.ts';
import { serveGitOverHttp } from './support/http-server.ts';
import { createRemote, failureOf, sourceOf } from './support/repository.ts';

const OURS = {
  prefix: 'flux-updates',
  includes: (name: string) => name === 'flux-updates' || name.startsWith('flux-updates-'),
};

function request(base: AcceptedRevision, change: Partial<ProposalRequest> = {}): ProposalRequest {
  return {
    name: 'flux-updates',
    base,
    edits: [{ path: 'apps/a.yaml', content: 'a: 2\n' }],
    message: 'Auto-release a:2',
    trailers: [{ name: 'Flux-Sync-Set', value: 'set' }],
    jobId: 'job-1',
    expected: undefined,
    ...change,
  };
}

describe('a proposal', () => {
  test('is a branch with one commit on its base, and says what the followed branch lacks', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    const tip = await source.propose(request(head));
    expect(remote.git('log', '--format=%P %ce', '-1', 'flux-updates')).toBe(`${head} support@weave.works`);
    expect(remote.git('log', '--format=%B', '-1', 'flux-updates')).toBe(
      'Auto-release a:2\n\nFlux-Job-Id: job-1\nFlux-Sync-Set: set',
    );
    expect(await source.proposals(OURS, head)).toMatchObject([
      { name: 'flux-updates', tip, base: head, commits: [{ revision: tip, ours: true }] },
    ]);
    expect(remote.git('rev-parse', 'main')).toBe(head);
  });

  test('is not pushed again with the same content on the same base', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    const tip = await source.propose(request(head));
    remote.hook('pre-receive', 'exit 1');
    expect(await source.propose(request(head, { expected: tip, jobId: 'job-2' }))).toBe(tip);
    remote.hook('pre-receive', 'exit 0');
    const trailers = [...request(head).trailers, { name: 'Flux-Released', value: 'shop:deployment/a' }];
    expect(await source.propose(request(head, { expected: tip, trailers }))).not.toBe(tip);
  });

  test('is rebuilt on another base, without the history before', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const tip = await source.propose(request(await source.fetch()));
    remote.commit({ 'b.yaml': 'b: 1\n' });
    const head = await source.fetch();
    const moved = await source.propose(request(head, { expected: tip }));
    expect(moved).not.toBe(tip);
    expect(remote.git('rev-list', `${head}..flux-updates`)).toBe(moved);
  });

  test.each([
    ['a commit of a person', 'refs/heads/main'],
    ['nothing, since it was deleted', undefined],
  ])('is left alone when the branch has %s meanwhile', async (_what, other) => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const first = await source.fetch();
    const tip = await source.propose(request(first));
    remote.commit({ 'b.yaml': 'b: 1\n' });
    if (other) remote.git('update-ref', 'refs/heads/flux-updates', other);
    else remote.git('update-ref', '-d', 'refs/heads/flux-updates');
    const head = await source.fetch();
    const failure = await failureOf(source.propose(request(head, { expected: tip })));
    expect(failure).toMatchObject({ code: 'git/push-raced' });
    if (other) expect(remote.git('rev-parse', 'flux-updates')).toBe(head);
    else expect(remote.git('for-each-ref', 'refs/heads/flux-updates')).toBe('');
  });

  test('says that its name cannot be, where a branch has the name of its directory', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    remote.git('update-ref', 'refs/heads/flux', 'refs/heads/main');
    const failure = await failureOf(source.propose(request(await source.fetch(), { name: 'flux/updates' })));
    expect(failure).toMatchObject({
      code: 'git/branch-conflict',
      fault: 'user',
      help: expect.stringContaining('--git-push-branch'),
    });
  });

  test.runIf(thorough('proposals beside more refs than are read'))(
    'is seen on a remote that has more refs than are read',
    async () => {
      const remote = createRemote();
      const head = remote.git('rev-parse', 'main');
      const refs = Array.from({ length: 75_000 }, (_, n) => `${head} refs/pull/${String(n).padStart(190, '0')}\n`);
      writeFileSync(join(remote.path, 'packed-refs'), refs.join(''));
      const source = sourceOf(remote.path, { pushBranch: OURS.prefix });
      const base = await source.fetch();
      const tip = await source.propose(request(base));
      expect(await source.proposals(OURS, base)).toMatchObject([{ name: 'flux-updates', tip }]);
    },
  );

  test('shows the commits of others', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    await source.propose(request(head));
    const tree = remote.git('rev-parse', 'flux-updates^{tree}');
    const theirs = remote.git('commit-tree', '-p', 'flux-updates', '-m', 'By a person', tree);
    remote.git('update-ref', 'refs/heads/flux-updates', theirs);
    const [branch] = await source.proposals(OURS, head);
    expect(branch?.commits.map(({ ours }) => ours)).toEqual([false, true]);
    expect(branch?.base).toBe(head);
  });

  test('has no commits once it is merged, and can be withdrawn', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const tip = await source.propose(request(await source.fetch()));
    remote.git('update-ref', 'refs/heads/main', tip);
    const head = await source.fetch();
    const [branch] = await source.proposals(OURS, head);
    expect(branch).toMatchObject({ name: 'flux-updates', tip, commits: [], last: { revision: tip, ours: true } });
    await source.withdraw({ name: 'flux-updates', tip });
    expect(await source.proposals(OURS, head)).toEqual([]);
  });

  test('is made, read and rebuilt without the files outside of the paths', async () => {
    const remote = createRemote({ 'apps/a.yaml': 'a: 1\n', 'other/c.txt': 'c: 1\n' });
    remote.git('config', 'uploadpack.allowFilter', 'true');
    const { origin } = await serveGitOverHttp(dirname(remote.path));
    const open = () => sourceOf(`${origin}/remote.git`, { paths: ['apps'] });
    const first = open();
    const tip = await first.propose(request(await first.fetch()));
    remote.commit({ 'other/c.txt': 'c: 2\n' });
    const source = open();
    const head = await source.fetch();
    const [branch] = await source.proposals(OURS, head);
    expect(branch?.tip).toBe(tip);
    const [file] = await source.files(tip);
    expect(String(await source.blob(file?.blob ?? ''))).toBe('a: 2\n');
    await source.propose(request(head, { expected: tip }));
    expect(remote.git('show', 'flux-updates:other/c.txt')).toBe('c: 2');
    expect(remote.git('show', 'flux-updates:apps/a.yaml')).toBe('a: 2');
  });

  test('is never the followed branch, nor a branch of another name', async () => {
    const remote = createRemote();
    const source = sourceOf(remote.path);
    const head = await source.fetch();
    remote.git('update-ref', 'refs/heads/feature', head);
    remote.git('update-ref', 'refs/heads/flux-updates2', head);
    expect(await source.proposals({ prefix: '', includes: () => true }, head)).toMatchObject([
      { name: 'feature' },
      { name: 'flux-updates2' },
    ]);
    expect(await source.proposals(OURS, head)).toEqual([]);
  });
});
