import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { messageOf } from '../../src/base/index.ts';
import type { GitSource } from '../../src/git/index.ts';
import type { Lineage, SourceState } from '../../src/repository/index.ts';
import { sampled } from '../support/sampled.ts';
import { createRemote, type Remote, sourceOf } from './support/repository.ts';

let remote: Remote;
let source: GitSource;
let first: string;
beforeEach(async () => {
  remote = createRemote();
  source = sourceOf(remote.path);
  first = await source.fetch();
  await source.recordSync({ revision: source.accepted() ?? fail(), record: '{}' });
});

function fail(): never {
  throw new Error('not fetched');
}

const deleteBranch = () => remote.git('update-ref', '-d', 'refs/heads/main');

/** What a person does to the repository, and what a fetch makes of it. */
interface Row {
  readonly change: () => void;
  /** How the head follows what was synced; absent where there is none, and the last revision stays. */
  readonly lineage?: Lineage;
  readonly status?: SourceState['status'];
  /** One line for people. */
  readonly error?: string;
  readonly back?: () => void;
}

const missing = (there: string) => `configured branch 'main' does not exist; ${there}`;
const tag = (target: string) => remote.git('update-ref', 'refs/tags/flux-sync', target);

const ROWS: readonly (readonly [string, Row])[] = [
  ['nothing', { change: () => undefined, lineage: 'same' }],
  ['a commit', { change: () => remote.commit({ 'b.yaml': 'b' }), lineage: 'continues' }],
  [
    'a commit that removes every file',
    { change: () => remote.commit({ 'apps/a.yaml': undefined, README: 'moved' }), lineage: 'continues' },
  ],
  [
    'a force-push of another commit on the same base',
    {
      change() {
        const tree = remote.git('rev-parse', `${first}^{tree}`);
        const base = remote.git('commit-tree', tree, '-p', first, '-m', 'base');
        remote.git('update-ref', 'refs/heads/main', remote.git('commit-tree', tree, '-p', base, '-m', 'mine'));
        remote.git('update-ref', 'refs/tags/flux-sync', remote.git('commit-tree', tree, '-p', base, '-m', 'theirs'));
      },
      lineage: 'rewritten',
    },
  ],
  ['an unrelated history', { change: () => remote.rewrite({ 'x.yaml': 'x' }), lineage: 'unrelated' }],
  [
    'the branch is deleted, and comes back',
    {
      change: deleteBranch,
      status: 'cloned',
      error: missing('there is none'),
      back: () => remote.git('update-ref', 'refs/heads/main', first),
    },
  ],
  [
    'the branch is renamed',
    {
      change() {
        remote.git('update-ref', 'refs/heads/trunk', first);
        deleteBranch();
      },
      status: 'cloned',
      error: missing('there is: trunk'),
    },
  ],
  [
    'the repository is gone, and created again with other content',
    {
      change: () => renameSync(remote.path, `${remote.path}.gone`),
      status: 'new',
      error: 'does not appear to be a git repository',
      back() {
        const other = createRemote({ 'other.yaml': 'o: 1\n' });
        mkdirSync(remote.path);
        rmSync(remote.path, { recursive: true });
        renameSync(other.path, remote.path);
      },
    },
  ],
  ['the sync tag is moved by a person (R-042)', { change: () => tag(remote.commit({ 'b.yaml': 'b' })), lineage: 'same' }],
  ['the sync tag is deleted (R-042)', { change: () => remote.git('update-ref', '-d', 'refs/tags/flux-sync') }],
  ['the sync tag is on no commit (R-042)', { change: () => tag(remote.git('rev-parse', `${first}^{tree}`)) }],
  ['the records are garbage (R-042)', { change: () => remote.git('update-ref', 'refs/notes/flux-sync', first), lineage: 'same' }],
  [
    'pushes are rejected (R-041)',
    {
      change() {
        remote.hook('pre-receive', 'echo protected >&2; exit 1');
      },
      lineage: 'same',
    },
  ],
];

test.each(sampled('changes of a repository', ROWS, 5))(
  '%s',
  async (_name, { change, lineage, status = 'ready', error, back }) => {
    change();
    const failure = await source.fetch().then(
      () => undefined,
      (reason: unknown) => messageOf(reason),
    );
    expect(source.state().status).toBe(status);
    if (error === undefined) {
      expect(failure).toBeUndefined();
      const marked = await source.syncTag();
      const head = source.accepted() ?? fail();
      expect(marked === undefined ? undefined : await source.lineage(marked, head)).toBe(lineage);
      return;
    }
    expect(failure).toContain(error);
    expect(source.state().error?.message).toContain(error);
    // The last revision stays, and can be read.
    expect(source.accepted()).toBe(first);
    expect(await source.files(first)).toHaveLength(1);
    if (!back) return;
    back();
    const head = await source.fetch();
    expect(source.state().status).toBe('ready');
    expect(await source.lineage(first, head)).toBe(head === first ? 'same' : 'unrelated');
  },
);

test('what was synced may be gone from the repository, and from a new mirror', async () => {
  remote.git('update-ref', '-d', 'refs/tags/flux-sync');
  const head = remote.rewrite({ 'x.yaml': 'x' });
  const fresh = sourceOf(remote.path);
  await fresh.fetch();
  expect(await fresh.lineage(first, head)).toBe('gone');
});
