import { describe, expect, test } from 'vitest';
import { parseFlags } from '../../src/config/index.ts';

function parse(file: string, argv: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
  return parseFlags(['--config-file=flux.yaml', ...argv], { version: '1', environment, readFile: () => file });
}

function problems(file: string, argv?: readonly string[], environment?: Readonly<Record<string, string>>): readonly string[] {
  const parsed = parse(file, argv, environment);
  if ('config' in parsed) throw new Error('accepted');
  return parsed.stderr.split('\n').flatMap((line) => (line.startsWith('Error: ') ? [line.slice(7)] : []));
}

const TWO = `
git-user: Flux
sources:
- name: infra
  git-url: git@example.org:infra
- name: apps
  git-url: https://example.org/apps
  git-branch: main
  git-path: [web, jobs]
  git-label: flux-apps
`;

test('a config file lists sources, each with the defaults of the flags', () => {
  expect(parse(TWO)).toMatchObject({
    config: {
      gitUser: 'Flux',
      sources: [
        { name: 'infra', url: 'git@example.org:infra', branch: 'master', paths: [], syncTag: 'flux-sync', notesRef: 'flux' },
        {
          name: 'apps',
          url: 'https://example.org/apps',
          branch: 'main',
          paths: ['web', 'jobs'],
          syncTag: 'flux-apps',
          notesRef: 'flux-apps',
        },
      ],
    },
  });
});

describe('a list of sources is refused', () => {
  test.each<[string, string, string]>([
    ['that is no list', 'sources: {name: a}', 'flux.yaml:1: sources: expected a list of sources'],
    ['that is empty', 'sources: []', 'flux.yaml:1: sources: must not be empty'],
    ['with a text', 'sources: [hunter2]', 'flux.yaml:1: sources[0]: expected a map with name and git-url'],
    ['without a name', 'sources:\n- git-url: git@h:o/r\n', 'flux.yaml:2: sources[0].name: expected text; put it in quotes'],
    [
      'with a name that is no label',
      'sources:\n- git-url: git@h:o/r\n  name: My Apps\n',
      'flux.yaml:3: sources[0].name: expected lower-case letters, digits and dashes, at most 63',
    ],
    ['without a URL', 'sources:\n- name: a\n', 'flux.yaml:2: sources[0].git-url: expected text; put it in quotes'],
    ['with an empty URL', 'sources:\n- name: a\n  git-url: ""\n', 'flux.yaml:3: sources[0].git-url: must not be empty'],
    [
      'with a name twice',
      'sources:\n- {name: a, git-url: u}\n- {name: a, git-url: v}\n',
      'flux.yaml:3: sources[1].name: another source has this name',
    ],
    [
      'with an unknown key',
      'sources:\n- name: a\n  git-url: u\n  git-brnch: hunter2\n',
      'flux.yaml:4: sources[0].git-brnch: unknown key (did you mean git-branch?)',
    ],
    [
      'with a path that begins with a slash',
      'sources:\n- {name: a, git-url: u, git-path: [/etc]}\n',
      'flux.yaml:2: sources[0].git-path[0]: should not have a leading slash',
    ],
    [
      'with a path that leaves the repository',
      'sources:\n- {name: a, git-url: u, git-path: [a/../..]}\n',
      'flux.yaml:2: sources[0].git-path[0]: should not leave the repository by ".."',
    ],
  ])('%s', (_, file, problem) => {
    const found = problems(file);
    expect(found).toEqual([problem]);
    expect(found.join()).not.toContain('hunter2');
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    ['a flag', ['--git-url=git@h:o/r'], {}, '--git-url cannot be combined with the sources of --config-file'],
    [
      'a variable',
      [],
      { FLUXD_GIT_PATH: 'a' },
      '--git-path (from FLUXD_GIT_PATH) cannot be combined with the sources of --config-file',
    ],
  ])('beside %s for one source', (_, argv, environment, problem) => {
    expect(problems(TWO, argv, environment)).toEqual([problem]);
  });

  test('beside a key for one source', () => {
    expect(problems(`${TWO}git-branch: main\n`)).toEqual([
      '--git-branch (from flux.yaml:11) cannot be combined with the sources of --config-file',
    ]);
  });
});
