import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret, systemClock } from '../../src/base/index.ts';
import { createGitHost } from '../../src/git-host/index.ts';
import { temporaryDirectory } from '../git/support/repository.ts';

const { GITEA_URL = '', GITEA_TOKEN = '', GITEA_USER = 'ann' } = process.env;

/** Against a real Gitea, by hand: gitea.md says how. */
test.runIf(GITEA_URL !== '')('a real Gitea finds, equips, updates and closes a request', { timeout: 120_000 }, async () => {
  const api = `${GITEA_URL}/api/v1`;
  const ask = async (method: string, path: string, body: unknown) => {
    const headers = { authorization: `token ${GITEA_TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(`${api}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const repo = `shop-${Date.now()}`;
  await ask('POST', '/user/repos', { name: repo, auto_init: true, default_branch: 'main' });
  await ask('POST', `/repos/${GITEA_USER}/${repo}/labels`, { name: 'flux', color: '#336699' });
  const work = join(temporaryDirectory(), 'work');
  const remote = `${GITEA_URL.replace('://', `://${GITEA_USER}:${GITEA_TOKEN}@`)}/${GITEA_USER}/${repo}.git`;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: args[0] === 'clone' ? undefined : work, stdio: 'pipe' });
  const push = (text: string) => {
    execFileSync('sh', ['-c', 'printf %s "$1" > image', 'sh', text], { cwd: work });
    git('add', 'image');
    git('-c', 'user.name=fluxd', '-c', 'user.email=f@example.org', 'commit', '-qm', text);
    git('push', '-qf', 'origin', 'HEAD:refs/heads/flux-updates');
  };
  git('clone', '-q', remote, work);
  push('1.1.0');

  const host = createGitHost({
    kind: 'gitea',
    repository: { api, names: [GITEA_USER, repo] },
    extras: { labels: ['flux'], reviewers: [], autoMerge: false },
    token: async () => new Secret(GITEA_TOKEN),
    environment: {},
    clock: systemClock,
  });
  const branches = { head: 'flux-updates', base: 'main' };
  const body = 'Merge this.\n\n[//]: # (flux: text=unfinished images=a1)';
  expect(await host.find(branches)).toBeUndefined();
  const made = await host.create(branches, { title: 'Update 1 image', body });
  expect(made).toMatchObject({ name: '#1', state: 'open', title: 'Update 1 image', body });
  expect(await host.equip(made)).toEqual([]);
  expect(await host.equip(made)).toEqual([]);
  await host.update(made, { title: 'Update 2 images', body: body.replace('unfinished', 'b2') });
  push('1.2.0');
  expect(await host.find(branches)).toMatchObject({ number: made.number, title: 'Update 2 images', state: 'open' });
  await host.close(made);
  expect(await host.find(branches)).toMatchObject({ number: made.number, state: 'closed' });
  const second = await host.create(branches, { title: 'Update 2 images', body });
  const merge = () =>
    ask('POST', `/repos/${GITEA_USER}/${repo}/pulls/${second.number}/merge`, { Do: 'merge' }).catch(() => undefined);
  await expect
    .poll(
      async () => {
        await merge();
        return (await host.find(branches))?.state;
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toBe('merged');
});
