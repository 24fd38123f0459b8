import { mkdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Cancellable, FluxError, messageOf, withDeadline } from '../../base/index.ts';
import type { GitCredential } from './git-credential.ts';

/** Size limit of git's request, which has a few hundred bytes. */
const MAX_QUESTION = 8 << 10;
const PATIENCE_MS = 5_000;

export type CredentialSocket = ReturnType<typeof createCredentialSocket>;

/**
 * Passes a user and password to git without arguments, environment variables or files: a socket that only our user can open acts as
 * the daemon of `git credential-cache`, git's own helper. It returns credentials only for its own scheme, host and port, and stores
 * nothing that git sends.
 */
export function createCredentialSocket(path: string, credential: GitCredential) {
  let server: Server | undefined;
  /** Identity of the socket file, which may have been replaced. */
  let file: bigint | undefined;

  async function answer(question: string, cancel: Cancellable): Promise<string> {
    const fields = new Map(
      question.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const isOurs = `${fields.get('protocol')}://${fields.get('host')}` === credential.origin;
    if (fields.get('action') !== 'get' || !isOurs) return '';
    const { username, password } = await credential.current(cancel);
    return `username=${username}\npassword=${password.reveal()}\n`;
  }

  function serve(socket: Socket): void {
    let question = '';
    const deadline = withDeadline(PATIENCE_MS);
    deadline.signal.addEventListener('abort', () => socket.destroy());
    socket.on('close', () => deadline[Symbol.dispose]());
    // A killed git process does not wait for the response.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      question += chunk.toString('utf8');
      if (question.length > MAX_QUESTION) socket.destroy();
    });
    socket.on('end', () => {
      answer(question, deadline).then(
        (text) => socket.end(text),
        // Git then says that it got no password.
        () => socket.destroy(),
      );
    });
  }

  async function listen(): Promise<void> {
    if (server?.listening && file !== undefined && (await inodeOf(path)) === file) return;
    server?.close();
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    const fresh = createServer({ allowHalfOpen: true }, serve).unref();
    await new Promise<void>((resolve, reject) => {
      // Keeps listening: a connection that could not be accepted (EMFILE) is a server error, too, which git reports.
      fresh.on('error', reject);
      fresh.listen(path, resolve);
    });
    server = fresh;
    file = await inodeOf(path);
  }

  return {
    path,

    /** Ensures that the socket listens, also after its file was removed or replaced. */
    open: (): Promise<void> =>
      listen().catch((error: unknown) => {
        throw new FluxError(`socket for the Git password: ${messageOf(error)}`, {
          code: 'git/disk',
          help: 'The socket is beside the mirror of the repository, whose path must be shorter than 100 characters (TMPDIR).',
          cause: error,
        });
      }),

    close(): void {
      server?.close();
    },
  };
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
