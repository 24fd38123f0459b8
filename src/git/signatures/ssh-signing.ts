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
  readonly allowedSignersFile: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** Signed to learn whether the signature is valid. */
const TRIAL = 'trial';

/** Signs by a private key file, which is read again for each signature. */
export function sshSigning({ file, copy, program, allowedSignersFile }: SshSigningOptions): Signing {
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
        // An empty passphrase, so that an encrypted key fails instead of prompting.
        await keygen(program, ['-y', '-P', '', '-f', copy]);
        return undefined;
      } catch (error) {
        const why = messageOf(error).replaceAll(copy, file);
        return why.includes(file) ? why : `SSH key ${file}: ${why}`;
      }
    },

    async distrust() {
      if (allowedSignersFile === undefined) return `SSH key ${file} is in no --git-allowed-signers-file`;
      const signature = `${copy}.sig`;
      try {
        await prepare();
        await writeFile(signature, await keygen(program, ['-Y', 'sign', '-q', '-n', 'git', '-f', copy], TRIAL), { mode: 0o600 });
        const found = await keygen(program, ['-Y', 'find-principals', '-f', allowedSignersFile, '-s', signature]);
        const principal = found.split('\n', 1)[0] ?? '';
        await keygen(program, ['-Y', 'verify', '-n', 'git', '-f', allowedSignersFile, '-I', principal, '-s', signature], TRIAL);
        return undefined;
      } catch (error) {
        return `SSH key ${file} may not sign by ${allowedSignersFile}: ${messageOf(error)}`;
      }
    },
  };
}

/** Resolves to its standard output. */
function keygen(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
    const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      error ? reject(new Error((stderr.trim() || stdout.trim()).replaceAll('\n', '; ') || messageOf(error))) : resolve(stdout),
    );
    // It may end before it has read everything; its exit code says so.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
