import { describe, expect, test } from 'vitest';
import { parseGitUrl } from '../../src/git/index.ts';
import { type HostKind, webPagesOf } from '../../src/git-host/index.ts';

const of = (url: string, kind?: HostKind) => {
  const place = parseGitUrl(url);
  if (!place) throw new Error(`${url} is no URL`);
  return webPagesOf(place, kind);
};

const GITHUB = 'https://github.com/acme/shop';

describe('the web pages of', () => {
  test.each<[string, HostKind | undefined, string, string]>([
    ['git@github.com:acme/shop.git', undefined, `${GITHUB}/commit/{revision}`, `${GITHUB}/blob/{revision}/{path}#L{line}`],
    [
      'ssh://git@ssh.github.com:443/acme/shop',
      undefined,
      `${GITHUB}/commit/{revision}`,
      `${GITHUB}/blob/{revision}/{path}#L{line}`,
    ],
    [
      'https://user:token@git.example.org:8443/acme/shop',
      'github',
      'https://git.example.org:8443/acme/shop/commit/{revision}',
      'https://git.example.org:8443/acme/shop/blob/{revision}/{path}#L{line}',
    ],
    [
      'https://acme.ghe.com/acme/shop.git',
      undefined,
      'https://acme.ghe.com/acme/shop/commit/{revision}',
      'https://acme.ghe.com/acme/shop/blob/{revision}/{path}#L{line}',
    ],
    [
      'git@gitlab.example.org:acme/shop/deploy.git',
      undefined,
      'https://gitlab.example.org/acme/shop/deploy/-/commit/{revision}',
      'https://gitlab.example.org/acme/shop/deploy/-/blob/{revision}/{path}#L{line}',
    ],
    [
      'https://git.example.org/git/acme/shop',
      'gitea',
      'https://git.example.org/git/acme/shop/commit/{revision}',
      'https://git.example.org/git/acme/shop/src/commit/{revision}/{path}#L{line}',
    ],
    [
      'git@bitbucket.org:acme/shop.git',
      undefined,
      'https://bitbucket.org/acme/shop/commits/{revision}',
      'https://bitbucket.org/acme/shop/src/{revision}/{path}#lines-{line}',
    ],
    [
      'https://example.org/git/scm/~ann/shop.git',
      'bitbucket-server',
      'https://example.org/git/users/ann/repos/shop/commits/{revision}',
      'https://example.org/git/users/ann/repos/shop/browse/{path}?at={revision}#{line}',
    ],
    [
      'ssh://git@ssh.dev.azure.com/v3/acme/Web%20Shop/deploy',
      undefined,
      'https://dev.azure.com/acme/Web%20Shop/_git/deploy/commit/{revision}',
      'https://dev.azure.com/acme/Web%20Shop/_git/deploy?path=/{path}&version=GC{revision}&line={line}',
    ],
  ])('%s (%s)', (url, kind, commit, line) => {
    expect(of(url, kind)).toEqual({ commit, line });
  });

  test.each([
    ['a host that is not known', 'git@git.example.org:acme/shop'],
    ['a local repository', '/srv/shop.git'],
    ['a URL without a repository', 'https://github.com/acme'],
    ['a host that only looks like a known one', 'https://github.com.example.org/acme/shop'],
  ])('%s are not known', (_, url) => {
    expect(of(url)).toBeUndefined();
  });
});
