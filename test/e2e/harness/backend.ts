import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFrom, startKubernetes, startRegistry } from '../../../src/sim/index.ts';
import { type Endpoint, readKubeconfig } from './kube-client.ts';

/** The cluster and the registry that a suite runs against: the embedded ones, or real ones. */
export interface Backend {
  readonly endpoint: Endpoint;
  /** A kubeconfig that leads straight to the API server. */
  readonly kubeconfig: string;
  /** `host:port` of the registry, the same name for us and for the cluster's nodes; plain HTTP. */
  readonly registry: string;
  /** The program that the test images run: it answers over HTTP with its VERSION. */
  readonly program: Buffer;
  /** Whether images are pulled and pods answer; the embedded cluster only pretends. */
  readonly runsPods: boolean;
  close(): Promise<void>;
}

/** Embedded parts, unless TEST_KUBECONFIG names a cluster. */
export async function startBackend(env: NodeJS.ProcessEnv): Promise<Backend> {
  const { TEST_KUBECONFIG: kubeconfig, TEST_REGISTRY: registry, TEST_WEB_PROGRAM: program } = env;
  if (!kubeconfig) return startEmbedded();
  if (!registry || !program) {
    throw new Error('TEST_KUBECONFIG needs TEST_REGISTRY (host:port) and TEST_WEB_PROGRAM: see test/cluster/real/run.sh');
  }
  return {
    endpoint: readKubeconfig(kubeconfig),
    kubeconfig,
    registry,
    program: readFileSync(program),
    runsPods: true,
    close: async () => {},
  };
}

async function startEmbedded(): Promise<Backend> {
  const registry = await startRegistry();
  const kubernetes = await startKubernetes({ runOf: runFrom(registry) });
  const directory = mkdtempSync(join(tmpdir(), 'flux-e2e-embedded-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, kubernetes.kubeconfig());
  return {
    endpoint: readKubeconfig(kubeconfig),
    kubeconfig,
    registry: registry.host,
    program: Buffer.from('never run'),
    runsPods: false,
    async close() {
      await Promise.all([kubernetes.stop(), registry.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
