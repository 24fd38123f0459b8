import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Clock, type FluxError, messageOf } from '../../base/index.ts';
import { jsonObjectIn } from '../parsed-json.ts';
import { type Credential, createStoredCredential } from './credential.ts';
import { noCredential } from './no-credential.ts';

/** The only directory whose programs run as credential helpers: not PATH, and not what a Docker config says. */
export const HELPER_DIRECTORY = '/usr/local/lib/fluxd/credential-helpers';

const HELP = `Mount the program named by --docker-config into ${HELPER_DIRECTORY}, executable by the user of fluxd, and try it there: echo HOST | docker-credential-NAME get`;

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 65_536;
/** What a helper may need to find its files and the network. It gets no other variable: some hold tokens of fluxd. */
const VARIABLES: readonly string[] = [
  'HOME',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];
/** The address of Docker Hub in credential stores. */
const HUB_ADDRESS = 'https://index.docker.io/v1/';

export interface HelperOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

/**
 * Asks a Docker credential helper for a host's credential. Undefined if it has none. Of its output nothing is quoted: it may be a secret.
 * @param name Validated by the parser of the Docker config.
 * @throws FluxError `registry/no-credential`
 */
export async function askHelper(name: string, host: string, options: HelperOptions): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  const address = host === 'index.docker.io' ? HUB_ADDRESS : host;
  const { exit, output } = await run(join(options.directory, program), address, options);
  if (exit !== 0) {
    // The text by which the protocol says that there is none.
    if (output.trim() === 'credentials not found in native keychain') return undefined;
    throw failed(`${program} ended with ${typeof exit === 'number' ? `exit code ${exit}` : exit}`);
  }
  const { Username: username, Secret: secret } = jsonObjectIn(output) ?? {};
  if (typeof username !== 'string' || typeof secret !== 'string' || username === '' || secret === '')
    throw failed(`${program} returned no user name and secret`);
  return createStoredCredential(host, username, secret, program);
}

interface Ended {
  readonly exit: number | NodeJS.Signals;
  readonly output: string;
}

/** Runs a program without a shell. It and its children are killed at the deadline, or when they write too much. */
async function run(path: string, input: string, options: HelperOptions): Promise<Ended> {
  const { environment, clock, timeoutMs = TIMEOUT_MS } = options;
  const env = Object.fromEntries(VARIABLES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
  using deadline = clock.deadline(timeoutMs);
  return await new Promise((resolve, reject) => {
    const child = start(path, { env, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    child.on('error', (error) => reject(failed(`${path}: ${messageOf(error)}`, error)));
    const { stdin, stdout } = child;
    // Without a free file descriptor Node makes no streams, and says why by that event.
    if (!stdin || !stdout) return;
    let output = '';
    const end = (reason: string) => {
      if (child.pid !== undefined) killGroup(child.pid);
      stdout.destroy();
      reject(failed(`${path} ${reason}`));
    };
    deadline.signal.addEventListener('abort', () => end(`did not end within ${timeoutMs / 1000} s`), { once: true });
    stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.length > MAX_OUTPUT_BYTES) end(`wrote more than ${MAX_OUTPUT_BYTES} bytes`);
    });
    child.on('close', (code, signal) => resolve({ exit: code ?? signal ?? 'SIGKILL', output }));
    // A program that reads nothing and ends closes the pipe.
    stdin.on('error', () => undefined);
    stdin.end(input);
  });
}

/** @throws FluxError `registry/no-credential`, as without memory */
function start(path: string, options: SpawnOptions): ChildProcess {
  try {
    return spawn(path, ['get'], options);
  } catch (error) {
    throw failed(`${path}: ${messageOf(error)}`, error);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function failed(message: string, cause?: unknown): FluxError {
  return noCredential(message, HELP, cause);
}
