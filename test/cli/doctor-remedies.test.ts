import { expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { GoFluxd } from '../conformance/go-fluxd.ts';
import type { Script } from './daemon.ts';
import { doctor } from './doctor-world.ts';

const SSH = { url: 'ssh://git@example.org/acme/conf', branch: 'main', path: '' };
const HTTPS = { ...SSH, url: 'https://example.org/acme/conf' };

/** A daemon that cannot read its repository says so when asked if it is ready, for its repository, and for what it wrote there. */
function git(status: string, errors: string, help?: string, remote = SSH): Script {
  return {
    'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ remote, status, errors })],
    ...(help === undefined
      ? {}
      : {
          'GET /readyz': [{ status: 503, body: `not ready: Git: ${errors}; last sync: ${errors}\n` }],
          'GET /v1/objects': [{ objects: [] }],
          'GET /v1/writers': [{ status: 500, body: JSON.stringify(problem(`git repo not ready: ${errors}`, help)) }],
        }),
  };
}

function problem(detail: string, help: string) {
  return { type: 'about:blank', title: 'Internal Server Error', status: 500, detail, code: 'git/not-ready', help };
}

function images(error?: string): Script {
  const container = { Name: 'c', Current: { ID: 'i:1' }, ...(error === undefined ? {} : { AvailableError: error }) };
  return { 'GET /flux/v10/images': [[{ ID: 'a:deployment/b', Containers: [container] }]] };
}

function object(state: string, error: string, help?: string): Script {
  const failed = { id: 'a:configmap/b', state, since: '2026-11-26T09:04:44Z', error: { code: 'c', message: error, help } };
  return { 'GET /v1/objects': [{ revision: '4be1f0c2', objects: [failed] }] };
}

type Trouble = readonly [what: string, script: Script, check: string, remedy: string, flags: readonly string[]];

const TROUBLES: readonly (Trouble | readonly [string, Script, string, string])[] = [
  [
    'a branch that is missing',
    git('cloned', "configured branch 'main' does not exist", 'Push the branch, or correct --git-branch.'),
    'git',
    'Push the branch',
  ],
  [
    'a branch that is missing, of a Flux v1',
    git('new', 'git clone --branch main: fatal: Remote branch main not found in upstream origin'),
    'git',
    'Push the branch',
  ],
  [
    'a key that may not write',
    git('cloned', 'attempt to push: git push: fatal: denied to key'),
    'git',
    'fluxd can read but not write: give the deploy key',
  ],
  [
    'a user that may not write',
    git('cloned', 'attempt to push: git push: error 403', undefined, HTTPS),
    'git',
    'fluxd can read but not write: give the user of its credentials',
  ],
  [
    'a write that was not tried yet',
    git('cloned', 'git repo has been cloned but not yet checked for write access'),
    'git',
    'This should pass within moments',
  ],
  [
    'a host key that is unknown',
    git('new', 'git ls-remote: Host key verification failed.', 'Put the line of the host into known_hosts.'),
    'git',
    'Put the line of the host into known_hosts.',
  ],
  [
    'a host that does not resolve',
    git('unreachable', 'git ls-remote: ssh: Could not resolve hostname example.org', 'Check the host in --git-url.'),
    'git',
    'Check the host in --git-url.',
  ],
  [
    'a host that is down, of a Flux v1',
    git('new', 'connect to host example.org port 22: Connection refused'),
    'git',
    'Allow fluxd to reach the Git host',
  ],
  [
    'a key that is refused',
    git('new', 'git ls-remote: fatal: Permission denied (publickey).', 'Check the credentials: for ssh the deploy key.'),
    'git',
    'Check the credentials',
  ],
  [
    'a repository that is not there, of a Flux v1',
    git('new', 'ERROR: Repository not found.'),
    'git',
    'Correct the path in --git-url',
  ],
  ['no repository', git('unconfigured', 'git repo has not been cloned yet'), 'git', 'Start fluxd with --git-url.'],
  [
    'a disk that is full',
    git('new', 'git fetch: fatal: No space left on device', 'Make room on the volume.'),
    'git',
    'Make room on the volume.',
  ],
  [
    'a revision that cannot be read',
    { 'GET /v1/objects': [{ objects: [], failure: { code: 'x', message: 'too many files', help: 'Split the repository.' } }] },
    'sync',
    'Split the repository.',
  ],
  [
    'an object that is forbidden',
    object('failed', 'configmaps is forbidden', 'Give the right to create configmaps.'),
    'sync',
    'Give the right to create configmaps. Run fluxctl status to list all.',
  ],
  [
    'a manifest that is refused',
    object('refused', 'not YAML', 'This likely means it is malformed YAML.'),
    'sync',
    'This likely means it is malformed YAML. Run fluxctl status',
  ],
  [
    'a registry that refuses',
    images('status 401, unauthorized'),
    'registries',
    'Images are not updated until this is fixed: check the credentials',
  ],
  ['images that were not looked up yet', images(), 'registries', 'The first scan takes a minute or two'],
  [
    'deletions that are held',
    { 'GET /v1/gc': [{ deletions: [{ id: 'a:configmap/b', reason: 'many' }] }] },
    'gc',
    'Run fluxctl gc to see why',
  ],
  ['a token that is refused', { 'GET /flux/v11/ping': [{ status: 401, body: '' }] }, 'daemon', '--token'],
  ['a version far apart', { 'GET /flux/v11/version': ['8.0.0'] }, 'daemon', 'Use versions with the same major and minor number.'],
  ['a context that does not exist', {}, 'kubeconfig', 'The kubeconfig has: "prod".', ['--context=pord']],
];

test.each(TROUBLES.map((trouble): Trouble => [trouble[0], trouble[1], trouble[2], trouble[3], trouble[4] ?? []]))(
  '%s is told once, and first what to do about it',
  async (_what, script, check, remedy, flags) => {
    const { stdout } = await doctor(script, ['-o', 'json', ...flags]);
    const bad = (JSON.parse(stdout) as readonly Finding[]).filter(({ level }) => level !== 'ok');
    expect(bad.map((finding) => finding.check)).toEqual([check]);
    expect(bad[0]?.help).toContain(remedy);
    if (check !== 'daemon') expect(bad[0]?.help?.startsWith(remedy)).toBe(true);
  },
);

test('images that are not looked up by --registry-disable-scanning are no trouble', async () => {
  const { stdout, code } = await doctor({ ...images(), 'GET /v1/images/scans': [{ repositories: [], disabled: true }] });
  expect([code, stdout]).toEqual([0, expect.stringContaining('0 failed, 0 to look at')]);
  expect(stdout).toContain('ok    registries  registries are not scanned: fluxd runs with --registry-disable-scanning');
});

test('what else keeps the daemon from being ready is told beside the repository', async () => {
  const script = git('new', 'no route', 'Check the network.');
  const { stdout } = await doctor({
    ...script,
    'GET /readyz': [{ status: 503, body: 'not ready: Git: no route; lease: forbidden\n' }],
  });
  expect(stdout).toContain('fail  daemon      not ready: Git: no route; lease: forbidden');
  expect(stdout).toContain('2 failed');
});
