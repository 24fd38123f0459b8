import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLiveReads } from '../../../src/cluster/live/index.ts';
import type { KubeObject, ResourceRight } from '../../../src/resource/index.ts';
import { type KubernetesOptions, startKubernetes } from '../../../src/sim/index.ts';
import { startApiProxy } from '../../e2e/harness/api-proxy.ts';
import { createKubeClient, type KubeJson, readKubeconfig } from '../../e2e/harness/kube-client.ts';
import { until } from '../../support/until.ts';

/** A workload with two containers and an init container. */
export const WEB: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        initContainers: [
          { name: 'migrate', image: 'acme/web:1' },
          { name: 'mesh', image: 'acme/mesh:1', restartPolicy: 'Always' },
        ],
        containers: [
          {
            name: 'web',
            image: 'acme/web:1',
            resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '1.5Gi' } },
          },
          { name: 'log', image: 'acme/log:1' },
        ],
      },
    },
  },
};

/** An API server with the pods of `WEB` and of a workload beside it, behind a proxy that may lose requests. */
export async function startPods(options: Partial<KubernetesOptions> = {}) {
  const kubernetes = await startKubernetes({ pods: 'all', rolloutMs: 1, ...options });
  const directory = mkdtempSync(join(tmpdir(), 'flux-live-pods-'));
  const direct = join(directory, 'kubeconfig');
  writeFileSync(direct, kubernetes.kubeconfig());
  const kube = createKubeClient(readKubeconfig(direct));
  const proxy = await startApiProxy(readKubeconfig(direct));
  const reads = await openLiveReads({ kubeconfigFile: proxy.kubeconfig });
  onTestFinished(async () => {
    reads.close();
    await proxy.close();
    await kubernetes.stop();
    rmSync(directory, { recursive: true });
  });
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  await kube.create(deployments, WEB);
  // The same labels as those of WEB: only owners distinguish their pods.
  await kube.create(deployments, { ...WEB, metadata: { name: 'copy', namespace: 'default' } });
  const pods = async (): Promise<readonly KubeJson[]> => (await kube.get('/api/v1/namespaces/default/pods')).items;
  await until('all pods run', async () => (await pods()).filter(({ status }) => status?.phase === 'Running').length === 4);
  const names = (await pods()).map(({ metadata }) => metadata.name).sort();
  const own = names.filter((name) => name.startsWith('web-'));
  return { kubernetes, kube, proxy, reads, own, others: names.filter((name) => !own.includes(name)) };
}

export const question = {
  id: 'default:deployment/web',
  desired: { object: WEB },
  permit: async (_: ResourceRight): Promise<void> => undefined,
};
