import { describe, expect, test } from 'vitest';
import { Secret, systemClock } from '../../src/base/index.ts';
import { createGitHost, type GitHostOptions, HOSTS, type HostKind } from '../../src/git-host/index.ts';
import { failureOf } from '../git/support/repository.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { hasAutoMerge, hasLabels } from './support/abilities.ts';
import { type Imitation, imitationInTest, TOKEN } from './support/imitation.ts';

const BRANCHES = { head: 'flux-updates', base: 'main' };
const TEXT = { title: 'Update 2 images', body: 'Merge this.\n' };

/** A reviewer, as each host names one. */
const REVIEWER: Readonly<Record<HostKind, string>> = {
  github: 'ann',
  gitlab: 'ann',
  gitea: 'ann',
  'bitbucket-cloud': '{5d2e}',
  'bitbucket-server': 'ann',
  'azure-devops': '9c1f-guid',
};

function hostOf(kind: HostKind, { api }: Pick<Imitation, 'api'>, options: Partial<GitHostOptions> = {}) {
  return createGitHost({
    kind,
    repository: { api, names: ['acme', 'shop'] },
    extras: { labels: hasLabels(kind) ? ['flux'] : [], reviewers: [REVIEWER[kind]], autoMerge: hasAutoMerge(kind) },
    token: async () => new Secret(TOKEN),
    environment: {},
    clock: systemClock,
    ...options,
  });
}

describe.each(HOSTS)('%s', (kind) => {
  test('has no request, then one that is found, equipped, updated in place and closed', async () => {
    const imitation = await imitationInTest(kind);
    const host = hostOf(kind, imitation);
    expect(await host.find(BRANCHES)).toBeUndefined();
    const made = await host.create(BRANCHES, TEXT);
    expect(made).toMatchObject({ number: 12, state: 'open', ...TEXT, body: expect.stringContaining('Merge this.') });
    expect(made.name).toBe(['gitlab', 'azure-devops'].includes(kind) ? '!12' : '#12');
    expect(made.url).toMatch(/^http.*12$/);
    expect(await host.find(BRANCHES)).toEqual(made);
    expect(await host.find({ ...BRANCHES, head: 'other' })).toBeUndefined();
    expect(await host.find({ ...BRANCHES, base: 'other' })).toBeUndefined();

    // Each may be repeated.
    for (let time = 0; time < 2; time += 1) {
      expect(await host.equip(made)).toEqual([]);
      expect((await host.mergeLater?.(made)) ?? []).toEqual([]);
      await host.update(made, { title: 'Update 3 images', body: 'Now three.' });
    }
    expect(imitation.pulls).toMatchObject([
      {
        title: 'Update 3 images',
        body: 'Now three.',
        labels: hasLabels(kind) ? ['flux'] : [],
        reviewers: [REVIEWER[kind]],
        autoMerge: hasAutoMerge(kind),
      },
    ]);
    await host.close(made);
    expect(await host.find(BRANCHES)).toMatchObject({ number: 12, state: 'closed' });
    const second = await host.create(BRANCHES, TEXT);
    expect(second.number).toBe(13);
    expect(await host.find(BRANCHES)).toMatchObject({ number: 13, state: 'open' });
    const [newest] = imitation.pulls;
    if (newest) newest.state = 'merged';
    expect(await host.find(BRANCHES)).toMatchObject({ number: 13, state: 'merged' });
    expect(imitation.log.filter((line) => / 4\d\d/.test(line) && !line.includes('not scheduled'))).toEqual([]);
  });

  test('finds a reopened request before a newer closed one, and a long text whole', async () => {
    const imitation = await imitationInTest(kind);
    const host = hostOf(kind, imitation);
    const body = `${'long '.repeat(300)}end`;
    const first = await host.create(BRANCHES, { ...TEXT, body });
    await host.close(first);
    await host.close(await host.create(BRANCHES, TEXT));
    for (const pull of imitation.pulls) if (pull.number === first.number) pull.state = 'open';
    expect(await host.find(BRANCHES)).toMatchObject({ number: first.number, state: 'open', body });
  });

  test('finds no request of a fork, whose branch has the same name, and its own although its branch is deleted', async () => {
    const imitation = await imitationInTest(kind);
    const host = hostOf(kind, imitation);
    await host.create(BRANCHES, TEXT);
    const [pull] = imitation.pulls;
    if (!pull) throw new Error('there is no request');
    pull.isOfFork = true;
    expect(await host.find(BRANCHES)).toBeUndefined();
    Object.assign(pull, { isOfFork: false, isBranchDeleted: true, state: 'closed' });
    expect(await host.find(BRANCHES)).toMatchObject({ number: 12, state: 'closed' });
  });

  test('says who rejects what, and what to do, without the token', async () => {
    const imitation = await imitationInTest(kind);
    const host = hostOf(kind, imitation);
    await host.create(BRANCHES, TEXT);
    const conflict = await failureOf(host.create(BRANCHES, TEXT));
    expect(conflict).toMatchObject({ code: expect.stringMatching(/^git-host\/(conflict|rejected)$/), help: expect.any(String) });
    expect(conflict.message).toMatch(/^(GitHub|GitLab|Gitea|Bitbucket Cloud|Bitbucket Data Center|Azure DevOps): POST http/);
    expect(conflict.message).toMatch(/HTTP 4\d\d \(.*(exists|open request)/);

    const stranger = hostOf(kind, imitation, { token: async () => new Secret('wrong-token-canary') });
    const denied = await failureOf(stranger.find(BRANCHES));
    expect(denied).toMatchObject({ code: 'git-host/token', help: expect.stringContaining('--pull-request-token-file') });
    imitation.intercept = ({ headers }) => ({ status: 403, body: { message: `no entry for ${headers.authorization} ${TOKEN}` } });
    const echoed = await failureOf(host.find(BRANCHES));
    expect(echoed.code).toBe('git-host/forbidden');
    for (const { message } of [conflict, denied, echoed]) {
      expect(message).not.toMatch(/canary/);
      expect(message).not.toContain(Buffer.from(`:${TOKEN}`).toString('base64'));
    }
  });

  test('passes on how long to wait, and rejects what is not its API', async () => {
    const imitation = await imitationInTest(kind);
    const host = hostOf(kind, imitation);
    imitation.intercept = () => ({ status: 429, headers: { 'retry-after': '30' }, body: { message: 'slow down' } });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ code: 'git-host/limited', retryMs: 30_000, fault: 'server' });
    imitation.intercept = () => ({ status: 429, body: { message: 'slow down' } });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ code: 'git-host/limited', retryMs: 60_000 });
    imitation.intercept = () => ({ status: 301, headers: { location: 'https://elsewhere.example.org/' }, body: {} });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ help: expect.stringContaining('set --git-url') });
    imitation.intercept = () => ({ status: 503, body: {} });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ code: 'git-host/unavailable', fault: 'server' });
    const many = Array.from({ length: 100_000 }, () => ({}));
    imitation.intercept = () => ({ status: 200, body: kind.includes('-') ? { value: many, values: many } : many });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ message: expect.stringMatching(/is not that of/) });
    imitation.intercept = () => ({ status: 200, body: { login: 'page' } });
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ code: 'git-host/unexpected-answer' });
    imitation.intercept = undefined;
    imitation.lose = () => 'before';
    expect(await failureOf(host.find(BRANCHES))).toMatchObject({ code: 'git-host/unreachable' });
  });
});

test.each(['gitlab', 'gitea'] as const)(
  '%s turns on auto-merge once it has decided that the request can be merged',
  async (kind) => {
    const imitation = await imitationInTest(kind);
    const clock = new ManualClock();
    const host = hostOf(kind, imitation, { clock });
    const made = await host.create(BRANCHES, TEXT);
    let refused = 0;
    imitation.intercept = ({ method, path }) =>
      method !== 'DELETE' && path.at(-1) === 'merge' && refused++ < 2
        ? { status: 405, body: { message: 'Please try again later' } }
        : undefined;
    const equipped = host.mergeLater?.(made);
    for (let turn = 0; turn < 400 && !imitation.pulls[0]?.autoMerge; turn += 1) {
      clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await equipped;
    expect(refused).toBe(3);
    expect(imitation.pulls[0]?.autoMerge).toBe(true);
  },
);

test('a reviewer whom GitLab does not know is named, and the request has the rest', async () => {
  const imitation = await imitationInTest('gitlab');
  const host = hostOf('gitlab', imitation, { extras: { labels: ['flux'], reviewers: ['nobody'], autoMerge: true } });
  expect(await host.equip(await host.create(BRANCHES, TEXT))).toMatchObject([{ message: 'GitLab: there is no user "nobody"' }]);
  expect(imitation.pulls).toMatchObject([{ labels: ['flux'], reviewers: [] }]);
});

test('a label that Gitea ignores is named', async () => {
  const imitation = await imitationInTest('gitea');
  const host = hostOf('gitea', imitation, { extras: { labels: ['flux', 'other'], reviewers: ['ann'], autoMerge: false } });
  expect(await host.equip(await host.create(BRANCHES, TEXT))).toMatchObject([
    { code: 'git-host/no-label', message: 'Gitea: there is no label "other"' },
  ]);
  expect(imitation.pulls).toMatchObject([{ labels: ['flux'], reviewers: ['ann'] }]);
});

test('GitHub says when its limit is lifted, Azure DevOps that there is no such user', async () => {
  const github = await imitationInTest('github');
  const clock = new ManualClock();
  const reset = String(Math.floor(clock.now() / 1000) + 600);
  github.intercept = () => ({ status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, body: {} });
  const limited = await failureOf(hostOf('github', github, { clock }).find(BRANCHES));
  expect(limited).toMatchObject({ code: 'git-host/limited', retryMs: expect.closeTo(600_000, -4) });
  const azure = await imitationInTest('azure-devops');
  azure.intercept = () => ({ status: 203, body: 'Sign in' });
  expect(await failureOf(hostOf('azure-devops', azure).find(BRANCHES))).toMatchObject({ code: 'git-host/token' });
});

test('GitHub Enterprise Server is asked by GraphQL beside its REST API, and says why it does not merge by itself', async () => {
  const imitation = await imitationInTest('github');
  const host = hostOf('github', imitation);
  const made = await host.create(BRANCHES, TEXT);
  imitation.intercept = ({ pathname }) =>
    pathname === '/api/graphql'
      ? { status: 200, body: { data: null, errors: [{ message: 'Auto merge is not allowed for this repository' }] } }
      : undefined;
  expect(await host.mergeLater?.(made)).toMatchObject([
    { code: 'git-host/auto-merge', message: 'GitHub: auto-merge of #12: Auto merge is not allowed for this repository' },
  ]);
});
