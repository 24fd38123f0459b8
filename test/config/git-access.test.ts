import { describe, expect, test } from 'vitest';
import { parseFlags } from '../../src/config/index.ts';

const parse = (argv: readonly string[], file = '') => parseFlags(argv, { version: '1', environment: {}, readFile: () => file });

function problems(argv: readonly string[], file?: string): readonly string[] {
  const parsed = parse(argv, file);
  if ('config' in parsed) throw new Error('accepted');
  return parsed.stderr.split('\n').flatMap((line) => (line.startsWith('Error: ') ? [line.slice(7)] : []));
}

const URL = '--git-url=https://example.org/r';

describe('what does not fit together is refused at the start, by the name of the flag', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'a token for ssh',
      ['--git-url=git@example.org:r', '--git-token-file=/t'],
      ['--git-token-file needs an http(s) URL in --git-url'],
    ],
    ['a token without a URL', ['--git-token-file=/t'], ['--git-token-file needs an http(s) URL in --git-url']],
    [
      'a token and a password',
      ['--git-url=https://ann:s3cret@example.org/r', '--git-token-file=/t'],
      ['--git-token-file cannot be combined with a password in --git-url'],
    ],
    ['a type without a token', [URL, '--git-token-type=bearer'], ['--git-token-type needs --git-token-file']],
    [
      'an unknown type',
      [URL, '--git-token-file=/t', '--git-token-type=digest'],
      ['--git-token-type must be "basic" or "bearer", not "digest"'],
    ],
    [
      'certificates for http',
      ['--git-url=http://localhost/r', '--git-ca-file=/c'],
      ['--git-ca-file needs an https URL in --git-url'],
    ],
    ['a certificate without a key', [URL, '--git-tls-cert-file=/c'], ['--git-tls-cert-file needs --git-tls-key-file']],
    ['a branch and a tag', [URL, '--git-branch=main', '--git-ref=v1'], ['--git-ref cannot be combined with --git-branch']],
    ['a key without a certificate', [URL, '--git-tls-key-file=/k'], ['--git-tls-key-file needs --git-tls-cert-file']],
  ])('%s', (_, argv, expected) => {
    expect(problems(argv)).toEqual(expected);
  });

  test('and in the list of sources, by file and line', () => {
    const file = `
sources:
- name: a
  git-url: git@example.org:a
  git-token-file: /t
- name: b
  git-url: https://ann:s3cret@example.org/b
  git-token-type: digest
  git-tls-key-file: /k
`;
    expect(problems(['--config-file=f.yaml'], file)).toEqual([
      'f.yaml:5: sources[0].git-token-file: needs an http(s) URL in git-url',
      'f.yaml:9: sources[1].git-tls-key-file: needs git-tls-cert-file',
      'f.yaml:8: sources[1].git-token-type: must be "basic" or "bearer", not "digest"',
    ]);
    expect(problems(['--config-file=f.yaml', '--git-token-file=/t'], 'sources: [{name: a, git-url: u}]')).toEqual([
      '--git-token-file cannot be combined with the sources of --config-file',
    ]);
  });
});

test('each source has its own', () => {
  const file = `
sources:
- {name: a, git-url: 'https://example.org/a', git-token-file: /t, git-token-type: bearer}
- {name: b, git-url: 'https://example.org/b', git-ca-file: /ca, git-tls-cert-file: /c, git-tls-key-file: /k}
- {name: c, git-url: 'git@example.org:c'}
`;
  const parsed = parse(['--config-file=f.yaml'], file);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  expect(parsed.config.sources.map(({ name, authentication, tls }) => ({ name, authentication, tls }))).toEqual([
    { name: 'a', authentication: { kind: 'token-file', file: '/t', type: 'bearer' }, tls: undefined },
    { name: 'b', authentication: undefined, tls: { caFile: '/ca', client: { certFile: '/c', keyFile: '/k' } } },
    { name: 'c', authentication: undefined, tls: undefined },
  ]);
});

test.each([
  ['http://git.example.org/r', 1],
  ['http://localhost:3000/r', 0],
  ['http://127.0.0.1/r', 0],
  ['https://git.example.org/r', 0],
])('a token for %s brings %i warnings that it is not encrypted', (url, warnings) => {
  const parsed = parse([`--git-url=${url}`, '--git-token-file=/t']);
  if (!('config' in parsed)) throw new Error(parsed.stderr);
  expect(parsed.warnings.filter(({ message }) => message.includes('unencrypted'))).toHaveLength(warnings);
});
