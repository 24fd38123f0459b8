import { afterAll, beforeAll, expect, test } from 'vitest';
import { AUTOMATED, ask, GITEA_START, GITEA_STOP, GITEA_TOKEN_BEN, GITEA_URL, openGiteaShop } from './harness/gitea-shop.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';
import { runOk } from './harness/process.ts';

/** The whole against a real Gitea, by hand: ../git-host/gitea.md says how. */
const onGitea = test.runIf(GITEA_URL !== '');
const SLOW = { timeout: 300_000 };

type OmitWorld<T extends readonly unknown[]> = T extends readonly [World, ...infer R] ? R : never;

let world: World;
beforeAll(async () => {
  if (GITEA_URL !== '') world = await startWorld();
});
afterAll(() => world?.close());

const openShop = (...of: OmitWorld<Parameters<typeof openGiteaShop>>) => openGiteaShop(world, ...of);

const MORE = (text: string) => ({ 'more.yaml': manifest.configMap('default', world.unique('more'), { a: text }) });

onGitea('opens, updates in place, rebuilds, and is merged', SLOW, async () => {
  const shop = await openShop(AUTOMATED, ['--pull-request-reviewers=ben']);
  await shop.push('1.1.0');
  const [pull] = await shop.pull('open', '`1.1.0`');
  expect(pull).toMatchObject({
    number: 1,
    title: `Update ${shop.image} to 1.1.0`,
    labels: [{ name: 'flux' }],
    requested_reviewers: [{ login: 'ben' }],
  });
  await until('it waits', async () => (await shop.listed()).includes('waiting: pull request #1'));
  await shop.push('1.2.0');
  await shop.pull('open', '`1.2.0`');
  expect(await shop.pulls()).toMatchObject([{ title: `Update ${shop.image} to 1.2.0` }]);
  const moved = await shop.commit('A change by a person', MORE('1'));
  await until('it is rebuilt', async () => (await shop.ref('origin/flux-updates~1')) === moved);
  expect(await shop.text('flux-updates')).toContain(`${shop.image}:1.2.0`);
  await shop.synced(await shop.merge(1, 'merge'));
  await until('the branch is gone', async () => (await shop.ref('origin/flux-updates')) === undefined);
  expect(await shop.pulls()).toMatchObject([{ number: 1, merged: true }]);
  expect(await shop.listed()).not.toContain('pull request');
});

onGitea.each(['squash', 'rebase', 'rebase-merge', 'fast-forward-only'])(
  'merged by %s, where Gitea deletes the branch, is done',
  SLOW,
  async (style) => {
    const shop = await openShop(AUTOMATED, [], {
      settings: { default_delete_branch_after_merge: true, allow_fast_forward_only_merge: true },
    });
    await shop.push('1.1.0');
    await shop.pull('open', '`1.1.0`');
    await shop.synced(await shop.merge(1, style, { delete_branch_after_merge: true }));
    await until('the branch is gone', async () => (await shop.ref('origin/flux-updates')) === undefined);
    await until('nothing waits', async () => !(await shop.listed()).includes('pull request'));
    await shop.push('1.2.0');
    await shop.pull('open', '`1.2.0`');
    expect(await shop.pulls()).toMatchObject([
      { number: 2, merged: false },
      { number: 1, merged: true },
    ]);
  },
);

onGitea('a closed request is remembered, also without its branch, and the next image has another', SLOW, async () => {
  const shop = await openShop(AUTOMATED);
  await shop.push('1.1.0');
  await shop.pull('open', '`1.1.0`');
  await ask('PATCH', `${shop.at}/pulls/1`, { state: 'closed' });
  await shop.commit('A change by a person', MORE('1'));
  await until('it is known', async () => (await shop.listed()).includes('#1 was closed'));
  await ask('DELETE', `${shop.at}/branches/flux-updates`);
  await shop.fluxd.restart();
  await shop.synced(await shop.commit('Another change', MORE('2')));
  await until('it is known again', async () => (await shop.listed()).includes('#1 was closed'));
  expect(await shop.pulls()).toHaveLength(1);
  await shop.push('1.2.0');
  await shop.pull('open', '`1.2.0`');
  expect(await shop.pulls()).toMatchObject([
    { number: 2, state: 'open' },
    { number: 1, state: 'closed' },
  ]);
});

onGitea('a request whose branch is deleted is closed by Gitea, and so rejected', SLOW, async () => {
  const shop = await openShop(AUTOMATED);
  await shop.push('1.1.0');
  await shop.pull('open', '`1.1.0`');
  await ask('DELETE', `${shop.at}/branches/flux-updates`);
  await until('it is known', async () => (await shop.listed()).includes('#1 was closed'));
  expect(await shop.ref('origin/flux-updates')).toBeUndefined();
});

onGitea.each(['person', 'merge', 'rebase'])('a branch with a commit of others (%s) is left alone', SLOW, async (how) => {
  const shop = await openShop(AUTOMATED);
  await shop.push('1.1.0');
  await shop.pull('open', '`1.1.0`');
  // fluxd stands still, or it would rebuild the branch before.
  shop.fluxd.pause();
  await shop.commit('A change by a person', MORE('1'));
  if (how === 'person') {
    await shop.ref('origin/flux-updates');
    await shop.git('checkout', '--quiet', '-b', 'work', 'origin/flux-updates');
    await shop.git('commit', '--quiet', '--allow-empty', '-m', 'By Ann');
    await shop.git('push', '--quiet', 'origin', 'HEAD:flux-updates');
    await shop.git('checkout', '--quiet', 'main');
  } else await ask('POST', `${shop.at}/pulls/1/update?style=${how}`);
  const theirs = await shop.ref('origin/flux-updates');
  shop.fluxd.resume();
  await shop.push('1.2.0');
  await until('it is left alone', () => shop.fluxd.log().includes('left alone'));
  await until('it says so', async () => (await shop.listed()).includes('commits of others'));
  expect(await shop.ref('origin/flux-updates')).toBe(theirs);
  await shop.git('push', '--quiet', '--force', 'origin', 'HEAD:flux-updates');
  await shop.pull('open', '`1.2.0`');
});

onGitea('a release is proposed, and its job ends with the request', SLOW, async () => {
  const shop = await openShop({}, ['--git-push-branch-releases', '--pull-request-per=workload', '--git-set-author']);
  await shop.push('1.1.0');
  const released = await shop.fluxd.fluxctl(
    'release',
    '--workload',
    shop.workload,
    '--update-image',
    `${shop.image}:1.1.0`,
    '--user',
    'Ben <ben@example.org>',
    '--message',
    'Because',
  );
  expect(released.code).toBe(0);
  expect(released.stderr).toContain(`Pull request:\t#1 ${GITEA_URL}/${shop.at.replace('/repos/', '')}/pulls/1`);
  const branch = `flux-updates-${shop.shop}-deployment-web`;
  await shop.ref(`origin/${branch}`);
  expect(await shop.git('log', '-1', '--format=%s by %an', `origin/${branch}`)).toBe('Because by Ben');
  await shop.synced(await shop.merge(1, 'squash'));
  await until('the branch is gone', async () => (await shop.ref(`origin/${branch}`)) === undefined);
  expect(await shop.text('main')).toContain(`${shop.image}:1.1.0`);
});

onGitea('auto-merge, template, and what Gitea does not know', SLOW, async () => {
  const shop = await openShop(
    AUTOMATED,
    [
      '--pull-request-auto-merge',
      '--pull-request-labels=other',
      '--pull-request-reviewers=nobody',
      '--pull-request-per=namespace',
    ],
    {
      template: 'chore: {{title}}\n\n{{images}}\n\nMerge {{branch}} into {{base}}.\n',
      settings: { default_merge_style: 'squash', allow_merge_commits: false, default_delete_branch_after_merge: true },
    },
  );
  await ask('POST', `${shop.at}/branch_protections`, {
    rule_name: 'main',
    enable_push: true,
    enable_status_check: true,
    status_check_contexts: ['test'],
  });
  await shop.push('1.1.0');
  await shop.pull('open', '`1.1.0`');
  await shop.push('1.2.0');
  const [pull] = await shop.pull('open', '`1.2.0`');
  expect(pull).toMatchObject({ title: `chore: Update ${shop.image} to 1.2.0`, head: { label: `flux-updates-${shop.shop}` } });
  const log = shop.fluxd.log();
  expect(log).toContain('there is no label \\"other\\"');
  expect(log).toContain("user doesn't exist: nobody");
  expect((await shop.pulls())[0]?.state).toBe('open');
  await ask('POST', `${shop.at}/statuses/${pull?.head.sha}`, { state: 'success', context: 'test' });
  await until('Gitea merges it', async () => (await shop.pulls())[0]?.merged === true);
  await shop.synced(await shop.ref('origin/main'));
  expect(await shop.git('log', '-1', '--format=%s', 'origin/main')).toContain('1.2.0');
});

onGitea('a request of a fork is not touched', SLOW, async () => {
  const shop = await openShop(AUTOMATED);
  const fork = await ask<{ full_name: string }>('POST', `${shop.at}/forks`, {}, GITEA_TOKEN_BEN);
  await shop.git('commit', '--quiet', '--allow-empty', '-m', 'By Ben');
  await shop.git(
    'push',
    '--quiet',
    `${GITEA_URL.replace('://', `://ben:${GITEA_TOKEN_BEN}@`)}/${fork.full_name}.git`,
    'HEAD:flux-updates',
  );
  await ask('POST', `${shop.at}/pulls`, { head: 'ben:flux-updates', base: 'main', title: 'Mine', body: 'Ben' }, GITEA_TOKEN_BEN);
  await shop.push('1.1.0');
  await shop.pull('open', '`1.1.0`');
  expect(await shop.pulls()).toMatchObject([
    { number: 2, title: `Update ${shop.image} to 1.1.0` },
    { number: 1, title: 'Mine', body: 'Ben' },
  ]);
});

onGitea('killed at any moment, and while Gitea is away, it ends with one request', { timeout: 590_000 }, async () => {
  const shop = await openShop(AUTOMATED, ['--pull-request-reviewers=ben']);
  for (let n = 1; n <= 8; n += 1) {
    await shop.push(`1.${n}.0`);
    await new Promise((resolve) => setTimeout(resolve, 900 + n * 250));
    await shop.fluxd.restart();
    await shop.pull('open', `\`1.${n}.0\``);
    const all = await shop.pulls();
    expect(all).toHaveLength(1);
    expect(all[0]?.labels).toHaveLength(1);
    await shop.ref('origin/flux-updates');
    expect(await shop.git('rev-list', '--count', 'origin/main..origin/flux-updates')).toBe('1');
  }
  if (GITEA_STOP !== '' && GITEA_START !== '') {
    await runOk('sh', ['-c', GITEA_STOP]);
    await shop.push('2.0.0');
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    await runOk('sh', ['-c', GITEA_START]);
    await until('Gitea is back', () =>
      shop.pulls().then(
        () => true,
        () => false,
      ),
    );
    await shop.pull('open', '`2.0.0`');
    expect(await shop.pulls()).toHaveLength(1);
  }
});
