import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { type Clock, FluxError, messageOf, withDeadline } from '../../base/index.ts';

export interface GpgAgentOptions {
  /** Absolute paths. */
  readonly program: string;
  readonly cat: string;
  /** Home directory of gpg. */
  readonly home: string;
  /** The agent's socket, as gpg expects it. */
  readonly socket: string;
  readonly clock: Clock;
}

/** Limit of a socket's path on Linux, in bytes. */
const LONGEST_SOCKET = 107;
const PATIENCE_MS = 10_000;
const LOOK_MS = 10;

export type GpgAgent = ReturnType<typeof createGpgAgent>;

/**
 * The agent that holds the private keys. gpg-agent ends when the command that it was started with ends, which is a `cat` that reads from
 * a pipe of ours: when fluxd dies, even by `kill -9`, the pipe closes, `cat` ends, and so does the agent, within seconds.
 */
export function createGpgAgent({ program, cat, home, socket, clock }: GpgAgentOptions) {
  let lifeline: ChildProcess | undefined;
  let starting: Promise<void> | undefined;

  async function start(): Promise<void> {
    if (Buffer.byteLength(socket) > LONGEST_SOCKET)
      throw failed(`the path of its socket is longer than ${LONGEST_SOCKET} bytes: ${socket}`);
    lifeline?.stdin?.destroy();
    const options = ['--no-allow-external-cache', '--no-allow-loopback-pinentry', '--disable-scdaemon'];
    const args = ['--homedir', home, ...options, '--pinentry-program', join(home, 'no-pinentry'), '--daemon', '--', cat];
    const log = join(home, 'gpg-agent.log');
    const output = await open(log, 'w', 0o600);
    let failure: unknown;
    const child = spawn(program, args, {
      cwd: home,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: home, GNUPGHOME: home },
      stdio: ['pipe', 'ignore', output.fd],
      // Ctrl-C of a terminal must not end it before fluxd has recorded its last sync.
      detached: true,
    });
    lifeline = child;
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => {
      failure = error;
    });
    await output.close();
    using deadline = withDeadline(PATIENCE_MS);
    while (!(await answers())) {
      const isOver = failure !== undefined || child.exitCode !== null || child.signalCode !== null;
      if (isOver || deadline.signal.aborted)
        throw failed(failure === undefined ? (await readFile(log, 'utf8')).trim().slice(-500) : messageOf(failure));
      await clock.sleep(LOOK_MS);
    }
  }

  /** Whether something listens at the socket. */
  function answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const connection = createConnection(socket, () => {
        connection.destroy();
        resolve(true);
      });
      connection.on('error', () => resolve(false));
    });
  }

  return {
    /** Starts the agent unless it answers. */
    async ensure(): Promise<void> {
      if (await answers()) return;
      starting ??= start().finally(() => {
        starting = undefined;
      });
      await starting;
    },

    /** Ends the agent at once. */
    async stop(): Promise<void> {
      const child = lifeline;
      if (!child) return;
      lifeline = undefined;
      await killAgent(socket);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin?.end();
      await exited;
    },
  };
}

/** By its protocol, Assuan: it answers OK, and ends. */
function killAgent(socket: string): Promise<void> {
  return new Promise((resolve) => {
    const deadline = withDeadline(PATIENCE_MS);
    const connection = createConnection(socket, () => connection.end('KILLAGENT\n'));
    deadline.signal.addEventListener('abort', () => connection.destroy());
    connection.resume();
    // It is not running.
    connection.on('error', () => undefined);
    connection.on('close', () => {
      deadline[Symbol.dispose]();
      resolve();
    });
  });
}

function failed(why: string): FluxError {
  return new FluxError(`gpg-agent cannot be started: ${why}`, {
    code: 'git/gpg-agent',
    help: 'The private keys are below /dev/shm, or below TMPDIR where that cannot be used; the path must be short, and on a volume that allows sockets.',
  });
}
