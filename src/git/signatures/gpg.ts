import { execFile } from 'node:child_process';
import { messageOf } from '../../base/index.ts';

/** The result of a finished gpg process. */
export interface GpgOutput {
  readonly ok: boolean;
  readonly stdout: string;
  /** What gpg says, in one line. */
  readonly said: string;
}

/** Time and output limits of one gpg process. */
const TIMEOUT_MS = 30_000;
const MAX_BYTES = 16 << 20;

/**
 * Configuration of gpg for its home directory, which also holds when git runs gpg: no prompts, no network, and no other agent than the
 * one that fluxd supervises.
 */
export const GPG_CONF = [
  'batch',
  'no-tty',
  'no-greeting',
  'no-autostart',
  'disable-dirmngr',
  'no-auto-key-retrieve',
  'no-auto-key-locate',
  '',
].join('\n');

export type Gpg = ReturnType<typeof createGpg>;

/** All gpg commands of the product, one function each. Nothing of the daemon's environment reaches gpg. */
export function createGpg(program: string, home: string) {
  function run(args: readonly string[], input = ''): Promise<GpgOutput> {
    return new Promise((resolve) => {
      const child = execFile(
        program,
        ['--homedir', home, '--batch', '--no-tty', '--no-autostart', '--disable-dirmngr', ...args],
        {
          cwd: home,
          env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: home, GNUPGHOME: home },
          timeout: TIMEOUT_MS,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_BYTES,
        },
        (error, stdout, stderr) =>
          resolve({ ok: error === null, stdout, said: oneLine(stderr) || (error === null ? '' : messageOf(error)) }),
      );
      // gpg may end before it has read everything; its exit code says so.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  return {
    program,
    home,
    importFile: (file: string) => run(['--quiet', '--import', '--', file]),
    /** In the format of `--with-colons`. */
    listKeys: () => run(['--with-colons', '--fixed-list-mode', '--list-keys']),
    listAllSecretKeys: () => run(['--with-colons', '--fixed-list-mode', '--with-subkey-fingerprint', '--list-secret-keys']),
    listSecretKeys: (key: string) => run(['--with-colons', '--fixed-list-mode', '--list-secret-keys', '--', key]),
    setTrust: (lines: string) => run(['--quiet', '--import-ownertrust'], lines),
    /** Signs an empty text, to learn whether the key can sign. To standard output: gpg removes the file of a failed signature. */
    trySigning: (key: string) => run(['--quiet', '--local-user', key, '--armor', '--detach-sign', '--output', '-']),
  };
}

function oneLine(stderr: string): string {
  return stderr
    .split('\n')
    .map((line) => line.replace(/^gpg: /, '').trim())
    .filter((line) => line !== '')
    .join('; ')
    .slice(0, 1000);
}
