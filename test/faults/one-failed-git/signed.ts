import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { openSignatures, type Signatures } from '../../../src/git/index.ts';
import { type Remote, temporaryDirectory } from '../../git/support/repository.ts';
import { sshKey } from '../../git/support/signing-keys.ts';

/** Signs the first commit of the repository, and lets the daemon sign, and accept what it or the person signed. */
export async function signedBy(remote: Remote): Promise<Signatures> {
  const allowedSignersFile = join(temporaryDirectory(), 'allowed');
  const [person, daemon] = [sshKey('person'), sshKey('daemon')];
  writeFileSync(allowedSignersFile, [person, daemon].map(({ publicKey }) => `a@b ${publicKey}\n`).join(''));
  remote.git('config', 'gpg.format', 'ssh');
  remote.git('config', 'gpg.ssh.allowedSignersFile', allowedSignersFile);
  // Read by the fault that commits as a person.
  remote.git('config', 'test.sign', `-S${person.privateFile}`);
  const who = ['-c', 'user.name=Ann', '-c', 'user.email=a@b'];
  remote.git(
    'update-ref',
    'refs/heads/main',
    remote.git(...who, 'commit-tree', `-S${person.privateFile}`, '-m', 'First', 'main^{tree}'),
  );
  const directory = temporaryDirectory();
  const signatures = await openSignatures({
    directory,
    imports: [],
    signing: { format: 'ssh', key: daemon.privateFile },
    verifies: 'all',
    allowedSignersFile,
    environment: { PATH: process.env.PATH, HOME: '/nonexistent' },
    clock: systemClock,
    log: silentLogger(),
  });
  onTestFinished(() => signatures.close());
  return signatures;
}

/** Every commit and the sync tag have a valid signature, by git itself. */
export function expectSigned(remote: Remote, where: string): void {
  expect(new Set(remote.git('log', '--format=%G?', 'main').split('\n')), where).toEqual(new Set(['G']));
  expect(remote.git('verify-tag', '--format=%(tag)', 'flux-sync'), where).toBe('flux-sync');
}
