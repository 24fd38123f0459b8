import { randomBytes } from 'node:crypto';
import { onTestFailed, onTestFinished } from 'vitest';
import type { Backend } from './backend.ts';
import { startEmbeddedBackend } from './embedded.ts';
import { type Fluxd, type FluxdOptions, startFluxd } from './fluxd.ts';
import { createKubeClient, type KubeClient } from './kube-client.ts';
import { useRealBackend } from './real.ts';
import { createRepository, type Repository } from './repository.ts';

/** Everything a test needs around the daemon. What a test makes here is gone when the test ends. */
export interface World extends Omit<Backend, 'close'> {
  /** What a person with kubectl can do; does not pass the daemon's proxy. */
  readonly kube: KubeClient;
  /** A name no other test uses; a namespace of that name is deleted when the test ends. */
  namespace(stem: string): string;
  /** A name no other test uses, for repositories of images, groups of CRDs, and such. */
  unique(stem: string): string;
  repository(): Promise<Repository>;
  /** Starts a daemon for the repository, with short intervals and the test registry. */
  fluxd(repository: Repository | string, options?: Partial<FluxdOptions>): Promise<Fluxd>;
  close(): Promise<void>;
}

/** Embedded parts, unless TEST_KUBECONFIG names a cluster: the same tests run on both. */
export async function startWorld(): Promise<World> {
  const backend = await chooseBackend(process.env);
  const kube = createKubeClient(backend.endpoint);
  const unique = (stem: string) => `${stem}-${randomBytes(4).toString('hex')}`;
  return {
    ...backend,
    kube,
    unique,
    namespace(stem) {
      const name = unique(stem);
      onTestFinished(async () => {
        if (await kube.find(`api/v1/namespaces/${name}`)) await kube.delete(`api/v1/namespaces/${name}`);
      });
      return name;
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
          `--git-url=${typeof repository === 'string' ? repository : `file://${repository.directory}`}`,
          '--git-branch=main',
          '--git-poll-interval=1s',
          '--automation-interval=1s',
          `--registry-insecure-host=${backend.registry}`,
          ...args,
        ],
      });
      onTestFailed(() => console.log(`--- log of fluxd ---\n${fluxd.log()}`));
      onTestFinished(() => fluxd.close());
      return fluxd;
    },
    async close() {
      kube.close();
      await backend.close();
    },
  };
}

async function chooseBackend(env: NodeJS.ProcessEnv): Promise<Backend> {
  const kubeconfig = env.TEST_KUBECONFIG;
  if (!kubeconfig) return startEmbeddedBackend();
  const [registry, webProgram] = [env.TEST_REGISTRY, env.TEST_WEB_PROGRAM];
  if (!registry || !webProgram) {
    throw new Error(
      'TEST_KUBECONFIG needs TEST_REGISTRY (host:port) and TEST_WEB_PROGRAM beside it: see test/cluster/real/run.sh',
    );
  }
  return useRealBackend({ kubeconfig, registry, webProgram });
}
