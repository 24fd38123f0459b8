import { join } from 'node:path';
import { chooseCredential } from './credentials/choose.ts';
import { createCredentialSocket } from './credentials/credential-socket.ts';
import { gitEnvironment, sshCommand } from './environment.ts';
import type { CheckedOptions, SourceOptions } from './source-options.ts';

/** How git reaches the remote: its environment, the credential for http(s), and the ssh command with keys. */
export function createRemoteAccess(options: SourceOptions, remote: CheckedOptions['remote']) {
  const { authentication, tls, directory, clock, log } = options;
  const { knownHostsFile } = options.ssh;
  const ssh = knownHostsFile === undefined ? {} : { knownHostsFile };
  const credential =
    remote &&
    chooseCredential({
      remote,
      ...(authentication ? { authentication } : {}),
      ...(tls?.caFile === undefined ? {} : { caFile: tls.caFile }),
      environment: options.environment,
      clock,
      log,
    });
  const socket = credential?.type === 'basic' ? createCredentialSocket(join(directory, 'credentials'), credential) : undefined;
  const environment = gitEnvironment({
    inherited: options.environment,
    ...(options.asPerson ? { asPerson: true } : {}),
    ssh,
    ...(remote ? { remote } : {}),
    ...(credential && socket ? { credentials: { origin: credential.origin, socket: socket.path } } : {}),
    ...(options.signatures ? { signatures: options.signatures.environment } : {}),
    ...(tls ? { tls } : {}),
  });
  return {
    environment,
    credential,
    /** Answers git's requests for the credential; opened before git runs. */
    socket,
    sshCommandWith: (identityFiles: readonly string[]): string => sshCommand({ identityFiles, ...ssh }),
  };
}
