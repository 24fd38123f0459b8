import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { onTestFinished } from 'vitest';
import { silentLogger, systemClock } from '../../../../src/base/index.ts';
import type { KeyService } from '../../../../src/manifests/decryption/key-services.ts';
import type { SopsProgram } from '../../../../src/manifests/decryption/sops-program.ts';
import { createSopsDecrypter, ManifestThread } from '../../../../src/manifests/index.ts';
import { createSops } from '../../../../src/sandbox/index.ts';

export const SOPS = process.env.TEST_SOPS ?? '';

/** A key of age. */
export async function ageKey() {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Encrypts or decrypts by the program itself. @throws if it fails */
export function runSops(
  args: readonly string[],
  input: string | Buffer,
  environment: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...environment }, encoding: 'buffer' as const };
    const child = execFile(SOPS, args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    // It ends without reading where it refuses its arguments.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Encrypts a text as the format of the name. */
export function encrypt(path: string, input: string | Buffer, ...args: readonly string[]): Promise<Buffer> {
  return runSops(['encrypt', '--filename-override', path, ...args], input);
}

interface Options {
  readonly identities?: readonly (readonly [recipient: string, identity: string])[];
  readonly services?: readonly KeyService[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly gpg?: { readonly home: string; readonly fingerprint: string };
  readonly timeoutMs?: number;
}

/** A decrypter with the real sops, which counts its runs. */
export async function open({ identities = [], services = [], environment = {}, gpg, timeoutMs = 60_000 }: Options = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'sops-'));
  const program = createSops({
    program: SOPS,
    directory,
    memoryDirectory: directory,
    gpg: gpg && { program: '/usr/bin/gpg', home: gpg.home },
    environment,
    clock: systemClock,
    logger: silentLogger(),
  });
  onTestFinished(async () => {
    await program.close();
    await rm(directory, { recursive: true, force: true });
  });
  const given: string[] = [];
  const counted: SopsProgram = {
    decrypt(content, ...rest) {
      given.push(content.toString());
      return program.decrypt(content, ...rest);
    },
  };
  const decrypter = createSopsDecrypter({
    program: counted,
    ageKeys: async () => ({ identities: new Map(identities), problems: [] }),
    pgpKeys: async () => (gpg ? [gpg.fingerprint] : []),
    services,
    timeoutMs,
    clock: systemClock,
    thread: new ManifestThread(),
  });
  return {
    /** What sops was given. */
    given,
    decrypter,
    /** Of a run, while it is in a folder of this decrypter. */
    running: () => processesBelow(directory),
    decrypt: (path: string, content: Buffer | string) => decrypter.decrypt({ path, content: Buffer.from(content) }, {}),
  };
}

/** The processes of sops whose current folder is below this one. */
async function processesBelow(directory: string): Promise<readonly number[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    processes.map(async (pid) => {
      // It may have ended since.
      const [cwd, exe] = await Promise.all(['cwd', 'exe'].map((name) => readlink(`/proc/${pid}/${name}`).catch(() => '')));
      return cwd?.startsWith(`${directory}/`) && exe === SOPS ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** A new home of gpg with one key that has no passphrase. */
export async function gpgHome(): Promise<{ readonly home: string; readonly fingerprint: string }> {
  const home = await mkdtemp('/tmp/gpg-');
  const gpg = (...args: readonly string[]) =>
    execFileSync('/usr/bin/gpg', ['--homedir', home, '--batch', '--quiet', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  onTestFinished(async () => {
    execFileSync('/usr/bin/gpgconf', ['--homedir', home, '--kill', 'all']);
    await rm(home, { recursive: true, force: true });
  });
  gpg('--passphrase', '', '--quick-generate-key', 'flux <flux@example.org>', 'default', 'default', 'never');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-secret-keys'))?.[1] ?? '';
  return { home, fingerprint };
}
