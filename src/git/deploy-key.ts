import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { FluxError } from '../base/index.ts';
import { gitEnvironment } from './environment.ts';
import { checkFile } from './names.ts';
import { parseGitUrl } from './url.ts';

export interface DeployKeyOptions {
  readonly url: string;
  readonly identityFile?: string;
  /** The daemon's own environment, of which only a part is passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/**
 * The public deploy key as an OpenSSH line, for `fluxctl identity`; empty for http(s), which uses no key, and without a key file.
 * @throws FluxError `git/deploy-key` if the file exists but is not a usable private key
 */
export async function deployKey({ url, identityFile, environment, timeoutMs }: DeployKeyOptions): Promise<string> {
  checkFile('SSH identity file', identityFile);
  const scheme = parseGitUrl(url)?.scheme;
  if (identityFile === undefined || scheme === 'http' || scheme === 'https') return '';
  const found = await stat(identityFile).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw keyError(identityFile, error.message, error);
  });
  if (!found) return '';
  return new Promise((resolve, reject) => {
    // An empty passphrase, so that an encrypted key fails instead of prompting.
    const args = ['-y', '-P', '', '-f', identityFile];
    const env = { ...gitEnvironment({ inherited: environment, ssh: {} }) };
    execFile('ssh-keygen', args, { env, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      error ? reject(keyError(identityFile, stderr.trim() || error.message, error)) : resolve(stdout),
    );
  });
}

function keyError(file: string, why: string, cause: unknown): FluxError {
  return new FluxError(`deploy key ${file}: ${why}`, {
    code: 'git/deploy-key',
    help: 'The file must be a private key without passphrase that only its owner can read (mode 0400).',
    cause,
  });
}
