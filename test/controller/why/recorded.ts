import { FluxError, systemClock } from '../../../src/base/index.ts';
import type { Evidence } from '../../../src/change/index.ts';
import type { ApiRequest } from '../../../src/cluster/connection/transport.ts';
import type { Directory } from '../../../src/cluster/discovery/discovery.ts';
import { inspect } from '../../../src/cluster/inspect/inspect.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import type { Fields, KubeObject } from '../../../src/resource/index.ts';

/** Objects in the shapes of a real API server (v1.34), each with the fields that matter and some that do not. */

const NAMESPACE = 'shop';
const LABELS = { app: 'web' };
const HASH = '6d4cf56db6';
export const POD = `web-${HASH}-x2x9p`;
const IMAGE = 'registry.example.org/acme/web:1.1.0';

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-12-05T11:50:00Z',
  lastUpdateTime: '2026-12-05T11:50:00Z',
});

export const PROGRESSING = condition('Progressing', 'True', 'ReplicaSetUpdated', `ReplicaSet "web-${HASH}" is progressing.`);

export function liveDeployment(conditions: readonly Fields[] = [PROGRESSING], metadata: Fields = {}): Fields {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: NAMESPACE,
      uid: 'd-1',
      generation: 2,
      creationTimestamp: '2026-12-01T09:00:00Z',
      annotations: { 'deployment.kubernetes.io/revision': '2' },
      ...metadata,
    },
    spec: { replicas: 1, selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec: {} } },
    status: {
      observedGeneration: 2,
      replicas: 2,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      unavailableReplicas: 1,
      conditions,
    },
  };
}

export function replicaSet(conditions: readonly Fields[] = []): Fields {
  return {
    metadata: {
      name: `web-${HASH}`,
      namespace: NAMESPACE,
      uid: 'r-2',
      creationTimestamp: '2026-12-05T11:50:00Z',
      labels: { ...LABELS, 'pod-template-hash': HASH },
      annotations: { 'deployment.kubernetes.io/revision': '2' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'd-1', controller: true }],
    },
    spec: { replicas: 1 },
    status: { replicas: 1, fullyLabeledReplicas: 1, observedGeneration: 1, conditions },
  };
}

export const FAILED_CREATE = (message: string) => condition('ReplicaFailure', 'True', 'FailedCreate', message);

/** A pod of the newest ReplicaSet; `container` is its container status, `spec` more of its spec. */
export function pod(
  container: Fields | undefined,
  { spec = {}, unscheduled }: { readonly spec?: Fields; readonly unscheduled?: string } = {},
): Fields {
  const isScheduled = unscheduled === undefined;
  return {
    metadata: {
      name: POD,
      namespace: NAMESPACE,
      creationTimestamp: '2026-12-05T11:50:00Z',
      labels: { ...LABELS, 'pod-template-hash': HASH },
    },
    spec: {
      ...(isScheduled ? { nodeName: 'node-1' } : {}),
      containers: [{ name: 'web', image: IMAGE, env: [{ name: 'PASSWORD', value: 'hunter2' }] }],
      ...spec,
    },
    status: {
      phase: container && 'running' in ((container.state as Fields) ?? {}) ? 'Running' : 'Pending',
      conditions: isScheduled
        ? [
            condition('PodScheduled', 'True', '', ''),
            condition('Ready', 'False', 'ContainersNotReady', 'containers with unready status: [web]'),
          ]
        : [condition('PodScheduled', 'False', 'Unschedulable', unscheduled)],
      ...(container
        ? { containerStatuses: [{ name: 'web', image: IMAGE, ready: false, restartCount: 0, started: false, ...container }] }
        : {}),
    },
  };
}

export function event(
  reason: string,
  message: string,
  { kind = 'Pod', name = POD, count = 1 }: { readonly kind?: string; readonly name?: string; readonly count?: number } = {},
): Fields {
  return {
    metadata: { name: `${name}.1857a1`, namespace: NAMESPACE, creationTimestamp: '2026-12-05T11:50:00Z' },
    involvedObject: { kind, name, namespace: NAMESPACE },
    type: 'Warning',
    reason,
    message,
    count,
    firstTimestamp: '2026-12-05T11:50:00Z',
    lastTimestamp: '2026-12-05T11:59:00Z',
    source: { component: 'kubelet', host: 'node-1' },
  };
}

/** What a cluster answers, by the last part of the path; 403 for `forbidden`. */
export interface Recorded {
  readonly deployment?: Fields | 'forbidden';
  readonly replicaSets?: readonly Fields[];
  readonly pods?: readonly Fields[] | 'forbidden';
  readonly events?: readonly Fields[] | 'forbidden';
  readonly claims?: Readonly<Record<string, Fields>>;
  readonly namespace?: Fields;
  readonly autoscalers?: readonly Fields[];
  /** How often it was corrected. */
  readonly corrected?: { readonly corrections: number; readonly until: number };
}

/** Loses one of the requests. */
export interface Lost {
  readonly nth: number;
  readonly how: (request: ApiRequest) => Promise<void>;
}

/** The evidence that such answers lead to; `sent` gets the requests. */
export function evidenceFrom(recorded: Recorded, scaled = false, sent: ApiRequest[] = [], lose?: Lost): Promise<Evidence> {
  const apps = (kind: string, plural: string) => ({
    group: 'apps',
    version: 'v1',
    kind,
    plural,
    namespaced: true,
    verbs: ['get', 'list'],
  });
  const kinds = [apps('Deployment', 'deployments'), apps('StatefulSet', 'statefulsets')];
  const directory: Directory = {
    find: (group, version, kind) => kinds.find((each) => each.group === group && each.version === version && each.kind === kind),
    served: (kind) => kinds.filter((each) => each.kind === kind),
    kinds,
    all: kinds,
    isExcluded: () => false,
    missing: [],
    unseen: [],
    vanished: [],
  };
  const object: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: NAMESPACE } };
  return inspect(
    { id: 'shop:deployment/web', object, scaled },
    {
      transport: {
        async request(request) {
          sent.push(request);
          if (lose?.nth === sent.length) await lose.how(request);
          return { status: 200, headers: {}, attempts: 1, body: answerOf(recorded, request) };
        },
      },
      allowed: createAllowedNamespaces([]),
      directory: async () => directory,
      // A deadline that a lost request reaches at once.
      clock: {
        deadline: (_ms, parent) => systemClock.deadline(lose ? 20 : 60_000, parent),
      },
      corrected: () => recorded.corrected,
      manager: 'flux',
    },
    undefined,
  );
}

function answerOf(recorded: Recorded, { path, query = {} }: ApiRequest): Fields {
  const last = path.split('/').slice(-2).join('/');
  const list = (items: readonly Fields[] | 'forbidden' = []) => {
    if (items === 'forbidden') throw forbidden(path);
    return { items };
  };
  switch (last) {
    case 'deployments/web':
      if (recorded.deployment === 'forbidden') throw forbidden(path);
      return recorded.deployment ?? missing(path);
    case 'shop/replicasets':
      return list(recorded.replicaSets);
    case 'shop/pods':
      return list(recorded.pods);
    case 'shop/horizontalpodautoscalers':
      return list(recorded.autoscalers);
    case 'namespaces/shop':
      return recorded.namespace ?? missing(path);
    case 'shop/events': {
      const { events = [] } = recorded;
      if (events === 'forbidden') return list(events);
      return list(events.filter(({ involvedObject }) => query.fieldSelector?.endsWith(`=${(involvedObject as Fields).name}`)));
    }
    default:
      return recorded.claims?.[last.replace('persistentvolumeclaims/', '')] ?? missing(path);
  }
}

function forbidden(path: string): FluxError {
  return new FluxError(`${path} is forbidden: User "flux" cannot list it`, { code: 'cluster/forbidden' });
}

function missing(path: string): never {
  throw new FluxError(`${path} not found`, { code: 'cluster/not-found', fault: 'missing' });
}
