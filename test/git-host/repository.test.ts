import { describe, expect, test } from 'vitest';
import { parseGitUrl } from '../../src/git/index.ts';
import { HOSTS, type HostKind, repositoryOf } from '../../src/git-host/index.ts';

type Row = readonly [kind: HostKind, url: string, api: string, ...names: string[]];

const ROWS: readonly Row[] = [
  ['github', 'https://github.com/acme/shop.git', 'https://api.github.com', 'acme', 'shop'],
  ['github', 'git@github.com:acme/shop', 'https://api.github.com', 'acme', 'shop'],
  ['github', 'ssh://git@ssh.github.com:443/acme/shop.git', 'https://api.github.com', 'acme', 'shop'],
  ['github', 'git@git.example.org:acme/shop.js.git', 'https://git.example.org/api/v3', 'acme', 'shop.js'],
  ['github', 'https://user:token@git.example.org:8443/acme/shop', 'https://git.example.org:8443/api/v3', 'acme', 'shop'],
  ['github', 'https://acme.ghe.com/acme/shop.git', 'https://api.acme.ghe.com', 'acme', 'shop'],
  ['gitlab', 'https://gitlab.com/acme/shop/deploy.git', 'https://gitlab.com/api/v4', 'acme', 'shop', 'deploy'],
  ['gitlab', 'ssh://git@gitlab.example.org:2222/acme/shop.git', 'https://gitlab.example.org/api/v4', 'acme', 'shop'],
  ['gitlab', 'git@altssh.gitlab.com:acme/shop.git', 'https://gitlab.com/api/v4', 'acme', 'shop'],
  ['gitea', 'https://git.example.org/acme/shop.git', 'https://git.example.org/api/v1', 'acme', 'shop'],
  ['gitea', 'http://localhost:3000/git/acme/shop', 'http://localhost:3000/git/api/v1', 'acme', 'shop'],
  ['bitbucket-cloud', 'git@bitbucket.org:acme/shop.git', 'https://api.bitbucket.org/2.0', 'acme', 'shop'],
  ['bitbucket-cloud', 'https://x-token-auth@bitbucket.org/acme/shop.git', 'https://api.bitbucket.org/2.0', 'acme', 'shop'],
  ['bitbucket-server', 'https://git.example.org/scm/ACME/shop.git', 'https://git.example.org/rest/api/latest', 'ACME', 'shop'],
  ['bitbucket-server', 'https://example.org/git/scm/~ann/shop.git', 'https://example.org/git/rest/api/latest', '~ann', 'shop'],
  ['bitbucket-server', 'ssh://git@git.example.org:7999/acme/shop.git', 'https://git.example.org/rest/api/latest', 'acme', 'shop'],
  ['azure-devops', 'https://acme@dev.azure.com/acme/Web%20Shop/_git/deploy', 'https://dev.azure.com/acme', 'Web Shop', 'deploy'],
  ['azure-devops', 'https://dev.azure.com/acme/_git/shop', 'https://dev.azure.com/acme', 'shop', 'shop'],
  ['azure-devops', 'git@ssh.dev.azure.com:v3/acme/shop/deploy', 'https://dev.azure.com/acme', 'shop', 'deploy'],
  [
    'azure-devops',
    'https://acme.visualstudio.com/DefaultCollection/shop/_git/deploy',
    'https://acme.visualstudio.com',
    'shop',
    'deploy',
  ],
  ['azure-devops', 'https://tfs.example.org/tfs/Main/shop/_git/deploy', 'https://tfs.example.org/tfs/Main', 'shop', 'deploy'],
];

const of = (kind: HostKind, url: string, api?: string) => {
  const place = parseGitUrl(url);
  if (!place) throw new Error(`${url} is no URL`);
  return repositoryOf(kind, place, api);
};

describe('the repository in the API of its host', () => {
  test.each(ROWS.map((row) => [row[0], row[1], row] as const))('%s, %s', (_kind, _url, [kind, url, api, ...names]) => {
    expect(of(kind, url)).toEqual({ api, names });
  });

  test('has the API that is given', () => {
    expect(of('gitea', 'https://git.example.org/acme/shop.git', 'https://api.example.org/v1/')).toEqual({
      api: 'https://api.example.org/v1',
      names: ['acme', 'shop'],
    });
  });

  test.each([
    ['https://example.org/git/acme/shop.git', 'https://example.org/git/api/v4', ['acme', 'shop']],
    ['https://example.org/git/acme/shop.git', 'https://example.org/api/v4', ['git', 'acme', 'shop']],
    ['git@example.org:git/acme/shop.git', 'https://example.org/git/api/v4', ['git', 'acme', 'shop']],
    ['https://example.org/git/shop.git', 'https://example.org/git/api/v4', ['git', 'shop']],
  ])('is below the path of a GitLab, %s at %s', (url, api, names) => {
    expect(of('gitlab', url, api)).toEqual({ api, names });
  });

  test.each(HOSTS)('is not in a local path or a URL without owner, of %s', (kind) => {
    for (const url of ['/srv/shop.git', 'https://git.example.org/shop.git', 'https://git.example.org/a/../b.git'])
      expect(() => of(kind, url)).toThrow(`--git-url has no repository of --pull-request=${kind}`);
  });
});
