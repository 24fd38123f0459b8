import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { havePart } from '../../support/part.ts';
import { run, temporaryDirectory } from './repository.ts';

/** Whether keys can be generated here. */
export function haveSshKeygen(): boolean {
  let found = true;
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (error) {
    found = (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return havePart('ssh-keygen', found);
}

export interface TestKey {
  readonly privateKey: string;
  /** Without its comment. */
  readonly publicKey: string;
}

/** A key of a person. */
export async function makeKey(passphrase = ''): Promise<TestKey> {
  const file = join(temporaryDirectory(), 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'flux', '-f', file]);
  return { privateKey: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8') };
}

/** A directory for the PATH with a shell script in place of ssh-keygen; `$KEYGEN` is the real one. */
export function replacedSshKeygen(script: string): string {
  const directory = join(temporaryDirectory(), 'bin');
  mkdirSync(directory);
  const real = execFileSync('sh', ['-c', 'command -v ssh-keygen'], { encoding: 'utf8' }).trim();
  const file = join(directory, 'ssh-keygen');
  writeFileSync(file, `#!/bin/sh\nKEYGEN=${real}\n${script}\n`);
  chmodSync(file, 0o755);
  return `${directory}:${process.env.PATH}`;
}
