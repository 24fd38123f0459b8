import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accept } from '../../../src/git/accept.ts';
import { thorough } from '../../support/sampled.ts';
import { deployKeys } from '../support/deploy-keys.ts';
import { memorySecret } from '../support/memory-secret.ts';
import { recordingGit } from '../support/recording-git.ts';
import { createRemote, sourceOf, temporaryDirectory } from '../support/repository.ts';
import { haveSshd, startSshd } from '../support/ssh-server.ts';

describe.runIf(haveSshd())('a regenerated key takes over when the host has accepted it alone', () => {
  async function start({ readOnly = false } = {}) {
    const remote = createRemote();
    const script = join(temporaryDirectory(), 'script');
    writeFileSync(
      script,
      `case $SSH_ORIGINAL_COMMAND in git-receive-pack*) echo 'ERROR: read only' >&2; exit 1;; esac\nexec git-upload-pack '${remote.path}'\n`,
    );
    const server = await startSshd(readOnly ? { command: `sh ${script}` } : {});
    const url = `ssh://${server.user}@127.0.0.1:${server.port}${remote.path}`;
    const secret = memorySecret();
    const keys = deployKeys({ mountedFile: '/nonexistent/identity', secret, urls: [url] });
    const git = recordingGit();
    const environment = { PATH: git.path, HOME: '/nonexistent' };
    const source = sourceOf(url, { environment, ssh: { keys, knownHostsFile: server.knownHostsFile } });
    const first = await keys.publicKey();
    const probes = () => git.calls().filter((args) => args.includes('push') && args.includes('--dry-run')).length;
    return { remote, server, secret, keys, source, first, probes };
  }

  test.runIf(thorough('a new key over a real sshd'))(
    'no fetch fails or waits for it, and the host is tried once in each',
    async () => {
      const { remote, server, secret, keys, source, first, probes } = await start();
      server.authorize(first);
      await source.fetch();
      expect(source.state().status).toBe('ready');
      const checked = probes();
      const next = await keys.regenerate();
      const head = remote.commit({ x: '1' });
      expect(await source.fetch()).toBe(head);
      expect([probes() - checked, [...secret.data.keys()].sort()]).toEqual([
        1,
        ['identity', 'identity.previous', 'identity.pub'],
      ]);
      // Pushes still go with the one before.
      await source.recordSync({ revision: accept(head), record: '{}' });
      server.authorize(first, next);
      await source.fetch();
      expect([...secret.data.keys()].sort()).toEqual(['identity', 'identity.pub']);
      server.authorize(next);
      const last = remote.commit({ x: '2' });
      expect(await source.fetch()).toBe(last);
      await source.recordSync({ revision: accept(last), record: '{}' });
      expect(probes() - checked).toBe(2);
    },
  );

  test.runIf(thorough('a new key of a source that may only read'))('of a source that may only read, too', async () => {
    const { server, secret, keys, source, first } = await start({ readOnly: true });
    server.authorize(first);
    await source.fetch();
    expect(source.state().status).toBe('cloned');
    const next = await keys.regenerate();
    server.authorize(next);
    await source.fetch();
    expect(secret.data.has('identity.previous')).toBe(false);
  });
});
