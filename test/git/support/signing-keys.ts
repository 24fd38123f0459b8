import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { havePart } from '../../support/part.ts';

/** Whether signatures can be tried here. */
export function haveSigners(): boolean {
  return havePart('gpg, gpg-agent and ssh-keygen', ['gpg', 'gpg-agent', 'gpgconf', 'ssh-keygen'].every(isInstalled));
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

/** A GPG key in files, made once for all tests of a process. */
export interface GpgKey {
  readonly fingerprint: string;
  /** Exported keys. */
  readonly publicFile: string;
  readonly privateFile: string;
}

export interface SshKey {
  readonly privateFile: string;
  /** Type and key, as in allowed_signers. */
  readonly publicKey: string;
}

let directory: string | undefined;
function keyDirectory(): string {
  if (directory !== undefined) return directory;
  const made = mkdtempSync(join(tmpdir(), 'flux-keys-'));
  directory = made;
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  mkdirSync(join(made, 'gnupg'), { mode: 0o700 });
  startAgent(join(made, 'gnupg'));
  return made;
}

/** An agent that ends with this process, even if it is killed: with the `cat` that reads from it. */
function startAgent(home: string): void {
  const socket = execFileSync('gpgconf', ['--homedir', home, '--list-dirs', 'agent-socket'], { encoding: 'utf8' }).trim();
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  spawn('gpg-agent', ['--homedir', home, '--daemon', '--', 'cat'], { stdio: [...stdio] }).unref();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let n = 0; n < 1_000 && !existsSync(socket); n += 1) Atomics.wait(clock, 0, 0, 10);
}

/** Runs gpg on the keyring that has all keys of the tests. */
export function gpg(args: readonly string[], input = ''): string {
  const home = join(keyDirectory(), 'gnupg');
  return execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

/** The home directory of gpg with all keys of the tests. */
export function gpgHome(): string {
  return join(keyDirectory(), 'gnupg');
}

const gpgKeys = new Map<string, GpgKey>();

/** `passphrase` is of the exported private key; `expires` as gpg writes it, `madeAt` as `20200101T000000`. */
export function gpgKey(
  name: string,
  { passphrase = '', expires = 'never', madeAt }: { passphrase?: string; expires?: string; madeAt?: string } = {},
): GpgKey {
  const known = gpgKeys.get(name);
  if (known) return known;
  const email = `${name}@example.org`;
  const time = madeAt === undefined ? [] : ['--faked-system-time', madeAt];
  gpg([...time, '--passphrase', passphrase, '--quick-generate-key', `${name} <${email}>`, 'ed25519', 'sign', expires]);
  const listing = gpg(['--with-colons', '--list-keys', email]);
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listing)?.[1] ?? '';
  const [publicFile, privateFile] = [join(keyDirectory(), `${name}.pub.asc`), join(keyDirectory(), `${name}.asc`)];
  writeFileSync(publicFile, gpg(['--armor', '--export', fingerprint]));
  writeFileSync(privateFile, gpg(['--armor', '--passphrase', passphrase, '--export-secret-keys', fingerprint]));
  const key = { fingerprint, publicFile, privateFile };
  gpgKeys.set(name, key);
  return key;
}

const sshKeys = new Map<string, SshKey>();

export function sshKey(name: string, { passphrase = '' }: { passphrase?: string } = {}): SshKey {
  const known = sshKeys.get(name);
  if (known) return known;
  const privateFile = join(keyDirectory(), `${name}-ssh`);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', privateFile]);
  const [type, text] = readFileSync(`${privateFile}.pub`, 'utf8').split(' ');
  const key = { privateFile, publicKey: `${type} ${text}` };
  sshKeys.set(name, key);
  return key;
}

/** The public part of a key with its revocation, in a file. */
export function revocationOf({ fingerprint, publicFile }: GpgKey): string {
  const file = join(keyDirectory(), `${fingerprint}.revoked.asc`);
  const certificate = readFileSync(join(keyDirectory(), 'gnupg/openpgp-revocs.d', `${fingerprint}.rev`), 'utf8');
  writeFileSync(file, `${readFileSync(publicFile, 'utf8')}\n${certificate.replace(/^:---/m, '---')}`);
  return file;
}
