import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createHttpTransport, FluxError, mapNonEmpty, messageOf } from '../base/index.ts';
import { type ClusterOptions, createCluster, Fence } from '../cluster/index.ts';
import type { SourceConfig } from '../config/index.ts';
import {
  createDeployKeys,
  createSource,
  type DeployKeys,
  NO_DEPLOY_KEY,
  openSignatures,
  parseGitUrl,
  type SourceOptions,
  syncSetName,
  usesSsh,
} from '../git/index.ts';
import { webPagesOf } from '../git-host/index.ts';
import { MANIFEST_NAME, MAX_FILE_BYTES } from '../manifests/index.ts';
import { checkRequired, openSigners } from '../registry-watch/index.ts';
import type { Revision } from '../repository/index.ts';
import { MAX_COMMAND_FILE_BYTES } from '../sandbox/index.ts';
import type { EngineSource } from './engine.ts';
import { type DaemonMetrics, type EnginesOptions, type RunningFlux, startEngines } from './engines.ts';
import { generationOf } from './generation-of-flags.ts';
import { gitSecretOf } from './git-secret-of-flags.ts';
import { helmOf } from './helm-of-flags.ts';
import { imageCacheOf } from './image-cache-of-flags.ts';
import { kustomizeOf } from './kustomize-of-flags.ts';
import type { MarkerStore } from './ports/marker-store.ts';
import { proposalsOf } from './pull-requests/connect.ts';
import { sopsOf } from './sops-of-flags.ts';
import { refuseClashes } from './sources.ts';
import { recordInGit } from './sync/records/in-git.ts';
import { recordInSecret } from './sync/records/in-secret.ts';
import { markedKeys } from './sync/records/marked.ts';
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
 * @throws FluxError `config/sources-clash`, `config/bad-cache-key`, `config/bad-signature-key`, `config/bad-trust-root`,
 * `config/bad-verify`, `config/no-sandbox`, `config/no-kustomize`, `config/no-sops`, `registry/required-unavailable`.
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
  const signers = await openSigners({
    keysDirectory: config.registryVerifyKeys,
    trustRootFile: config.registryVerifyTrustRoot,
    rules: config.registryVerify,
    version: options.version,
  });
  await requireRegistries(options);
  const imageCache = config.registryDisableScanning
    ? undefined
    : await imageCacheOf(config.registryCache, { clock, log: log.child({ component: 'registry' }) });
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
  const commands = await generationOf(config, {
    directory: directory.path,
    environment,
    clock,
    log: log.child({ component: 'generation' }),
  });
  const kustomize = await kustomizeOf(config, {
    directory: directory.path,
    memoryDirectory: keyDirectory.path,
    environment,
    clock,
    log: log.child({ component: 'kustomize' }),
  });
  const helm = await helmOf(config, {
    directory: directory.path,
    memoryDirectory: keyDirectory.path,
    cluster,
    environment,
    version: options.version,
    onRequest: metrics.registryRequest,
    clock,
    log: log.child({ component: 'helm' }),
  });
  const signatures = await openSignatures({
    directory: keyDirectory.path,
    imports: config.gitGpgKeyImport,
    ...(config.gitSigning === undefined ? {} : { signing: config.gitSigning }),
    ...(config.gitVerifySignatures === undefined ? {} : { verifies: config.gitVerifySignatures }),
    ...(config.gitAllowedSignersFile === undefined ? {} : { allowedSignersFile: config.gitAllowedSignersFile }),
    ...(config.gitSecret ? { decrypts: 'always' } : config.sops ? { decrypts: 'imported' } : {}),
    environment,
    clock,
    log: log.child({ component: 'signatures' }),
  });
  const sops = await sopsOf(config, {
    memoryDirectory: keyDirectory.path,
    gpg: signatures.decryption,
    environment,
    clock,
    log: log.child({ component: 'sops' }),
  });
  const gitSecret = gitSecretOf(config, {
    memoryDirectory: keyDirectory.path,
    gpg: signatures.decryption,
    clock,
    log: log.child({ component: 'git-secret' }),
  });
  // Also without SSH: the pod mounts this Secret, and starts only with it.
  const keySecret = cluster.secret({ name: config.deployKey.secretName });
  const usesSecret = config.syncState === 'secret' || config.sources.some(({ ref }) => ref !== undefined);
  const namespace = usesSecret ? await namespaceOf(keySecret) : undefined;
  const knownHostsFile = await mountedKnownHosts(config.deployKey.mountedFile);
  const deployKeys = openDeployKeys();
  // In parallel to the election; the first fetch waits for it.
  void deployKeys?.refresh();

  function openDeployKeys(): DeployKeys | undefined {
    const { mountedFile, dataKey, keygen, directory: given } = config.deployKey;
    const urls = config.sources.map(({ url }) => url).filter(usesSsh);
    if (urls.length === 0) return undefined;
    return createDeployKeys({
      mountedFile,
      secret: keySecret,
      dataKey,
      keygen,
      directories: [...(given === undefined ? [] : [given]), join(keyDirectory.path, 'ssh')],
      urls,
      environment,
      clock,
      log: log.child({ component: 'git' }),
    });
  }

  function connect(wanted: SourceConfig): EngineSource {
    const { name, url, branch, ref, paths, syncTag, notesRef, authentication, tls } = wanted;
    const fence = new Fence(clock);
    const keysOfSource = usesSsh(url) ? deployKeys : undefined;
    const shown = config.sources.length > 1 ? { source: name } : {};
    // What follows a tag cannot be marked in Git.
    const place = config.syncState === 'secret' || ref !== undefined ? namespace : undefined;
    const git = createSource({
      url,
      access: config.gitReadonly || ref !== undefined ? 'read-only' : 'read-write',
      branch,
      ...(ref === undefined ? {} : { ref }),
      ...(wanted.proposals ? { pushBranch: wanted.proposals.branch } : {}),
      paths,
      partialClone: config.gitPartialClone,
      names: MANIFEST_NAME,
      ...(commands || kustomize || gitSecret ? { wholeTree: true } : {}),
      maxBlobBytes: commands ? MAX_COMMAND_FILE_BYTES : MAX_FILE_BYTES,
      directory: join(directory.path, 'mirrors', name),
      user: config.gitUser,
      email: config.gitEmail,
      setAuthor: config.gitSetAuthor,
      syncTag,
      notesRef,
      skipMessage: config.gitCiSkipMessage,
      timeoutMs: config.gitTimeoutMs,
      ssh: { ...(knownHostsFile === undefined ? {} : { knownHostsFile }), ...(keysOfSource ? { keys: keysOfSource } : {}) },
      ...(authentication ? { authentication } : {}),
      ...(tls ? { tls } : {}),
      signatures,
      ...(place === undefined ? {} : { marker: (): Promise<Revision | undefined> => source.marker() }),
      environment,
      mayPush: fence.check,
      clock,
      log: log.child({ component: 'git', ...shown }),
      onRemote: metrics.gitRemote,
    });
    const secret = cluster.secret({ name: config.deployKey.secretName, fence });
    const keys = markedKeys(name);
    const records = { clock, log: log.child({ component: 'records', ...shown }) };
    const source: EngineSource['source'] =
      place === undefined
        ? recordInGit(git, { syncTag, former: { store: secret, keys }, ...records })
        : recordInSecret(git, { store: secret, namespace: place, keys, ...records });
    const syncSet = syncSetName(source);
    const parsed = parseGitUrl(url);
    const webPages = parsed && webPagesOf(parsed, wanted.proposals?.host?.kind);
    return {
      name,
      url,
      source,
      ...(webPages ? { webPages } : {}),
      deployKey: keysOfSource ?? NO_DEPLOY_KEY,
      ...(wanted.proposals
        ? { proposals: proposalsOf(wanted, wanted.proposals, { appToken: git.appToken, environment, clock }) }
        : {}),
      fence,
      memory: cluster.memory({ syncSet, fence }),
      takePart: (handlers, signal) =>
        cluster.takePart({ syncSet, host, fence, ...(config.sources.length > 1 ? { name } : {}) }, handlers, signal),
    };
  }

  const flux = startEngines({
    ...options,
    signers,
    imageCache,
    cluster,
    renderingsDirectory: join(directory.path, 'renderings'),
    ...(kustomize ? { kustomize: kustomize.kustomize } : {}),
    ...(helm ? { helm: helm.helm } : {}),
    ...(sops ? { decrypter: sops.decrypter } : {}),
    ...(gitSecret ? { hiddenFiles: gitSecret.hiddenFiles } : {}),
    ...(commands ? { generation: commands.generation, sandboxes: commands.layers } : {}),
    sources: mapNonEmpty(config.sources, connect),
  });
  return {
    ...flux,
    async stop() {
      await flux.stop();
      await commands?.close();
      await kustomize?.close();
      await helm?.close();
      await sops?.close();
      await gitSecret?.close();
      await signatures.close();
      await Promise.all([directory.remove(), keyDirectory.remove()]);
    },
  };
}

/** The namespace of the Secret with the sync marker. @throws FluxError `secret/no-namespace`. */
async function namespaceOf({ name, namespace }: MarkerStore): Promise<string> {
  return namespace().catch((error: unknown) => {
    throw new FluxError(`no place to record syncs: ${messageOf(error)}`, {
      code: 'secret/no-namespace',
      fault: 'user',
      help: `With --sync-state=secret, and so with --git-readonly and --git-ref, the synced revision is an annotation of the Secret ${name} in the namespace of fluxd. Run fluxd in the cluster with a token of its service account, or use --sync-state=git.`,
      cause: error,
    });
  });
}

/** Host keys may be mounted beside the deploy key, in the same Secret; otherwise ssh uses its default files. */
async function mountedKnownHosts(identityFile: string): Promise<string | undefined> {
  const file = join(dirname(identityFile), 'known_hosts');
  return access(file).then(
    () => file,
    () => undefined,
  );
}

/** Before anything else, so that a failure has no effect. */
async function requireRegistries({
  config,
  environment,
  clock,
  version,
}: Pick<FluxOptions, 'config' | 'environment' | 'clock' | 'version'>): Promise<void> {
  if (config.registryRequire.length === 0) return;
  const http = createHttpTransport({ userAgent: `fluxd/${version}`, proxyEnvironment: environment });
  try {
    await checkRequired(config.registryRequire, {
      http,
      clock,
      environment,
      readFile: (path) => readFile(path, 'utf8'),
      ...(config.registryEcrRegions === undefined ? {} : { ecrRegions: config.registryEcrRegions }),
    });
  } finally {
    http.close();
  }
}
