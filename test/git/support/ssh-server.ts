import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { havePart } from '../../support/part.ts';
import { until } from '../../support/until.ts';
import { run, temporaryDirectory } from './repository.ts';

const SSHD = '/usr/sbin/sshd';

/** Whether SSH can be tried here. */
export function haveSshd(): boolean {
  return havePart('sshd', existsSync(SSHD));
}

export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Private key that may log in. */
  readonly identityFile: string;
  readonly publicKey: string;
  /** From now on these keys and no others may log in. */
  authorize(...publicKeys: readonly string[]): void;
  /** Lists the server's host key. */
  readonly knownHostsFile: string;
}

/** A real sshd on a free port with fresh keys; `command` replaces what a client asks to run. */
export async function startSshd({ command }: { readonly command?: string } = {}): Promise<SshServer> {
  const directory = temporaryDirectory();
  const [hostKey, identityFile] = [join(directory, 'host'), join(directory, 'id')];
  for (const file of [hostKey, identityFile])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
  const publicKey = readFileSync(`${identityFile}.pub`, 'utf8');
  const authorize = (...publicKeys: readonly string[]) =>
    writeFileSync(
      join(directory, 'authorized'),
      publicKeys.map((key) => `${command === undefined ? '' : `command="${command}" `}${key.trim()}\n`).join(''),
      { mode: 0o600 },
    );
  authorize(publicKey);
  const config = join(directory, 'config');
  writeFileSync(
    config,
    [
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${join(directory, 'authorized')}`,
      `PidFile ${join(directory, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      // The shell reads no start files of the developer, which may take a second, nor git a configuration.
      `SetEnv HOME=${directory}`,
      '',
    ].join('\n'),
  );
  if (userInfo().uid === 0 && !existsSync('/run/sshd')) await run('mkdir', ['-p', '/run/sshd']);
  const port = await listen(config);
  const knownHostsFile = join(directory, 'known hosts');
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, 'utf8')}`);
  return { port, user: userInfo().username, identityFile, publicKey, authorize, knownHostsFile };
}

/** Starts it until the test ends. */
async function listen(config: string): Promise<number> {
  const port = await freePort();
  const server = spawn(SSHD, ['-D', '-e', '-f', config, '-p', `${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => {
    server.kill('SIGKILL');
  });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = () => server.exitCode !== null;
  await until('sshd listens', async () => ended() || (await canConnect(port)));
  if (ended()) throw new Error(`sshd ended with ${server.exitCode}: ${said}`);
  return port;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
