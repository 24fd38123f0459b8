import { z } from 'zod';
import { createKubeClient, type KubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { run, runOk } from '../../e2e/harness/process.ts';

const schema = z.object({
  TEST_KUBECONFIG: z.string(),
  TEST_REGISTRY: z.string(),
  TEST_WEB_PROGRAM: z.string(),
  TEST_PROGRAMS: z.string(),
  TEST_IMAGE: z.string(),
  HELM: z.string(),
  METRICS_SERVER: z.string(),
  NS: z.string(),
});

const parsed = schema.safeParse(process.env);
if (!parsed.success) throw new Error('these tests need a cluster of their own: npm run test:deploy');

/** What run.sh says about the cluster. */
export const environment = {
  kubeconfig: parsed.data.TEST_KUBECONFIG,
  /** `host:port` of the registry, the same name for us, the node and the pods; plain HTTP. */
  registry: parsed.data.TEST_REGISTRY,
  /** Answers over HTTP with its VERSION. */
  webProgram: parsed.data.TEST_WEB_PROGRAM,
  /** Directory of the programs that are built for these tests. */
  programs: parsed.data.TEST_PROGRAMS,
  /** Archive of our image. */
  image: parsed.data.TEST_IMAGE,
  /** The real Helm. */
  helm: parsed.data.HELM,
  /** The real metrics-server. */
  metricsServer: parsed.data.METRICS_SERVER,
  /** Name of the cluster, as cluster.sh knows it. */
  cluster: parsed.data.NS,
} as const;

const env = { KUBECONFIG: environment.kubeconfig, HOME: environment.programs };

/** A program of the person at the cluster (kubectl, helm) that has to succeed; gives what it wrote to stdout. */
export const command = (program: string, ...args: readonly string[]) => runOk(program, args, { env });

/** As `command`, with something to read. */
export const feed = (input: string, program: string, ...args: readonly string[]) => runOk(program, args, { env, input });

/** Whatever the exit code. */
export const attempt = (program: string, ...args: readonly string[]) => run(program, args, { env });

/** Creates or changes objects as `kubectl apply` does. */
export const apply = (...objects: readonly object[]) =>
  feed(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'kubectl', 'apply', '--filename=-');

export function connect(): KubeClient {
  return createKubeClient(readKubeconfig(environment.kubeconfig));
}
