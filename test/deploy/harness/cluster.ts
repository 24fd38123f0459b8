import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runOk } from '../../e2e/harness/process.ts';
import { command, environment } from './environment.ts';

/** What Kubernetes knows of a pod, as far as the tests ask. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly ready: boolean;
  readonly restarts: number;
}

/** Pods by label, those that are being deleted left out. */
export async function pods(namespace: string, selector: string): Promise<readonly Pod[]> {
  const list = JSON.parse(await command('kubectl', '-n', namespace, 'get', 'pods', `--selector=${selector}`, '--output=json'));
  return (list.items as readonly PodJson[])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      ip: status.podIP ?? '',
      ready: status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
      restarts: (status.containerStatuses ?? []).reduce((total, { restartCount }) => total + restartCount, 0),
    }));
}

interface PodJson {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

/** What a Service answers; undefined while nobody does. */
export async function answer(namespace: string, service: string, path = '/'): Promise<string | undefined> {
  const found = JSON.parse(await command('kubectl', '-n', namespace, 'get', 'service', service, '--output=json'));
  try {
    const response = await fetch(`http://${found.spec.clusterIP}:${found.spec.ports[0].port}${path}`, {
      signal: AbortSignal.timeout(5000),
    });
    return await response.text();
  } catch {
    return undefined;
  }
}

/** Ends the container runtime as if it had crashed, and starts it again; containers outlive it. */
export async function restartContainerd(): Promise<void> {
  const script = join(ROOT, 'test/cluster/real/cluster.sh');
  await runOk('bash', [script, 'restart-containerd'], { env: { NS: environment.cluster, HOME: process.env.HOME ?? '' } });
}

/** The control group of a pod in one of the hierarchies. */
function controlGroup(hierarchy: string, uid: string): string {
  const parent = join('/sys/fs/cgroup', hierarchy, environment.cluster, 'kubepods');
  const found = readdirSync(parent, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(`pod${uid}`));
  if (found === undefined) throw new Error(`${parent}: no group of pod ${uid}`);
  return join(parent, found);
}

/** Kills what runs in a pod, at once and without a warning, as a machine that fails does. */
export function killProcesses(uid: string): void {
  const group = controlGroup('memory', uid);
  const files = readdirSync(group, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('cgroup.procs'));
  const processes = files.flatMap((file) => readFileSync(join(group, file), 'utf8').split('\n').filter(Boolean));
  for (const process_ of processes) {
    try {
      process.kill(Number(process_), 'SIGKILL');
    } catch (error) {
      // A git that the daemon ran may have ended by itself since.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

/** What a pod takes of the machine. */
export interface Usage {
  /** Of all its processes, without files that are only cached. */
  readonly residentMiB: number;
  /** The most that it ever held, cached files included. */
  readonly peakMiB: number;
  readonly cpuSeconds: number;
}

export function usage(uid: string): Usage {
  const [memory, cpu] = [controlGroup('memory', uid), controlGroup('cpuacct', uid)];
  const mebibytes = (bytes: string) => Math.round(Number(bytes) / 2 ** 20);
  const resident = /^total_rss (\d+)$/m.exec(readFileSync(join(memory, 'memory.stat'), 'utf8'))?.[1] ?? 'unknown';
  return {
    residentMiB: mebibytes(resident),
    peakMiB: mebibytes(readFileSync(join(memory, 'memory.max_usage_in_bytes'), 'utf8')),
    cpuSeconds: Number(readFileSync(join(cpu, 'cpuacct.usage'), 'utf8')) / 1e9,
  };
}
