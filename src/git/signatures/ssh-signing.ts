import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { messageOf } from '../../base/index.ts';
import { type Signing, signingFailed } from './signing.ts';

export interface SshSigningOptions {
  /** The private key, which may be mounted with a mode that ssh-keygen refuses. */
  readonly file: string;
  /** Where its copy is kept, in memory. */
  readonly copy: string;
  /** Absolute path of ssh-keygen. */
  readonly program: string;
}

const TIMEOUT_MS = 10_000;

/** Signs by a private key file, which is read again for each signature. */
export function sshSigning({ file, copy, program }: SshSigningOptions): Signing {
  async function prepare(): Promise<void> {
    try {
      // Another source may be signing with the copy.
      const fresh = `${copy}-${randomUUID()}`;
      await writeFile(fresh, await readFile(file), { mode: 0o600 });
      await rename(fresh, copy);
    } catch (error) {
      throw signingFailed(`SSH key ${file} cannot be read`, messageOf(error), error);
    }
  }

  return {
    key: copy,
    prepare,
    async problem() {
      try {
        await prepare();
        await publicKey(program, copy);
        return undefined;
      } catch (error) {
        const why = messageOf(error).replaceAll(copy, file);
        return why.includes(file) ? why : `SSH key ${file}: ${why}`;
      }
    },
  };
}

/** The public key of a private one without passphrase. */
function publicKey(program: string, file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
    // An empty passphrase, so that an encrypted key fails instead of prompting.
    execFile(
      program,
      ['-y', '-P', '', '-f', file],
      { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
      (error, stdout, stderr) =>
        error ? reject(new Error(stderr.trim().replaceAll('\n', '; ') || messageOf(error))) : resolve(stdout),
    );
  });
}
