import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mapNonEmpty } from '../base/index.ts';
import { type ClusterOptions, createCluster, Fence } from '../cluster/index.ts';
import type { SourceConfig } from '../config/index.ts';
import { createSource, openSignatures, type SourceOptions, syncSetName } from '../git/index.ts';
import { MANIFEST_NAME, MAX_FILE_BYTES } from '../manifests/index.ts';
import type { EngineSource } from './engine.ts';
import { type DaemonMetrics, type EnginesOptions, type RunningFlux, startEngines } from './engines.ts';
import { refuseClashes } from './sources.ts';
import { createWorkingDirectory } from './working-directory.ts';

/** Metrics of the rooms. */
export interface FluxMetrics extends DaemonMetrics {
  gitRemote: NonNullable<SourceOptions['onRemote']>;
  kubernetesRequest: NonNullable<ClusterOptions['onRequest']>;
  kubernetesEvent: NonNullable<ClusterOptions['onEvent']>;
}

export interface FluxOptions extends Omit<EnginesOptions, 'sources' | 'cluster'> {
  /** Directory for the mirrors, in which a private subdirectory is created. */
  readonly temporaryDirectory: string;
  /** The same for private keys, which must not reach a disk. Where it cannot be used, they are kept beside the mirrors. */
  readonly memoryDirectory: string;
  readonly pid: number;
  /** Host name: our identity among several daemons if no token contains a pod name. */
  readonly host: string;
  readonly isAlive: (pid: number) => boolean;
  readonly metrics: FluxMetrics;
}

/**
 * Starts fluxd for the sources and the cluster of the configuration.
 * @throws FluxError `config/sources-clash`.
 */
export async function startFlux({
  temporaryDirectory,
  memoryDirectory,
  pid,
  host,
  isAlive,
  ...options
}: FluxOptions): Promise<RunningFlux> {
  const { config, environment, metrics, clock, log } = options;
  refuseClashes(config.sources);
  const directoryIn = (parent: string) =>
    createWorkingDirectory({
      parent,
      pid,
      isAlive,
      onLeft: (path, error) => log.warn({ directory: path, err: error }, 'removing the directory of an earlier fluxd failed'),
    });
  const directory = await directoryIn(temporaryDirectory);
  const keyDirectory = await directoryIn(memoryDirectory).catch((error: unknown) => {
    log.info({ directory: memoryDirectory, err: error }, 'no memory-backed directory; private keys are kept beside the mirrors');
    return directoryIn(temporaryDirectory);
  });
  const cluster = await createCluster({
    ...(config.kubeConfig === undefined ? {} : { kubeconfigFile: config.kubeConfig }),
    ...(config.k8sDefaultNamespace === undefined ? {} : { defaultNamespace: config.k8sDefaultNamespace }),
    namespaces: config.k8sAllowNamespaces,
    excludeResources: config.k8sExcludeResources,
    clock,
    log: log.child({ component: 'cluster' }),
    onRequest: metrics.kubernetesRequest,
    onEvent: metrics.kubernetesEvent,
    // In a pod this is the pod's name.
    instance: environment.HOSTNAME ?? '',
  });
  const signatures = await openSignatures({
    directory: keyDirectory.path,
    imports: config.gitGpgKeyImport,
    ...(config.gitSigning === undefined ? {} : { signing: config.gitSigning }),
    environment,
    clock,
    log: log.child({ component: 'signatures' }),
  });
  const ssh = await sshFiles(config.sshIdentityFile);

  function connect({ name, url, branch, paths, syncTag, notesRef, authentication, tls }: SourceConfig): EngineSource {
    const fence = new Fence(clock);
    const shown = config.sources.length > 1 ? { source: name } : {};
    const source = createSource({
      url,
      branch,
      paths,
      names: MANIFEST_NAME,
      maxBlobBytes: MAX_FILE_BYTES,
      directory: join(directory.path, 'mirrors', name),
      user: config.gitUser,
      email: config.gitEmail,
      setAuthor: config.gitSetAuthor,
      syncTag,
      notesRef,
      skipMessage: config.gitCiSkipMessage,
      timeoutMs: config.gitTimeoutMs,
      ssh,
      ...(authentication ? { authentication } : {}),
      ...(tls ? { tls } : {}),
      signatures,
      environment,
      mayPush: fence.check,
      clock,
      log: log.child({ component: 'git', ...shown }),
      onRemote: metrics.gitRemote,
    });
    const syncSet = syncSetName(source);
    return {
      name,
      url,
      source,
      fence,
      memory: cluster.memory({ syncSet, fence }),
      takePart: (handlers, signal) =>
        cluster.takePart({ syncSet, host, fence, ...(config.sources.length > 1 ? { name } : {}) }, handlers, signal),
    };
  }

  const flux = startEngines({ ...options, cluster, sources: mapNonEmpty(config.sources, connect) });
  return {
    ...flux,
    async stop() {
      await flux.stop();
      await signatures.close();
      await Promise.all([directory.remove(), keyDirectory.remove()]);
    },
  };
}

/** Host keys may be mounted beside the deploy key, in the same Secret; otherwise ssh uses its default files. */
async function sshFiles(identityFile: string): Promise<{ readonly identityFile: string; readonly knownHostsFile?: string }> {
  const knownHostsFile = join(dirname(identityFile), 'known_hosts');
  const mounted = await access(knownHostsFile).then(
    () => true,
    () => false,
  );
  return { identityFile, ...(mounted ? { knownHostsFile } : {}) };
}
