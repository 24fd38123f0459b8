import { describe, expect, test } from 'vitest';
import { parseFlags } from '../../src/config/index.ts';
import { HOSTS } from '../../src/git-host/index.ts';

const parse = (argv: readonly string[], file = '') => parseFlags(argv, { version: '1', environment: {}, readFile: () => file });

function problems(argv: readonly string[], file?: string): readonly string[] {
  const parsed = parse(argv, file);
  if ('config' in parsed) throw new Error('accepted');
  return parsed.stderr.split('\n').flatMap((line) => (line.startsWith('Error: ') ? [line.slice(7)] : []));
}

function proposalsOf(argv: readonly string[], file?: string) {
  const parsed = parse(argv, file);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  return parsed.config.sources.map(({ proposals }) => proposals);
}

const PUSH = '--git-push-branch=flux-updates';
const TOKEN = '--pull-request-token-file=/t';

describe('what does not fit together is refused at the start, by the name of the flag', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['a host without a branch', ['--pull-request=gitea', TOKEN], ['--pull-request needs --git-push-branch']],
    ['releases without a branch', ['--git-push-branch-releases'], ['--git-push-branch-releases needs --git-push-branch']],
    ['labels without a host', [PUSH, '--pull-request-labels=a'], ['--pull-request-labels needs --pull-request']],
    ['a host without a token', [PUSH, '--pull-request=gitlab'], ['--pull-request needs --pull-request-token-file']],
    [
      'GitHub with neither a token nor an App',
      [PUSH, '--pull-request=github'],
      ['--pull-request needs --pull-request-token-file, or --git-github-app-id'],
    ],
    ['an unknown host', [PUSH, '--pull-request=gitbucket'], [`--pull-request must be one of ${HOSTS.join(', ')}`]],
    [
      'labels where there are none',
      [PUSH, TOKEN, '--pull-request=bitbucket-server', '--pull-request-labels=a'],
      ['--pull-request-labels is not possible at bitbucket-server, which has no labels'],
    ],
    [
      'auto-merge where there is none',
      [PUSH, TOKEN, '--pull-request=bitbucket-cloud', '--pull-request-auto-merge'],
      ['--pull-request-auto-merge is not possible at bitbucket-cloud'],
    ],
    ['an unknown grouping', [PUSH, '--pull-request-per=team'], ['--pull-request-per must be "all", "namespace" or "workload"']],
    [
      'an API that is not encrypted',
      [PUSH, TOKEN, '--pull-request=gitea', '--pull-request-api-url=http://git.example.org/api/v1'],
      ['--pull-request-api-url must be an https URL, without user, query and fragment'],
    ],
    [
      'the followed branch',
      ['--git-branch=main', '--git-push-branch=main'],
      ['--git-push-branch must not be --git-branch, nor what it begins with before a "-"'],
    ],
    [
      'a prefix of the followed branch',
      ['--git-branch=flux-main', '--git-push-branch=flux'],
      ['--git-push-branch must not be --git-branch, nor what it begins with before a "-"'],
    ],
    [
      'no name of a branch',
      ['--git-push-branch=a..b'],
      ['--git-push-branch must be the name of a branch, of at most 100 characters'],
    ],
    ['a repository that is read only', ['--git-readonly', PUSH], ['--git-readonly cannot be combined with --git-push-branch']],
    ['a tag', ['--git-ref=v1', PUSH], ['--git-push-branch cannot be combined with --git-ref']],
  ])('%s', (_, argv, expected) => {
    expect(problems(argv)).toEqual(expected);
  });

  test('and in the list of sources, by file and line', () => {
    const file = `
sources:
- name: a
  git-url: https://example.org/a
  pull-request: gitea
- name: b
  git-url: https://example.org/b
  git-push-branch: master
`;
    expect(problems(['--config-file=f.yaml'], file)).toEqual([
      'f.yaml:5: sources[0].pull-request: needs git-push-branch',
      'f.yaml:5: sources[0].pull-request: needs pull-request-token-file',
      'f.yaml:8: sources[1].git-push-branch: must not be git-branch, nor what it begins with before a "-"',
    ]);
  });
});

test('each source has its own', () => {
  const file = `
sources:
- name: a
  git-url: https://example.org/acme/a
  git-push-branch: updates
  git-push-branch-releases: true
  pull-request: azure-devops
  pull-request-token-file: /t
  pull-request-per: namespace
  pull-request-labels: [flux]
- {name: b, git-url: 'https://example.org/acme/b', git-push-branch: updates}
- {name: c, git-url: 'https://example.org/acme/c'}
`;
  expect(proposalsOf(['--config-file=f.yaml'], file)).toEqual([
    {
      branch: 'updates',
      releases: true,
      per: 'namespace',
      host: { kind: 'azure-devops', tokenFile: '/t', labels: ['flux'], reviewers: [], autoMerge: false },
    },
    { branch: 'updates', releases: false, per: 'all' },
    undefined,
  ]);
});

test('a GitHub App needs no other token', () => {
  const app = ['--git-github-app-id=1', '--git-github-app-installation-id=2', '--git-github-app-private-key-file=/k'];
  expect(proposalsOf(['--git-url=https://github.com/acme/shop', ...app, PUSH, '--pull-request=github'])).toMatchObject([
    { host: { kind: 'github', labels: [], reviewers: [], autoMerge: false } },
  ]);
});

test('the token of a GitHub App is sent to the API of the App alone', () => {
  const app = ['--git-github-app-id=1', '--git-github-app-installation-id=2', '--git-github-app-private-key-file=/k'];
  const args = ['--git-url=https://git.example.org/acme/shop', ...app, PUSH, '--pull-request=github'];
  const api = 'https://api.git.example.org/v3';
  expect(proposalsOf([...args, `--git-github-api=${api}`])).toMatchObject([{ host: { api } }]);
  expect(problems([...args, `--git-github-api=${api}`, '--pull-request-api-url=https://other.example.org/api/v3'])).toEqual([
    '--pull-request-api-url must be where --git-github-api is, or needs --pull-request-token-file',
  ]);
  expect(proposalsOf([...args, '--pull-request-api-url=https://other.example.org/api/v3', TOKEN])).toMatchObject([
    { host: { api: 'https://other.example.org/api/v3', tokenFile: '/t' } },
  ]);
});

test('a daemon that reverts says that it does not, where people merge', () => {
  const parsed = parse([PUSH, '--automation-revert']);
  expect('config' in parsed && parsed.warnings).toMatchObject([{ flag: 'automation-revert' }]);
});
