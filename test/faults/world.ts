import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import type { Change, PlanRequest } from '../../src/change/index.ts';
import type { Manifest } from '../../src/resource/index.ts';
import { type Kubernetes, type KubernetesOptions, startKubernetes } from '../../src/sim/index.ts';
import { request } from '../cluster/world.ts';
import { type ApiProxy, startApiProxy } from '../e2e/harness/api-proxy.ts';
import { createKubeClient, type KubeClient, readKubeconfig } from '../e2e/harness/kube-client.ts';
import { createLoneCluster, type LoneCluster, type LoneClusterOptions } from '../support/lone-cluster.ts';
import { createPassage, type Passage } from './passage.ts';
import { VirtualClock } from './virtual-clock.ts';

/** An embedded Kubernetes with the proxy before it, all on one virtual clock. Ends with the test. */
export interface Site {
  readonly kubernetes: Kubernetes;
  readonly proxy: ApiProxy;
  readonly clock: VirtualClock;
  readonly time: Passage;
  /** A person with kubectl, past the proxy. */
  readonly person: KubeClient;
  /** Ends it before the test ends, so that worlds do not pile up. */
  end(): Promise<void>;
  /** A file that is gone after the test. */
  file(name: string, text: string): string;
}

export async function startSite(options: KubernetesOptions = {}, work?: { readonly pending: () => number }): Promise<Site> {
  const clock = new VirtualClock();
  const kubernetes = await startKubernetes({ clock, bookmarkIntervalMs: 60_000, ...options });
  const directory = mkdtempSync(join(tmpdir(), 'flux-faults-'));
  const file = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const endpoint = readKubeconfig(file('kubeconfig', kubernetes.kubeconfig()));
  const proxy = await startApiProxy(endpoint, { clock, secure: false });
  const person = createKubeClient(endpoint);
  const time = createPassage(clock, proxy, work);
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= (async () => {
      time.close();
      person.close();
      await proxy.close();
      await kubernetes.stop();
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    })();
    return ended;
  };
  onTestFinished(end);
  return { kubernetes, proxy, clock, time, person, end, file };
}

/** A site and a cluster that is connected to it through the proxy, with the namespace `shop`. */
export interface World extends Site {
  readonly cluster: LoneCluster;
  /** Plans and applies, while time goes by as needed. */
  sync(manifests: readonly Manifest[], more?: Partial<PlanRequest>): Promise<readonly Change[]>;
}

export async function startWorld(options: Partial<LoneClusterOptions & KubernetesOptions> = {}): Promise<World> {
  const site = await startSite(options);
  const { proxy, clock, time, person } = site;
  await person.create('api/v1/namespaces', { metadata: { name: 'shop' } });
  const cluster = await createLoneCluster({
    kubeconfigFile: proxy.kubeconfig,
    excludeResources: [],
    log: silentLogger(),
    ...options,
    clock,
  });
  onTestFinished(() => cluster.close());
  return {
    ...site,
    cluster,
    sync: (manifests, more) => time.during(cluster.plan(request(manifests, more)).then((plan) => cluster.apply(plan))),
  };
}

/** Outcomes by id. */
export function outcomes(changes: readonly Change[]): Record<string, string> {
  return Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome]));
}

/** Applies and deletes that reached the proxy, as `METHOD path`. */
export function writes({ proxy }: Pick<Site, 'proxy'>): string[] {
  return proxy.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}
