import { type ExecFileException, execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FluxError, messageOf } from '../../base/index.ts';
import type { KeyPair } from './key-pair.ts';

export interface KeygenOptions {
  /** `ssh-keygen -t`. */
  readonly type: string;
  /** `-b`. */
  readonly bits?: number;
  /** `-m`. */
  readonly format?: string;
}

/** Where and how ssh-keygen runs. */
export interface SshKeygen {
  /** The daemon's own environment, of which only a part is passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** NSS wrapper gives a name to an arbitrary user id, which ssh-keygen needs. */
const INHERITED = ['PATH', 'HOME', 'LD_PRELOAD', 'NSS_WRAPPER_PASSWD', 'NSS_WRAPPER_GROUP'];

/**
 * Generates a key without passphrase in an empty directory.
 * @throws FluxError `git/keygen`
 */
export async function generateKey(
  { type, bits, format }: KeygenOptions,
  directory: string,
  program: SshKeygen,
): Promise<KeyPair> {
  const file = join(directory, 'identity');
  const form = [...(bits === undefined ? [] : ['-b', `${bits}`]), ...(format === undefined ? [] : ['-m', format])];
  try {
    await run(['-q', '-N', '', '-t', type, ...form, '-C', 'flux', '-f', file], program);
    const [privateKey, publicKey] = await Promise.all([readFile(file), readFile(`${file}.pub`, 'utf8')]);
    return { privateKey, publicKey };
  } catch (error) {
    throw new FluxError(`generating a deploy key failed: ${messageOf(error)}`, {
      code: 'git/keygen',
      help: 'Check --ssh-keygen-type, --ssh-keygen-bits and --ssh-keygen-format.',
      cause: error,
    });
  }
}

/** The public half of a private key file, as an OpenSSH line. Rejects with what ssh-keygen says. */
export function publicKeyOf(file: string, program: SshKeygen): Promise<string> {
  // An empty passphrase, so that an encrypted key fails instead of prompting.
  return run(['-y', '-P', '', '-f', file], program);
}

function run(args: readonly string[], { environment, timeoutMs }: SshKeygen): Promise<string> {
  const inherited = INHERITED.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...Object.fromEntries(inherited), LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    const child = execFile('ssh-keygen', args, { env, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      error ? reject(failure(error, stderr, timeoutMs)) : resolve(stdout),
    );
    child.stdin?.end();
  });
}

function failure(error: ExecFileException, stderr: string, timeoutMs: number): Error {
  if (error.code === 'ENOENT') return new Error('ssh-keygen is not installed (OpenSSH client)', { cause: error });
  if (error.killed) return new Error(`ssh-keygen: no result within ${timeoutMs / 1000} s`, { cause: error });
  return new Error(stderr.trim() || error.message, { cause: error });
}
