import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../base/index.ts';
import { createCatalog } from './catalog.ts';
import { selfSignedCertificate } from './certificate.ts';
import { startDefinitionController } from './controllers/definitions.ts';
import { startGarbageCollector } from './controllers/garbage.ts';
import { type RunOf, runByTag } from './controllers/image-run.ts';
import { furnish, required, startNamespaceController } from './controllers/namespaces.ts';
import type { SimulatedPods } from './controllers/workload-pods.ts';
import { startWorkloadControllers } from './controllers/workloads.ts';
import { createObjects } from './objects.ts';
import { PodLogStore, type PodLogs } from './pod-logs.ts';
import { servePodMetrics, type UsageOf } from './pod-metrics.ts';
import { createResourceRequests } from './resource-requests.ts';
import { listen, type RequestLine, serveDocuments } from './server.ts';
import { createStore } from './store.ts';

export interface KubernetesOptions {
  readonly host?: '127.0.0.1';
  /** 0 picks a free port; the default. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Events that each resource keeps for resumed watches; 10,000 by default. */
  readonly historyLimit?: number;
  /** Milliseconds between bookmarks on a watch that requested them; 1,000 by default (a real server sends one per minute). */
  readonly bookmarkIntervalMs?: number;
  /** Milliseconds until a CustomResourceDefinition is served; 50 by default. */
  readonly establishMs?: number;
  /** Milliseconds until a changed workload is ready; 100 by default. */
  readonly rolloutMs?: number;
  /** What becomes of containers of an image; by default every image runs, except those with the tag `missing`. */
  readonly runOf?: RunOf;
  /** By default only pods that cannot start are simulated, beside the status of each workload. */
  readonly pods?: SimulatedPods;
  /** What containers use, as metrics-server measures it; by default there is none. */
  readonly usageOf?: UsageOf;
}

export interface Kubernetes {
  /** `https://127.0.0.1:PORT`, with TLS, since clients (kubectl, client-go) do not send tokens over plain HTTP. */
  readonly url: string;
  /** The certificate to trust, PEM. */
  readonly certificateAuthority: string;
  /** The bearer token; requests without it get a 401. */
  readonly token: string;
  /** A kubeconfig (YAML) with address, certificate and token. */
  kubeconfig(): string;
  /** All requests so far, oldest first; tests may clear it (`requests.length = 0`). */
  readonly requests: RequestLine[];
  readonly logs: PodLogs;
  /** Drops past events and unfinished lists: older watches and continue tokens get 410. */
  compact(): void;
  stop(): Promise<void>;
}

/** etcd rejects larger requests; the real limit counts protobuf. */
const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

/** Starts an embedded Kubernetes API on a loopback port. */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const { host = '127.0.0.1', port = 0, clock = systemClock } = options;
  const token = randomBytes(24).toString('base64url');
  const catalog = createCatalog();
  const store = createStore(options.historyLimit ?? 10_000);
  const now = () => clock.now();
  const objects = createObjects({ store, now, maxBytes: MAX_OBJECT_BYTES });
  const context = { catalog, store, objects, clock };
  const controllers = [
    startNamespaceController(context),
    startDefinitionController({ ...context, objectMeta: catalog.objectMeta, establishMs: options.establishMs ?? 50 }),
    startWorkloadControllers({
      ...context,
      runOf: options.runOf ?? runByTag,
      rolloutMs: options.rolloutMs ?? 100,
      pods: options.pods ?? 'failing',
    }),
    startGarbageCollector(context),
  ];
  const namespaces = required(catalog, '', 'v1', 'namespaces');
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    objects.create({ resource: namespaces, namespace: undefined, name }, { metadata: { name } }, { manager: 'kube-apiserver' });
    furnish(context, name);
  }
  const requests: RequestLine[] = [];
  const logs = new PodLogStore(now);
  const { usageOf } = options;
  const certificate = selfSignedCertificate(now());
  const resources = createResourceRequests({
    catalog,
    store,
    objects,
    clock,
    logs,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 1_000,
  });
  const http = await listen({
    host,
    port,
    token,
    certificate,
    onRequest: (line) => requests.push(line),
    handle: (request, response) => {
      if (serveDocuments(catalog, request, response)) return;
      if (usageOf && servePodMetrics({ catalog, store, usageOf, now }, request, response)) return;
      resources.handle(request, response);
    },
  });
  return {
    url: http.url,
    certificateAuthority: certificate.cert,
    token,
    kubeconfig: () => kubeconfigOf(http.url, certificate.cert, token),
    requests,
    logs,
    compact: () => {
      store.compact();
      resources.forget();
    },
    stop: async () => {
      for (const controller of controllers) controller.stop();
      await http.stop();
    },
  };
}

function kubeconfigOf(url: string, authority: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: embedded
  cluster:
    server: ${url}
    certificate-authority-data: ${Buffer.from(authority).toString('base64')}
users:
- name: embedded
  user:
    token: ${token}
contexts:
- name: embedded
  context:
    cluster: embedded
    user: embedded
current-context: embedded
`;
}
