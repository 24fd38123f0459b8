import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../../support/until.ts';
import { freePort } from './fluxd.ts';
import { runOk, start } from './process.ts';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => existsSync(file));

/** Why SSH cannot be tested here, or undefined when it can. REQUIRE_ALL makes its lack a failure. */
export const sshMissing =
  SSHD === undefined && !process.env.REQUIRE_ALL ? 'sshd is not installed (package openssh-server)' : undefined;

export interface SshServer {
  /** `ssh://user@127.0.0.1:port`; an absolute path follows. */
  readonly url: string;
  /** Holds `identity` and `known_hosts`, as the deploy key's Secret is mounted. */
  readonly secret: string;
}

/** A private sshd on loopback that lets the current user in with one key. */
export async function serveGitOverSsh(): Promise<SshServer> {
  if (SSHD === undefined) throw new Error('sshd is not installed (package openssh-server)');
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-ssh-'));
  const [hostKey, secret] = [join(directory, 'host_key'), join(directory, 'secret')];
  const identity = join(secret, 'identity');
  mkdirSync(secret);
  for (const file of [hostKey, identity]) await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  const port = await freePort();
  writeFileSync(join(secret, 'known_hosts'), `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, 'utf8')}`);
  const config = join(directory, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${identity}.pub`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      '',
    ].join('\n'),
  );
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true }); // where it drops its privileges
  const server = start(SSHD, ['-D', '-e', '-f', config]);
  onTestFinished(async () => {
    server.kill('SIGKILL');
    await server.exited;
    rmSync(directory, { recursive: true, force: true });
  });
  await until('sshd listens', () => {
    if (!server.running()) throw new Error(`sshd ended:\n${server.output()}`);
    return connects(port);
  });
  return { url: `ssh://${userInfo().username}@127.0.0.1:${port}`, secret };
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
