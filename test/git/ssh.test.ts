import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accept } from '../../src/git/accept.ts';
import type { SshAccess } from '../../src/git/index.ts';
import { thorough } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { deployKeys } from './support/deploy-keys.ts';
import { processesWith } from './support/processes.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';
import { haveSshd, type SshServer, startSshd } from './support/ssh-server.ts';

function sshOf({ identityFile, knownHostsFile }: SshServer): SshAccess {
  return { keys: deployKeys({ mountedFile: identityFile }), knownHostsFile };
}

describe.runIf(haveSshd())('over SSH', () => {
  test('clones, commits and records with a deploy key and our own known_hosts file', async () => {
    const remote = createRemote();
    const server = await startSshd();
    const url = `ssh://${server.user}@127.0.0.1:${server.port}${remote.path}`;
    const source = sourceOf(url, { ssh: sshOf(server) });
    const base = await source.fetch();
    expect(source.state()).toEqual({ status: 'ready' });
    const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
    await source.recordSync({ revision: accept(made), record: '{}' });
    expect(remote.git('rev-parse', 'main', 'flux-sync^{commit}')).toBe(`${made}\n${made}`);
    expect(remote.git('notes', '--ref=flux', 'show', made)).toBe('{}');
  });

  test('an unknown and a changed host key are refused, with the fingerprint (S-011)', async () => {
    const remote = createRemote();
    const [server, other] = await Promise.all([startSshd(), startSshd()]);
    const url = `ssh://${server.user}@127.0.0.1:${server.port}${remote.path}`;
    const empty = join(temporaryDirectory(), 'known');
    writeFileSync(empty, '');
    const unknown = sourceOf(url, { ssh: { ...sshOf(server), knownHostsFile: empty } });
    expect(await failureOf(unknown.fetch())).toMatchObject({ code: 'git/host-key' });
    writeFileSync(empty, readFileSync(other.knownHostsFile, 'utf8').replace(`:${other.port}`, `:${server.port}`));
    const changed = await failureOf(sourceOf(url, { ssh: { ...sshOf(server), knownHostsFile: empty } }).fetch());
    expect(changed).toMatchObject({ code: 'git/host-key' });
    expect(changed.message).toMatch(/SHA256:/);
    expect(changed.help).toContain('known_hosts');
  });

  test('a key the server does not know is denied', async () => {
    const remote = createRemote();
    const [server, other] = await Promise.all([startSshd(), startSshd()]);
    const url = `ssh://${server.user}@127.0.0.1:${server.port}${remote.path}`;
    const source = sourceOf(url, { ssh: { ...sshOf(other), knownHostsFile: server.knownHostsFile } });
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({ code: 'git/denied' });
    expect(failure.help).toContain('fluxctl identity');
  });

  test.runIf(thorough('an SSH server that hangs'))(
    'a server that hangs is given up at the deadline, and ssh does not stay',
    async () => {
      const server = await startSshd({ command: 'sleep 60' });
      const directory = join(temporaryDirectory(), 'mirror');
      const source = sourceOf(`ssh://${server.user}@127.0.0.1:${server.port}/srv/x`, {
        directory,
        timeoutMs: 1500,
        ssh: sshOf(server),
      });
      expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/timeout' });
      await until('no process of this source is left', () => processesWith(directory).length === 0, 2000);
    },
  );
});
