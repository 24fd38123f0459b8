import { type Catalog, storageKey } from './catalog.ts';
import { required } from './controllers/namespaces.ts';
import { asList, asString, at } from './json.ts';
import { metaOf } from './object.ts';
import type { ContainerPlace } from './pod-logs.ts';
import { matchOf } from './read.ts';
import type { ApiRequest, ApiResponse } from './server.ts';
import type { Store } from './store.ts';

/** What a container uses, as quantities; undefined if it was not measured. */
export type UsageOf = (place: ContainerPlace) => { readonly cpu: string; readonly memory: string } | undefined;

const PATH = /^\/apis\/metrics\.k8s\.io\/v1beta1\/namespaces\/([^/]+)\/pods$/;

export interface PodMetricsDeps {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly usageOf: UsageOf;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Serves lists of PodMetrics as metrics-server does; not part of the discovery documents. Returns whether the path is one of these. */
export function servePodMetrics(
  { catalog, store, usageOf, now }: PodMetricsDeps,
  { path, query }: ApiRequest,
  response: ApiResponse,
): boolean {
  const [, namespace] = PATH.exec(path) ?? [];
  if (namespace === undefined) return false;
  const time = `${new Date(now()).toISOString().slice(0, 19)}Z`;
  const pods = required(catalog, '', 'v1', 'pods');
  const items = store
    .list(storageKey(pods), namespace)
    .filter(matchOf(pods, query))
    .map((pod) => {
      const { name, labels } = metaOf(pod);
      const containers = asList(at(pod, 'spec', 'containers')).flatMap((each) => {
        const container = asString(at(each, 'name')) ?? '';
        const usage = usageOf({ namespace, pod: name, container });
        return usage ? [{ name: container, usage: { ...usage } }] : [];
      });
      const metadata = { name, namespace, creationTimestamp: time, ...(labels ? { labels } : {}) };
      return { metadata, timestamp: time, window: '15.012s', containers };
    })
    // Of a pod that just began there is nothing yet.
    .filter(({ containers }) => containers.length > 0);
  response.send(200, { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items });
  return true;
}
