import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { buildImage, pushImage } from '../../cluster/real/image.ts';
import { showLogOfFailed } from '../../support/log-of-failed.ts';
import { type Account, createCheckedAccount, createServiceAccount } from './account.ts';
import { type Backend, startBackend } from './backend.ts';
import { type Fluxd, type FluxdOptions, startFluxd } from './fluxd.ts';
import { createKubeClient, type KubeClient } from './kube-client.ts';
import { createRepository, type Repository } from './repository.ts';

export interface PushOptions {
  /** What the image answers over HTTP, where pods really run. */
  readonly version: string;
  /** When it was built, RFC 3339. */
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Its program ends at once with this code. */
  readonly exitCode?: number;
}

/** Everything a test needs around the daemon. What a test makes here is gone when the test ends. */
export interface World extends Pick<Backend, 'kubeconfig' | 'registry' | 'runsPods'> {
  /** What a person with kubectl can do; does not pass the daemon's proxy. */
  readonly kube: KubeClient;
  /** A name no other test uses; a namespace of that name is deleted when the test ends. */
  namespace(stem: string): string;
  /** A name no other test uses, for repositories of images, groups of CRDs, and such. */
  unique(stem: string): string;
  /** Pushes an image; resolves to its digest. */
  push(repository: string, tag: string, options: PushOptions): Promise<string>;
  repository(): Promise<Repository>;
  /** A ServiceAccount without any rights, in a namespace of its own. */
  account(): Promise<Account>;
  /** Starts a daemon for the repository, or for the sources of a config file, with short intervals and the test registry. */
  fluxd(repository: Repository | string | { readonly config: string }, options?: Partial<FluxdOptions>): Promise<Fluxd>;
  close(): Promise<void>;
}

/** Embedded parts, unless TEST_KUBECONFIG names a cluster: the same tests run on both. */
export async function startWorld(): Promise<World> {
  const backend = await startBackend(process.env);
  const kube = createKubeClient(backend.endpoint);
  const unique = (stem: string) => `${stem}-${randomBytes(4).toString('hex')}`;
  const { kubeconfig, registry, runsPods } = backend;
  return {
    kubeconfig,
    registry,
    runsPods,
    kube,
    unique,
    namespace(stem) {
      const name = unique(stem);
      onTestFinished(async () => {
        if (await kube.find(`api/v1/namespaces/${name}`)) await kube.delete(`api/v1/namespaces/${name}`);
      });
      return name;
    },
    push(repository, tag, { version, exitCode, ...options }) {
      const env = { VERSION: version, ...(exitCode === undefined ? {} : { EXIT_CODE: String(exitCode) }) };
      const image = buildImage({ program: backend.program, path: '/web', env, ...options });
      return pushImage(registry, repository, tag, image);
    },
    async account() {
      const name = unique('account');
      if (!runsPods) return createCheckedAccount(backend.endpoint, name);
      await kube.create('api/v1/namespaces', { metadata: { name } });
      const account = await createServiceAccount(kube, backend.endpoint, name);
      onTestFinished(async () => {
        await account.remove();
        await kube.delete(`api/v1/namespaces/${name}`);
      });
      return account;
    },
    async repository() {
      const repository = await createRepository();
      onTestFinished(() => repository.remove());
      return repository;
    },
    async fluxd(repository, { args = [], ...options } = {}) {
      const fluxd = await startFluxd(backend.endpoint, {
        ...options,
        args: [
          ...sourceOf(repository),
          '--git-poll-interval=1s',
          '--automation-interval=1s',
          '--automation-gather=0s',
          `--registry-insecure-host=${registry}`,
          ...args,
        ],
      });
      showLogOfFailed('fluxd', fluxd.log);
      onTestFinished(() => fluxd.close());
      return fluxd;
    },
    async close() {
      kube.close();
      await backend.close();
    },
  };
}

function sourceOf(repository: Repository | string | { readonly config: string }): readonly string[] {
  if (typeof repository === 'object' && 'config' in repository) return [`--config-file=${repository.config}`];
  return [`--git-url=${typeof repository === 'string' ? repository : `file://${repository.directory}`}`, '--git-branch=main'];
}
