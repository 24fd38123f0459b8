import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpTransport, type HttpTransport } from '../../src/base/index.ts';
import {
  type GitServer,
  type Kubernetes,
  type Registry,
  runFrom,
  startGitServer,
  startKubernetes,
  startRegistry,
} from '../../src/sim/index.ts';
import { mustRun } from './process.ts';

const root = join(import.meta.dirname, '../..');
const PLACEHOLDER = 'registry.example.com';

/** The demo's environment: the embedded servers, a clone of the repository, and the real fluxd as a separate process. */
export interface World {
  /** Temporary file for a program's output. */
  readonly outputFile: string;
  readonly kubernetes: Kubernetes;
  readonly registry: Registry;
  readonly repositoryUrl: string;
  /** The user's clone. */
  readonly clone: string;
  readonly kubeconfig: string;
  /** Base URL of the daemon's API, for fluxctl's --url. */
  readonly api: string;
  readonly daemonLog: string;
  /** Reads an object from the embedded API; undefined if it does not exist. */
  get(path: string): Promise<KubernetesObject | undefined>;
  /** Changes an object as `kubectl edit` would. */
  edit(path: string, patch: unknown): Promise<void>;
  stop(): Promise<void>;
}

export interface KubernetesObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: { readonly readyReplicas?: number; readonly updatedReplicas?: number };
  readonly data?: Readonly<Record<string, string>>;
}

export async function startWorld(): Promise<World> {
  const fluxd = join(root, 'dist/fluxd.js');
  if (!existsSync(fluxd)) throw new Error('dist/fluxd.js is not built; run `npm ci` or `npm run build` first');
  const directory = await mkdtemp(join(tmpdir(), 'flux-demo-'));
  const registry = await startRegistry();
  const [kubernetes, git] = await Promise.all([
    startKubernetes({ runOf: runFrom(registry), pods: 'all' }),
    startGitServer({ directory: join(directory, 'git') }),
  ]);
  publishImages(registry);
  await git.createRepository('sample', await sampleFiles(registry.host));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubernetes.kubeconfig(), { mode: 0o600 });
  const clone = join(directory, 'clone');
  const outputFile = join(directory, 'output');
  await mustRun('git', ['clone', '--quiet', git.url('sample'), clone], { outputFile });
  for (const [key, value] of [
    ['user.name', 'Ann'],
    ['user.email', 'ann@example.com'],
  ] as const)
    await mustRun('git', ['config', key, value], { cwd: clone, outputFile });

  const port = await freePort();
  const daemonLog = join(directory, 'fluxd.log');
  const daemon = startDaemon(fluxd, daemonLog, [
    `--git-url=${git.url('sample')}`,
    '--git-branch=main',
    '--git-poll-interval=2s',
    '--automation-interval=2s',
    '--automation-gather=0s',
    '--automation-revert-deadline=2s',
    '--sync-garbage-collection',
    '--ui=full',
    `--registry-insecure-host=${registry.host}`,
    `--kube-config=${kubeconfig}`,
    `--listen=127.0.0.1:${port}`,
  ]);
  const http = createHttpTransport();
  const ask = askKubernetes(http, kubernetes);
  return {
    outputFile,
    kubernetes,
    registry,
    repositoryUrl: git.url('sample'),
    clone,
    kubeconfig,
    api: `http://127.0.0.1:${port}/api/flux`,
    daemonLog,
    async get(path) {
      const { status, body } = await ask('GET', path);
      return status === 200 ? (JSON.parse(body) as KubernetesObject) : undefined;
    },
    async edit(path, patch) {
      const { status, body } = await ask('PATCH', `${path}?fieldManager=kubectl-edit`, JSON.stringify(patch));
      if (status !== 200) throw new Error(`PATCH ${path} failed with status ${status}: ${body}`);
    },
    async stop() {
      await stopAll(daemon, http, kubernetes, registry, git);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The images that the sample uses, built last week. */
function publishImages(registry: Registry): void {
  for (const [repository, tag] of [
    ['shop/cart', '1.2.0'],
    ['shop/payments', '3.0.1'],
    ['shop/payments', '3.1.0'],
    ['blog/blog', 'main-4f1c2aa'],
  ] as const) {
    registry.pushImage({ repository, tag, created: new Date(Date.now() - 7 * 24 * 3_600_000) });
  }
}

async function sampleFiles(registryHost: string): Promise<Record<string, string>> {
  const base = join(root, 'examples/demo');
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.map(
      async (file) =>
        [file.slice(base.length + 1), (await readFile(file, 'utf8')).replaceAll(PLACEHOLDER, registryHost)] as const,
    ),
  );
  return Object.fromEntries(texts);
}

function startDaemon(script: string, logFile: string, args: readonly string[]): ChildProcess {
  const daemon = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile);
  daemon.stdout?.pipe(log, { end: false });
  daemon.stderr?.pipe(log, { end: false });
  return daemon;
}

function askKubernetes(http: HttpTransport, { url, token, certificateAuthority }: Kubernetes) {
  return async (method: string, path: string, body?: string) => {
    const answer = await http.request({
      method,
      url: `${url}${path}`,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
      },
      ...(body === undefined ? {} : { body }),
      tls: { ca: certificateAuthority },
    });
    return { status: answer.status, body: answer.body.toString('utf8') };
  };
}

async function stopAll(
  daemon: ChildProcess,
  http: HttpTransport,
  kubernetes: Kubernetes,
  registry: Registry,
  git: GitServer,
): Promise<void> {
  const gone = new Promise((resolve) => daemon.once('close', resolve));
  if (daemon.exitCode === null) {
    daemon.kill('SIGTERM');
    await gone;
  }
  http.close();
  await Promise.all([kubernetes.stop(), registry.stop(), git.stop()]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
