import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SyncReportWire, syncReportSchema } from '../../../src/api/wire/index.ts';
import { freePort } from '../../support/free-port.ts';
import type { Account } from './account.ts';
import { type ApiProxy, startApiProxy } from './api-proxy.ts';
import { builtCommands } from './build.ts';
import type { Endpoint } from './kube-client.ts';
import { type Finished, run, start } from './process.ts';
import { until } from './until.ts';

export interface FluxdOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Waits until the API answers; off for daemons that are expected to fail or to be killed. On by default. */
  readonly wait?: boolean;
  /** Who it is to the API server; otherwise somebody who may do everything. */
  readonly account?: Account;
  /** As whose pod it runs; otherwise it is no pod of the cluster. */
  readonly pod?: Pod;
}

/** What the token of a pod's service account names. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
}

/** A running daemon, its API and its own proxy to the cluster. A daemon that was killed can be started again in its place. */
export interface Fluxd {
  readonly proxy: ApiProxy;
  readonly pid: number;
  /** For `fluxctl --url` and for requests. */
  readonly url: string;
  /** All that it wrote so far, over restarts. */
  log(): string;
  running(): boolean;
  /** As power loss does: no warning, children survive. */
  kill(): Promise<void>;
  /** It stands still until it is told to go on. */
  pause(): void;
  resume(): void;
  /** As Kubernetes does at first. */
  stop(): Promise<Finished>;
  /** Starts it anew, with the same arguments and nothing kept but what is in Git and the cluster. */
  restart(): Promise<void>;
  /** Most memory it ever held, in MiB; Linux only. */
  peakMemory(): number;
  fluxctl(...args: readonly string[]): Promise<Finished>;
  /** Asks for a sync, also when nothing is new, and waits for its end. */
  sync(): Promise<SyncReportWire>;
  /** A request to its API; the path is relative to `/api/flux/`. */
  api(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export async function startFluxd(endpoint: Endpoint, options: FluxdOptions): Promise<Fluxd> {
  const commands = await builtCommands();
  const { account, pod } = options;
  const token = pod ? tokenOf(pod) : account?.token;
  const proxy = await startApiProxy(account?.endpoint ?? endpoint, token === undefined ? {} : { token });
  proxy.intercept = account?.intercept;
  const home = mkdtempSync(join(tmpdir(), 'flux-e2e-home-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/api/flux`;
  const args = [`--listen=127.0.0.1:${port}`, ...options.args];
  const launch = () =>
    // As users run it, by its first line, which has flags for Node.
    start(join(commands, 'fluxd.js'), args, {
      env: { HOME: home, TMPDIR: home, KUBECONFIG: proxy.kubeconfig, NODE_NO_WARNINGS: '1', ...options.env },
    });
  let before = '';
  let daemon = launch();

  const answers = async () => {
    if (!daemon.running()) throw new Error(`fluxd ended while it started:\n${daemon.output()}`);
    try {
      return (await fetch(`${origin}/healthz`)).ok;
    } catch {
      return false; // not listening yet
    }
  };
  const ready = async () => {
    if (options.wait ?? true) await until('fluxd answers', answers);
  };
  const kill = async () => {
    daemon.kill('SIGKILL');
    await daemon.exited;
  };
  const fluxd: Fluxd = {
    proxy,
    url,
    get pid() {
      if (daemon.pid === undefined) throw new Error('fluxd did not start');
      return daemon.pid;
    },
    log: () => before + daemon.output(),
    running: () => daemon.running(),
    kill,
    pause: () => void daemon.kill('SIGSTOP'),
    resume: () => void daemon.kill('SIGCONT'),
    stop: () => {
      daemon.kill('SIGTERM');
      return daemon.finished;
    },
    async restart() {
      await kill();
      before += `${daemon.output()}\n--- restarted ---\n`;
      daemon = launch();
      await ready();
    },
    peakMemory: () => Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) / 1024,
    fluxctl: (...words) =>
      run(process.execPath, [join(commands, 'fluxctl.js'), '--url', url, ...words], {
        env: { HOME: home, NODE_NO_WARNINGS: '1', KUBECONFIG: proxy.kubeconfig },
      }),
    async sync() {
      const ask = async (path: string, init?: RequestInit) => {
        const response = await fetch(`${origin}/api/v1/${path}`, init);
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
        return syncReportSchema.parse(await response.json());
      };
      let report = await ask('syncs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
      const done = async () => {
        report = await ask(`syncs/${report.id}`);
        return report.state === 'done';
      };
      await until('the sync is done', done);
      return report;
    },
    api: (path, init) => fetch(`${url}/${path}`, init),
    async close() {
      await kill();
      await proxy.close();
      // The last git process of a killed daemon may still write there.
      rmSync(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  try {
    await ready();
  } catch (error) {
    await fluxd.close();
    throw error;
  }
  return fluxd;
}

/** A token as Kubernetes mounts it, but for the signature, which the daemon does not look at. */
function tokenOf({ namespace, name }: Pod): string {
  const claims = {
    sub: `system:serviceaccount:${namespace}:flux`,
    'kubernetes.io': { namespace, pod: { name, uid: randomUUID() }, serviceaccount: { name: 'flux' } },
  };
  const encoded = [{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return `${encoded.join('.')}.c2lnbmF0dXJl`;
}
