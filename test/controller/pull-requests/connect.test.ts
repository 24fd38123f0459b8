import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret, systemClock } from '../../../src/base/index.ts';
import type { ProposalsConfig } from '../../../src/config/index.ts';
import { proposalsOf } from '../../../src/controller/pull-requests/connect.ts';
import { failureOf, temporaryDirectory } from '../../git/support/repository.ts';
import { imitationInTest } from '../../git-host/support/imitation.ts';

const BRANCHES = { head: 'flux-updates', base: 'main' };

function connect(
  host: Partial<NonNullable<ProposalsConfig['host']>>,
  appToken?: () => Promise<Secret>,
  url = 'https://git.example.org/acme/shop.git',
) {
  const extras = { labels: [], reviewers: [], autoMerge: false };
  return proposalsOf(
    { url },
    { branch: 'flux-updates', releases: false, per: 'all', host: { kind: 'github', ...extras, ...host } },
    { appToken, environment: {}, clock: systemClock },
  );
}

test('the token file is read for each request, so that it can be replaced', async () => {
  const { api, log } = await imitationInTest('github', 'second-token');
  const tokenFile = join(temporaryDirectory(), 'token');
  const { host } = connect({ api, tokenFile });
  writeFileSync(tokenFile, 'first-token\n');
  expect(await failureOf(host?.find(BRANCHES) ?? Promise.resolve())).toMatchObject({ code: 'git-host/token' });
  writeFileSync(tokenFile, 'second-token\n');
  expect(await host?.find(BRANCHES)).toBeUndefined();
  writeFileSync(tokenFile, 'two\nlines');
  const failure = await failureOf(host?.find(BRANCHES) ?? Promise.resolve());
  expect(failure.message).toBe(`--pull-request-token-file ${tokenFile}: it is not one line with a token`);
  expect(log).toHaveLength(2);
});

test('without a file, the token of the GitHub App is used, the one that is valid now', async () => {
  const { api } = await imitationInTest('github', 'app-token-2');
  const tokens = ['app-token-1', 'app-token-2'];
  const { host } = connect({ api }, async () => new Secret(tokens.shift() ?? ''));
  expect(await failureOf(host?.find(BRANCHES) ?? Promise.resolve())).toMatchObject({ code: 'git-host/token' });
  expect(await host?.find(BRANCHES)).toBeUndefined();
});

test('the template is read each time, and its file named when it cannot be', async () => {
  const template = join(temporaryDirectory(), 'template.md');
  const connected = connect({ api: 'https://localhost', template });
  expect((await failureOf(connected.template())).message).toContain(`--pull-request-template ${template}: `);
  writeFileSync(template, '{{title}}\n\n{{images}}\n');
  expect(await connected.template()).toBe('{{title}}\n\n{{images}}');
  expect(await connect({ api: 'https://localhost' }).template()).toBeUndefined();
});

test('the token is not sent in the clear because Git is', () => {
  const url = 'http://git.example.org/acme/shop.git';
  expect(() => connect({ kind: 'gitea' }, undefined, url)).toThrow('http://git.example.org/api/v1, is not encrypted');
  expect(connect({ kind: 'gitea', api: 'https://git.example.org/api/v1' }, undefined, url).host?.name).toBe('Gitea');
  expect(connect({ kind: 'gitea' }, undefined, 'http://127.0.0.1:3000/acme/shop').host?.name).toBe('Gitea');
});

test('a URL without a repository of the host is refused', () => {
  expect(() => connect({}, undefined, '/srv/shop.git')).toThrow('--git-url has no repository of --pull-request=github');
});
