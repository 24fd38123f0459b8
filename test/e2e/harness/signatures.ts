import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../git/support/repository.ts';
import { gpgHome, gpgKey, sshKey } from '../../git/support/signing-keys.ts';
import { type Finished, run } from './process.ts';
import type { Repository } from './repository.ts';

/** A person whose commits are signed by an SSH key, and the flags of a daemon that verifies them and signs its own by GPG. */
export async function signAndVerify(repository: Repository): Promise<readonly string[]> {
  const person = sshKey('ann');
  const config = { 'gpg.format': 'ssh', 'user.signingKey': person.privateFile, 'commit.gpgSign': 'true' };
  for (const [key, value] of Object.entries(config)) await repository.inClone('config', key, value);
  const allowed = join(temporaryDirectory(), 'allowed_signers');
  writeFileSync(allowed, `ann@example.org ${person.publicKey}\n`);
  const key = gpgKey('flux');
  return [
    `--git-gpg-key-import=${key.privateFile}`,
    `--git-signing-key=${key.fingerprint}`,
    '--git-verify-signatures-mode=all',
    `--git-allowed-signers-file=${allowed}`,
  ];
}

/** `git verify-commit` or `git verify-tag`, with the public key of the daemon. */
export function verified(repository: Repository, command: 'verify-commit' | 'verify-tag', name: string): Promise<Finished> {
  const env = { GNUPGHOME: gpgHome(), GIT_CONFIG_NOSYSTEM: '1' };
  return run('git', [command, name], { cwd: repository.directory, env });
}
