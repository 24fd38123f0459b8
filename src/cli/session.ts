import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ApiClient } from '../api/client/index.ts';
import { type Clock, FluxError, parseDuration } from '../base/index.ts';
import type { ClientSource, PortForward } from '../cluster/port-forward/index.ts';
import { usageError } from './errors.ts';
import type { Keyboard } from './keyboard.ts';
import type { Output } from './output.ts';
import { createProgress, type Progress } from './progress.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a command. */
export interface Session {
  readonly env: Environment;
  /** For results. */
  readonly stdout: Output;
  /** For progress, warnings and errors. */
  readonly stderr: Output;
  /** The progress line. */
  readonly progress: Progress;
  readonly clock: Clock;
  readonly version: string;
  /** Timeout for a job or a sync, in milliseconds. */
  readonly timeoutMs: number;
  /** Timeout for rollouts, in milliseconds: the explicit --timeout, or 5 minutes. */
  readonly rolloutTimeoutMs: number;
  /** False with --no-color. */
  readonly colour: boolean;
  /** @throws FluxError `cli/no-terminal`. */
  readonly keyboard: () => Keyboard;
  /** How to find the daemon's pod; undefined with --url. */
  readonly daemonPod: { readonly namespace: string; readonly labelSelectors: readonly string[] } | undefined;
  /** How to reach the cluster. */
  readonly kubeconfig: ClientSource;
  /** The daemon: at --url, or through a port-forward that is opened on first use. */
  client(): Promise<ApiClient>;
  /** The namespace for ids without one: from the flag, the kubeconfig context, or `default`. */
  namespace(flag: string | undefined): Promise<string>;
}

/** The global flags. Undefined means not given, so that the environment applies. */
export interface GlobalFlags {
  readonly context?: string;
  readonly k8sFwdNs?: string;
  readonly k8sFwdLabels?: string;
  readonly url?: string;
  readonly token?: string;
  readonly source?: string;
  readonly timeout?: string;
  /** False with --no-color. */
  readonly color?: boolean;
}

export interface SessionParts {
  readonly flags: GlobalFlags;
  readonly env: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly version: string;
  readonly keyboard: () => Keyboard;
}

export interface OwnedSession extends Session {
  close(): Promise<void>;
}

export function createSession({ flags, env, clock, version, keyboard, ...outputs }: SessionParts): OwnedSession {
  const animated = outputs.stderr.isTTY === true && env.TERM !== 'dumb';
  const { stdout, stderr, progress } = createProgress({ ...outputs, clock, animated });
  const timeout = flags.timeout ?? (env.FLUX_TIMEOUT || undefined);
  const timeoutMs = durationOf(timeout ?? '60s');
  const rolloutTimeoutMs = durationOf(timeout ?? '5m');
  const url = flags.url ?? (env.FLUX_URL || '');
  // Flux v1 sent a token without a URL to a service that has shut down; the present owner of that domain must not receive it.
  const token = url === '' ? '' : (flags.token ?? (env.WEAVE_CLOUD_TOKEN || env.FLUX_SERVICE_TOKEN || ''));
  const closers: (() => Promise<void> | void)[] = [];
  const files = kubeconfigFiles(env);
  const kubeconfig: ClientSource = {
    env,
    ...(flags.context ? { context: flags.context } : {}),
    ...(files.length > 0 ? { kubeconfigFiles: files } : {}),
  };

  async function connect(): Promise<ApiClient> {
    // Loaded on demand, so that commands without requests start fast.
    const { connectTo } = await import('./connect.ts');
    const tunnel = url === '' ? await forward() : undefined;
    const address = tunnel ? { url: `${tunnel.url}/api/flux`, failure: () => tunnel.failure() } : { url };
    const { client, close } = connectTo({
      ...address,
      token,
      version,
      clock,
      ...(flags.source === undefined ? {} : { source: flags.source }),
    });
    closers.push(close);
    return client;
  }

  const labels = flags.k8sFwdLabels ?? (env.FLUX_FORWARD_LABELS || 'app=flux');
  for (const pair of labels === '' ? [] : labels.split(','))
    if (!pair.includes('='))
      throw usageError(
        `invalid argument ${JSON.stringify(labels)} for "--k8s-fwd-labels" flag: ${pair} must be formatted as key=value`,
      );
  if (url === '' && flags.k8sFwdNs === '') throw usageError('--k8s-fwd-ns must not be empty');
  const daemonPod = {
    namespace: flags.k8sFwdNs ?? (env.FLUX_FORWARD_NAMESPACE || 'default'),
    labelSelectors: [...(labels === '' ? [] : [labels]), 'name in (flux,fluxd,weave-flux-agent)'],
  };

  async function forward(): Promise<PortForward> {
    const { openPortForward } = await import('../cluster/port-forward/index.ts');
    const tunnel = await openPortForward({ ...kubeconfig, ...daemonPod, port: 3030 });
    closers.push(() => tunnel.close());
    return tunnel;
  }

  let connected: Promise<ApiClient> | undefined;
  return {
    env,
    stdout,
    stderr,
    progress,
    clock,
    version,
    colour: flags.color !== false,
    keyboard,
    kubeconfig,
    daemonPod: url === '' ? daemonPod : undefined,
    timeoutMs,
    rolloutTimeoutMs,
    client: () => (connected ??= connect()),
    async namespace(flag) {
      if (flag) return flag;
      // Parsing a kubeconfig loads a large package, so check for a file first.
      return files.length > 0 || flags.context ? namespaceOfContext(kubeconfig) : 'default';
    },
    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}

/** The existing files of KUBECONFIG, or of its default. */
function kubeconfigFiles(env: Environment): readonly string[] {
  const files = env.KUBECONFIG ? env.KUBECONFIG.split(delimiter) : [join(env.HOME || homedir(), '.kube', 'config')];
  return files.filter((file) => file !== '' && existsSync(file));
}

/** A kubeconfig without a usable context means `default`, as in Flux v1; a context given by --context must exist. */
async function namespaceOfContext(source: ClientSource): Promise<string> {
  const { contextNamespace } = await import('../cluster/port-forward/index.ts');
  try {
    return await contextNamespace(source);
  } catch (error) {
    if (source.context === undefined && error instanceof FluxError && error.fault === 'user') return 'default';
    throw error;
  }
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw usageError(`invalid argument "${text}" for "--timeout" flag: ${error instanceof Error ? error.message : error}`);
  }
}
