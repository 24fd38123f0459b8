import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { manifest, until, type World } from './index.ts';
import { runOk } from './process.ts';

/** A Gitea that runs already, if there is one: ../../git-host/gitea.md says how. */
export const {
  GITEA_URL = '',
  GITEA_TOKEN = '',
  GITEA_TOKEN_BEN = '',
  GITEA_USER = 'ann',
  GITEA_STOP = '',
  GITEA_START = '',
} = process.env;

export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly html_url: string;
  readonly head: { readonly label: string; readonly sha: string };
  readonly labels: readonly { readonly name: string }[];
  readonly requested_reviewers: readonly { readonly login: string }[];
}

/** A request to the API of Gitea. */
export async function ask<T>(method: string, path: string, body?: unknown, token = GITEA_TOKEN): Promise<T> {
  const headers = { authorization: `token ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${GITEA_URL}/api/v1${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export const AUTOMATED = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*' };

/** A shop in a repository of Gitea, where a fluxd proposes its images. */
export async function openGiteaShop(
  world: World,
  annotations: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  { settings = {}, template }: { readonly settings?: object; readonly template?: string } = {},
) {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  await world.push(name, '1.0.0', { version: '1.0.0' });
  const repo = world.unique('shop');
  const at = `/repos/${GITEA_USER}/${repo}`;
  await ask('POST', '/user/repos', { name: repo, default_branch: 'main' });
  await ask('PATCH', at, { has_pull_requests: true, ...settings });
  await ask('POST', `${at}/labels`, { name: 'flux', color: '#336699' });
  const root = mkdtempSync(join(tmpdir(), 'flux-gitea-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const clone = join(root, 'clone');
  const url = `${GITEA_URL}/${GITEA_USER}/${repo}.git`;
  const env = {
    HOME: root,
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.org',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.org',
  };
  await runOk('git', ['init', '--quiet', '--initial-branch=main', clone], { cwd: root, env });
  const git = async (...words: readonly string[]) => (await runOk('git', words, { cwd: clone, env })).trim();
  await git('remote', 'add', 'origin', url.replace('://', `://${GITEA_USER}:${GITEA_TOKEN}@`));
  const fetched = () => git('fetch', '--quiet', '--prune', '--tags', '--force', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  const commit = async (message: string, files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) writeFileSync(join(clone, path), text);
    await git('add', '--all');
    await git('commit', '--quiet', '-m', message);
    await git('push', '--quiet', 'origin', 'HEAD:main');
    return git('rev-parse', 'HEAD');
  };
  const first = await commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0`, annotations }),
  });
  writeFileSync(join(root, 'token'), `${GITEA_TOKEN}\n`);
  if (template !== undefined) writeFileSync(join(root, 'template'), template);
  const fluxd = await world.fluxd(url, {
    args: [
      `--git-token-file=${join(root, 'token')}`,
      '--git-push-branch=flux-updates',
      '--pull-request=gitea',
      `--pull-request-token-file=${join(root, 'token')}`,
      '--pull-request-labels=flux',
      ...(template === undefined ? [] : [`--pull-request-template=${join(root, 'template')}`]),
      ...args,
    ],
  });
  const ref = async (name: string) => {
    await fetched();
    return git('rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(() => undefined);
  };
  const synced = (revision: string | undefined) =>
    until('it is synced', async () => revision !== undefined && (await ref('refs/tags/flux-sync')) === revision);
  await synced(first);
  const pulls = () => ask<readonly Pull[]>('GET', `${at}/pulls?state=all`);
  const listed = async () => (await fluxd.fluxctl('list-images', '--workload', `${shop}:deployment/web`)).stdout;
  return {
    at,
    shop,
    image,
    fluxd,
    git,
    commit,
    ref,
    synced,
    pulls,
    listed,
    workload: `${shop}:deployment/web`,
    push: (tag: string) => world.push(name, tag, { version: tag }),
    text: async (branch: string) => {
      await fetched();
      return git('show', `origin/${branch}:web.yaml`);
    },
    pull: (state: 'open' | 'closed', text: string) =>
      until(`a request that is ${state} has ${text}`, async () =>
        (await pulls()).some(
          (each) => each.state === state && each.body.includes(text) && !each.body.includes('text=unfinished'),
        ),
      ).then(pulls),
    merge: async (number: number, Do: string, more: object = {}) => {
      await until('Gitea merges', () =>
        ask('POST', `${at}/pulls/${number}/merge`, { Do, ...more }).then(
          () => true,
          (error: unknown) => {
            if (String(error).includes('try again later')) return false;
            throw error;
          },
        ),
      );
      return ref('origin/main');
    },
  };
}
