import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Clock, silentLogger, systemClock } from '../../src/base/index.ts';
import type { Plan, PlanRequest } from '../../src/change/index.ts';
import type { KubeObject, Manifest } from '../../src/resource/index.ts';
import { createLoneCluster, type LoneCluster, type LoneClusterOptions } from '../support/lone-cluster.ts';
import { ApiServer } from './api-server.ts';

/** A clock on which sleeping takes no time, but moves it. */
export class JumpClock implements Clock {
  time = Date.parse('2030-01-01T00:00:00Z');
  readonly slept: number[] = [];
  /** Called at each sleep, so that a test can change the world while somebody waits. */
  onSleep: ((ms: number) => void) | undefined;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  async sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.time += ms;
    this.onSleep?.(ms);
  }

  /** In real time, since nobody waits for it. */
  readonly deadline = systemClock.deadline;
}

export interface World {
  readonly server: ApiServer;
  readonly cluster: LoneCluster;
  readonly clock: JumpClock;
  plan(manifests: readonly Manifest[], more?: Partial<PlanRequest>): Promise<Plan>;
  /** Plans and applies; the outcomes by id. */
  sync(manifests: readonly Manifest[], more?: Partial<PlanRequest>): Promise<Record<string, string>>;
}

/** A fresh API server with the namespace `shop`, and a cluster connected to it; both end with the test. */
export async function startWorld(options: Partial<LoneClusterOptions> = {}): Promise<World> {
  const server = await new ApiServer().start();
  server.put('/api/v1/namespaces/shop', { metadata: { name: 'shop' } });
  const clock = new JumpClock();
  const cluster = await createLoneCluster({
    kubeconfigFile: server.kubeconfigFile,
    excludeResources: ['*metrics.k8s.io/*', 'v1/Event'],
    clock,
    log: silentLogger(),
    ...options,
  });
  onTestFinished(async () => {
    cluster.close();
    await server.stop();
  });
  const plan: World['plan'] = (manifests, more) => cluster.plan(request(manifests, more));
  return {
    server,
    cluster,
    clock,
    plan,
    async sync(manifests, more) {
      const changes = await cluster.apply(await plan(manifests, more));
      return Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome]));
    },
  };
}

export const SYNC_SET = 'set-of-the-tests';

export function request(manifests: readonly Manifest[], more: Partial<PlanRequest> = {}): PlanRequest {
  return { desired: { manifests, errors: [], warnings: [] }, syncSet: SYNC_SET, garbageCollection: 'off', ...more };
}

let line = 0;

export function manifest(object: KubeObject, file = 'all.yaml'): Manifest {
  line += 1;
  const checksum = createHash('sha1').update(JSON.stringify(object)).digest('hex');
  return { place: { file, document: 1, line }, object, checksum };
}

export function configMap(
  name: string,
  data: Record<string, unknown> = { a: 'b' },
  namespace: string | undefined = 'shop',
): Manifest {
  return manifest({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(namespace ? { namespace } : {}) }, data });
}

export function namespace(name: string): Manifest {
  return manifest({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

export function deployment(name: string, replicas = 1): Manifest {
  return manifest({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: { replicas, template: { spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } } },
  });
}

export function crd(plural = 'widgets', kind = 'Widget', scope = 'Namespaced'): Manifest {
  return manifest({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', scope, names: { plural, kind }, versions: [{ name: 'v1', served: true, storage: true }] },
  });
}

/** The definition of `widget`, as whole as a real API server wants it. */
export function widgetDefinition(): Manifest {
  return manifest({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
}

export function widget(name: string): Manifest {
  return manifest({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'shop' }, spec: { size: 1 } });
}

export const path = {
  configMap: (name: string, ns = 'shop') => `/api/v1/namespaces/${ns}/configmaps/${name}`,
  secret: (name: string, ns = 'shop') => `/api/v1/namespaces/${ns}/secrets/${name}`,
  namespace: (name: string) => `/api/v1/namespaces/${name}`,
  deployment: (name: string) => `/apis/apps/v1/namespaces/shop/deployments/${name}`,
};
