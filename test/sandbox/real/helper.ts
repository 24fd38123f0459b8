import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { type CommandRunner, createContainerRunner, createNetworkRunner, type RunLimits } from '../../../src/sandbox/index.ts';
import { certificate } from '../../support/certificate.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

/** The folder of the built programs; test/sandbox/real/run.sh makes it. */
export const BUILT = process.env.TEST_SANDBOX ?? '';

export const USER = 10_002;
/** Of a command; the folder for files in memory has twice as much. */
export const MEMORY = 128 * 1024 ** 2;

export interface Sandbox {
  readonly runner: CommandRunner;
  /** Of a helper with network. */
  readonly port: number;
  /** Its folder, as fluxd reads it. */
  readonly identity: string;
  /** The process id of the helper, outside. */
  readonly pid: number;
  /** The folder of the socket, and for what a test plants. */
  readonly folder: string;
  /** Where its /proc is, outside. */
  readonly proc: string;
  /** The helper's log. */
  log(): string;
  /** Runs a program beside the helper, in its namespaces, as a user, not confined. */
  beside(user: number, args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  /** Ids of processes in its namespace, as they are there; without the helper. */
  others(): Promise<readonly number[]>;
  /** Kills the processes in its namespace whose command line has this text, from outside. */
  kill(text: string): Promise<void>;
  /** Ends the helper; first fluxd's side of the connection, unless the helper is to be killed. */
  stop(how?: 'killed'): Promise<void>;
}

/** Ports on the loopback address which no NetworkPolicy would let commands reach. */
export interface Network {
  readonly apiServerPort: number;
  /** In place of that of a metadata service. */
  readonly closedPort: number;
}

/** Those that nothing listens on. */
export const CLOSED: Network = { apiServerPort: 1, closedPort: 1 };

/** The secret stands before the key. */
async function writeIdentity(folder: string, secret: string): Promise<void> {
  const { cert, key } = certificate();
  await mkdir(folder);
  await writeFile(join(folder, 'tls.crt'), cert);
  await writeFile(join(folder, 'tls.key'), `${secret}\n${key}`);
}

/** Starts the helper as a container does: process 1 of its namespace, as its own user, with a folder in memory. */
export async function startSandbox(
  limits: RunLimits,
  { secret = 'none', network }: { readonly secret?: string; readonly network?: Network } = {},
): Promise<Sandbox> {
  const folder = await mkdtemp(join(BUILT, 'run-'));
  await promisify(execFile)('chmod', ['755', folder]);
  const socket = join(folder, 'socket');
  const identity = join(folder, 'identity');
  const common = { clock: systemClock, logger: silentLogger(), limits };
  const port = await freePort();
  if (network) await writeIdentity(identity, secret);
  const runner = network
    ? createNetworkRunner({ ...common, host: '127.0.0.1', port, identity })
    : await createContainerRunner({ ...common, socket, required: true });
  const connection = network
    ? `--listen=127.0.0.1:${port} --identity=/mnt/identity --closed=127.0.0.1:${network.closedPort}`
    : `--socket=${socket}`;
  const script = [
    `mount -t tmpfs -o size=${2 * MEMORY},mode=1777 tmpfs /tmp`,
    // As a token of a service account is mounted.
    'mount -t tmpfs -o size=1m tmpfs /mnt && echo "$1" >/mnt/token',
    ...(network ? [`cp -r ${identity} /mnt && chown -R ${USER} /mnt/identity && chmod 0700 ${identity}`] : []),
    `exec setpriv --reuid ${USER} --regid ${USER} --clear-groups --bounding-set -all "$0" ${connection} --memory=${MEMORY}`,
  ].join(' && ');
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', script, join(BUILT, 'flux-sandbox'), secret],
    {
      env: {
        PATH: process.env.PATH ?? '',
        HELPER_SECRET: secret,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(network?.apiServerPort ?? 1),
      },
      stdio: ['ignore', 'inherit', 'pipe'],
    },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const isThere = () => runner.layers().kind === 'container' || /connection to fluxd ended/.test(log);
  await until('the helper connects', isThere, 30_000);
  const [pid] = await childrenOf(child.pid ?? 0);
  if (pid === undefined) throw new Error(`the helper did not start: ${log}`);
  const proc = `/proc/${pid}/root/proc`;
  return {
    runner,
    port,
    identity,
    pid,
    folder,
    log: () => log,
    beside: (user, args, env = {}) =>
      spawn(
        'nsenter',
        ['-t', String(pid), '-p', '-m', 'setpriv', '--reuid', String(user), '--regid', String(user), '--clear-groups', ...args],
        {
          env: { PATH: '/usr/bin:/bin', ...env },
          cwd: '/',
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      ),
    proc,
    others: async () => (await readdir(proc)).filter((name) => /^\d+$/.test(name) && name !== '1').map(Number),
    kill: async (text) => {
      const namespace = await readlink(`/proc/${pid}/ns/pid`);
      for (const each of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(pid))) {
        // Either is missing of one that has ended meanwhile.
        const where = await readlink(`/proc/${each}/ns/pid`).catch(() => '');
        const command = await readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '');
        if (where !== namespace || !command.includes(text)) continue;
        await promisify(execFile)('kill', ['-KILL', each]).catch(() => undefined);
      }
    },
    stop: async (how) => {
      if (how !== 'killed') await runner.close();
      process.kill(pid, 'SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await runner.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}
