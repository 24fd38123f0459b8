import { mkdtempSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, runOk, start } from '../test/e2e/harness/process.ts';
import { until } from '../test/e2e/harness/until.ts';
import { cpuSeconds } from './measure.ts';

/** An API server with nothing in it, for a group of measurements. */
export interface ApiServer {
  readonly kubeconfig: string;
  /** Waits until its controllers have done what the last contender left them to do, so that the next one has the machine. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

let planes = 0;

/** A real control plane: etcd, kube-apiserver, kube-controller-manager. Puts its kubectl on our PATH. */
export async function startControlPlane(): Promise<ApiServer> {
  planes += 1;
  const env = { STATE: join(tmpdir(), `control-plane-${process.pid}-${planes}`), HOME: process.env.HOME ?? '' };
  const script = join(ROOT, 'test/cluster/real/control-plane.sh');
  const up = `environment=$(${script} up) && eval "$environment" && echo "$KUBECONFIG" && echo "$PATH"`;
  const [kubeconfig = '', path] = (await runOk('bash', ['-c', up], { env })).split('\n');
  process.env.PATH = path;
  const pids: number[] = [];
  for (const name of await readdir(join(env.STATE, 'pids'))) {
    pids.push(Number(await readFile(join(env.STATE, 'pids', name), 'utf8')));
  }
  return {
    kubeconfig,
    quiet: () => quiet(pids),
    async stop() {
      await runOk('bash', [script, 'down'], { env });
    },
  };
}

/** The embedded API of the tests in a process of its own. It has no limit of requests, and far less to do for each. */
export async function startEmbeddedApi(): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-bench-embedded-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const server = start(process.execPath, [join(import.meta.dirname, 'embedded-api.ts'), kubeconfig], {
    env: { HOME: directory, NODE_NO_WARNINGS: '1' },
  });
  await until('the embedded API has started', () => {
    if (!server.running()) throw new Error(`the embedded API ended:\n${server.output()}`);
    return server.output().includes('ready');
  });
  return {
    kubeconfig,
    quiet: () => quiet([server.pid ?? 0]),
    async stop() {
      server.kill('SIGKILL');
      await server.exited;
    },
  };
}

const LOOK_MS = 500;
/** Of one core; what a control plane without work takes is about a tenth of it. */
const QUIET_SHARE = 0.15;
const QUIET_LOOKS = 2;
/** A machine that has other work is never quiet. */
const MAX_LOOKS = 60;

async function quiet(pids: readonly number[]): Promise<void> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  let before = used();
  for (let looks = 0, good = 0; looks < MAX_LOOKS && good < QUIET_LOOKS; looks += 1) {
    await sleep(LOOK_MS);
    const now = used();
    good = now - before < (QUIET_SHARE * LOOK_MS) / 1000 ? good + 1 : 0;
    before = now;
  }
}
