import { describe, expect, test } from 'vitest';
import { rewrittenHistory } from '../../src/controller/sync/rewritten.ts';
import { accept } from '../../src/git/accept.ts';
import { choose, parseFollow } from '../../src/git/follow.ts';
import type { SourceOptions } from '../../src/git/index.ts';
import { remoteRefs } from '../../src/git/remote-refs.ts';
import { sampled } from '../support/sampled.ts';
import { createTestLog } from '../support/test-log.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { createRemote, failureOf, type Remote, sourceOf } from './support/repository.ts';

const id = (digit: string) => digit.repeat(40);
const refs = (...names: readonly string[]) =>
  remoteRefs(Buffer.from(names.map((name, index) => `${id(String(index))}\t${name}\n`).join('')));

describe('what --git-ref chooses among the refs of the remote', () => {
  const there = refs(
    'refs/heads/main',
    'refs/tags/1.10.0',
    'refs/tags/latest',
    'refs/tags/release/1.11.0',
    'refs/tags/v1.4.2',
    'refs/tags/v1.4.10',
    'refs/tags/v1.5.0-rc.1',
    'refs/tags/v2.0.0',
  );
  test.each<[string, string]>([
    ['v1.4.2', 'tag v1.4.2'],
    ['refs/tags/v1.4.2', 'tag v1.4.2'],
    ['release/1.11.0', 'tag release/1.11.0'],
    ['semver:~1.4', 'tag v1.4.10 (semver:~1.4)'],
    ['semver:^1', 'tag 1.10.0 (semver:^1)'],
    ['semver:*', 'tag v2.0.0 (semver:*)'],
    ['semver:~1.5.0-0', 'tag v1.5.0-rc.1 (semver:~1.5.0-0)'],
    [id('a'), 'commit aaaaaaa'],
  ])('%s is %s', (ref, name) => {
    expect(choose(parseFollow('main', ref), there)).toMatchObject({ kind: 'found', name });
  });

  test.each<[string, RegExp]>([
    ['v3', /^tag 'v3' does not exist; there is: v2\.0\.0, v1\.5\.0-rc\.1, v1\.4\.10, v1\.4\.2, release\/1\.11\.0, …$/],
    ['main', /^tag 'main' does not exist/],
    ['semver:~3', /^no tag matches semver:~3; there is: v2\.0\.0, /],
  ])('%s is missing, and what there is is named', (ref, why) => {
    expect(choose(parseFollow('main', ref), there)).toMatchObject({ kind: 'missing', why: expect.stringMatching(why) });
    expect(choose(parseFollow('main', ref), refs())).toMatchObject({ why: expect.stringMatching(/; there is none$/) });
  });

  test.each([
    ['semver:latest', /"latest" is not a version constraint/],
    ['refs/heads/main', /must be a tag, a range such as semver:~1.4, or a full commit id/],
    ['--upload-pack=x', /not a valid Git reference name/],
    ['a..b', /not a valid Git reference name/],
    ['v1^{}', /not a valid Git reference name/],
  ])('%s is refused at the start', (ref, why) => {
    expect(() => parseFollow('main', ref)).toThrow(why);
  });
});

async function followed(remote: Remote, ref: string, options: Partial<SourceOptions> = {}) {
  const { log, lines } = await createTestLog();
  const source = sourceOf(remote.path, { ref, access: 'read-only', log, ...options });
  return { source, lines };
}

const tag = (remote: Remote, name: string, revision: string, ...flags: readonly string[]) =>
  remote.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'tag', '--force', ...flags, name, revision);

describe('following a tag', () => {
  test.each([
    ['lightweight', []],
    ['annotated', ['--annotate', '--message=m']],
  ])('a %s tag is read, followed when it moves, and kept when it vanishes', async (_, flags) => {
    const remote = createRemote({ 'a.yaml': 'a: 1\n' });
    const first = remote.git('rev-parse', 'main');
    tag(remote, 'prod', first, ...flags);
    const second = remote.commit({ 'a.yaml': 'a: 2\n', 'b.yaml': 'b: 1\n' });
    const { source, lines } = await followed(remote, 'prod');
    expect(await source.fetch()).toBe(first);
    expect([source.state(), source.follows(), source.branch]).toEqual([{ status: 'ready' }, 'tag prod', 'prod']);
    expect(await source.resolve('HEAD')).toBe(first);
    expect(await source.files(first)).toHaveLength(1);
    tag(remote, 'prod', second, ...flags);
    expect(await source.fetch()).toBe(second);
    expect(lines().filter(({ msg }) => msg === 'the tag was moved')).toMatchObject([
      { follows: 'tag prod', from: first, to: second },
    ]);
    remote.git('tag', '--delete', 'prod');
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({
      code: 'git/ref-missing',
      message: "tag 'prod' does not exist; there is none",
      help: `Push the tag, or correct --git-ref. Until then ${second.slice(0, 7)} stays applied.`,
    });
    expect([source.accepted(), source.state().status]).toEqual([second, 'cloned']);
    expect(await source.files(second)).toHaveLength(2);
    tag(remote, 'prod', first, ...flags);
    expect(await source.fetch()).toBe(first);
  });

  test('the newest tag of a range is followed, also off the branch', async () => {
    const remote = createRemote();
    const first = remote.git('rev-parse', 'main');
    tag(remote, 'v1.4.0', first);
    const { source, lines } = await followed(remote, 'semver:~1.4');
    expect(await source.fetch()).toBe(first);
    const other = remote.rewrite({ 'x.yaml': 'x' });
    tag(remote, 'v1.4.11', other, '--annotate', '--message=m');
    tag(remote, 'v1.5.0', first);
    expect(await source.fetch()).toBe(other);
    expect(source.follows()).toBe('tag v1.4.11 (semver:~1.4)');
    expect(lines().filter(({ msg }) => msg === 'another tag is the newest')).toHaveLength(1);
    expect(await source.fetch()).toBe(other);
    remote.git('tag', '--delete', 'v1.4.0', 'v1.4.11');
    expect((await failureOf(source.fetch())).message).toMatch(/^no tag matches semver:~1\.4; there is: v1\.5\.0$/);
  });

  test('the next tag of a range need not contain the one before, also after a restart without the mirror', async () => {
    const remote = createRemote();
    const base = remote.git('rev-parse', 'main');
    const first = remote.commit({ 'a.yaml': 'a: 1\n' });
    tag(remote, 'v1.4.0', first, '--annotate', '--message=m');
    const second = remote.git(
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b',
      'commit-tree',
      '-p',
      base,
      '-m',
      'm',
      `${first}^{tree}`,
    );
    tag(remote, 'v1.4.1', second);
    const { source } = await followed(remote, 'semver:~1.4');
    expect(await source.fetch()).toBe(second);
    const lineage = await source.lineage(first, second);
    expect(lineage).toBe('rewritten');
    expect(rewrittenHistory(lineage, { from: first, to: second, follows: source.follows() })).toBeUndefined();
    expect(await source.lineage(id('a'), second)).toBe('gone');
  });

  test('nothing is written', async () => {
    const remote = createRemote();
    const head = remote.git('rev-parse', 'main');
    tag(remote, 'v1', head);
    const { source } = await followed(remote, 'v1');
    await source.fetch();
    expect(
      await failureOf(
        source.commit({ base: accept(head), edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' }),
      ),
    ).toMatchObject({ code: 'git/read-only' });
    expect(() => sourceOf(remote.path, { ref: 'v1', access: 'read-write' })).toThrow(/it can only be read/);
  });

  test('a tag of something else than a commit is refused by name, and costs no clone', async () => {
    const remote = createRemote();
    tag(remote, 'tree', 'main^{tree}');
    const { source, lines } = await followed(remote, 'tree');
    for (const _ of [1, 2])
      expect(await failureOf(source.fetch())).toMatchObject({
        code: 'git/ref-no-commit',
        message: 'tag tree is not of a commit',
      });
    expect(lines().filter(({ msg }) => msg.includes('damaged'))).toEqual([]);
  });
});

describe.each(sampled('ways to clone', ['auto', 'off'] as const, 1))('over HTTP, with partial clones %s,', (partialClone) => {
  test('a tag and a commit that no ref points to are followed', async () => {
    const remote = createRemote({ 'a.yaml': 'a: 1\n' });
    remote.git('config', 'uploadpack.allowFilter', 'true');
    const first = remote.git('rev-parse', 'main');
    tag(remote, 'v1', first, '--annotate', '--message=m');
    const second = remote.commit({ 'a.yaml': 'a: 2\n' });
    remote.commit({ 'a.yaml': 'a: 3\n' });
    const server = await serveGitOverHttp(rootOf(remote.path));
    const url = `${server.origin}/remote.git`;
    for (const [ref, revision] of [
      ['v1', first],
      [second, second],
    ] as const) {
      const source = sourceOf(url, { ref, access: 'read-only', partialClone });
      expect(await source.fetch()).toBe(revision);
      const [file] = await source.files(revision);
      expect(String(await source.blob(file?.blob ?? ''))).toBe(ref === 'v1' ? 'a: 1\n' : 'a: 2\n');
      const before = server.requests.length;
      expect(await source.fetch()).toBe(revision);
      // One listing, and nothing fetched again.
      expect(server.requests.slice(before).filter((request) => request.startsWith('GET'))).toHaveLength(1);
      expect(server.requests.slice(before).length).toBeLessThanOrEqual(2);
    }
    const unknown = sourceOf(url, { ref: id('a'), access: 'read-only', partialClone });
    expect(await failureOf(unknown.fetch())).toMatchObject({
      code: 'git/commit-missing',
      help: expect.stringContaining('--git-ref'),
    });
  });
});
