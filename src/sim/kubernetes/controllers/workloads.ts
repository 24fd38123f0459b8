import { createHash } from 'node:crypto';
import { rfc3339 } from '../../../base/index.ts';
import { type Resource, storageKey } from '../catalog.ts';
import { asList, asObject, asString, at, type Json, type JsonObject, numberAt } from '../json.ts';
import { type KubeObject, metaOf } from '../object.ts';
import type { ImageRun, RunOf } from './image-run.ts';
import { type ControllerContext, required } from './namespaces.ts';
import { startReconciler } from './reconciler.ts';
import { createWorkloadPods, type SimulatedPods } from './workload-pods.ts';

export interface WorkloadControllerOptions extends ControllerContext {
  /** Pods with an image that does not run never become ready. */
  readonly runOf: RunOf;
  /** Milliseconds from a change of a workload to the readiness of its new pods. */
  readonly rolloutMs: number;
  readonly pods: SimulatedPods;
}

type Status = (object: KubeObject, starts: boolean, now: string, runOf: RunOf) => JsonObject;

const KINDS: readonly (readonly [string, string, Status])[] = [
  ['apps', 'deployments', deploymentStatus],
  ['apps', 'statefulsets', statefulSetStatus],
  ['apps', 'daemonsets', daemonSetStatus],
  ['apps', 'replicasets', replicaSetStatus],
  ['batch', 'jobs', jobStatus],
  ['policy', 'poddisruptionbudgets', budgetStatus],
  ['', 'persistentvolumeclaims', claimStatus],
  ['', 'pods', podStatus],
];

const PODS_OF: ReadonlyMap<string, 'Deployment' | 'StatefulSet' | 'DaemonSet'> = new Map([
  ['deployments', 'Deployment'],
  ['statefulsets', 'StatefulSet'],
  ['daemonsets', 'DaemonSet'],
]);

/** Simulates scheduler, kubelet and workload controllers: the status of a workload follows its spec a moment later. */
export function startWorkloadControllers(options: WorkloadControllerOptions): { stop(): void } {
  const { catalog, store, objects, clock, runOf, rolloutMs } = options;
  const startsAll = (object: KubeObject) => imagesOf(object).every((image) => runOf(image).state === 'runs');
  const showPods = createWorkloadPods(options, options.pods);
  const controllers = KINDS.map(([group, plural, statusOf]) => {
    const resource = required(catalog, group, 'v1', plural);
    const key = storageKey(resource);
    return startReconciler({
      store,
      clock,
      watches: (changed) => changed === key,
      delayMs: rolloutMs,
      reconcile: (object, _key, gone) => {
        const { namespace, name, deletionTimestamp } = metaOf(object);
        if (gone) return undefined;
        const place = { resource, namespace, name };
        if (deletionTimestamp !== undefined) return releaseClaim(options, resource, object);
        const now = rfc3339(Math.floor(clock.now() / 1000) * 1000);
        const write = (live: KubeObject): KubeObject => {
          const status = statusOf(live, startsAll(live), now, runOf);
          const metadata = plural === 'deployments' ? withRevision(live) : (live.metadata ?? {});
          return { ...live, metadata, status: { ...asObject(live.status), ...status } };
        };
        const written = objects.update(place, write, { manager: 'kube-controller-manager', subresource: 'status' });
        const starts = startsAll(object);
        const kind = PODS_OF.get(plural);
        if (kind) showPods({ object: written, kind, templateHash: templateHash(object), starts });
        return plural === 'deployments' && !starts ? untilDeadline(object, clock.now()) : undefined;
      },
    });
  });
  return {
    stop: () => {
      for (const controller of controllers) controller.stop();
    },
  };
}

function releaseClaim({ objects }: WorkloadControllerOptions, resource: Resource, object: KubeObject): undefined {
  const { namespace, name, finalizers } = metaOf(object);
  const protection = 'kubernetes.io/pvc-protection';
  if (!finalizers?.includes(protection)) return;
  const keep = finalizers.filter((finalizer) => finalizer !== protection);
  objects.update(
    { resource, namespace, name },
    (live) => ({ ...live, metadata: { ...asObject(live.metadata), finalizers: keep } }),
    {
      manager: 'kube-controller-manager',
    },
  );
}

function imagesOf(object: KubeObject): readonly string[] {
  const spec = at(object, 'spec', 'template', 'spec') ?? object.spec;
  return [...asList(at(spec, 'initContainers')), ...asList(at(spec, 'containers'))].map(
    (container) => asString(at(container, 'image')) ?? '',
  );
}

/** Short hash of the pod template, as in names of ReplicaSets. */
function templateHash(object: KubeObject): string {
  return createHash('sha256')
    .update(JSON.stringify(at(object, 'spec', 'template') ?? null))
    .digest('hex')
    .slice(0, 10);
}

const REVISION = 'deployment.kubernetes.io/revision';

/** Numbers the successive pod templates of a Deployment. */
function withRevision(object: KubeObject): JsonObject {
  const { annotations = {} } = metaOf(object);
  const metadata = asObject(object.metadata);
  const before = asList(at(object, 'status', 'conditions')).find((condition) => at(condition, 'type') === 'Progressing');
  const known = asString(at(before, 'message'))?.includes(templateHash(object)) ?? false;
  if (known && annotations[REVISION] !== undefined) return metadata;
  return { ...metadata, annotations: { ...annotations, [REVISION]: String(Number(annotations[REVISION] ?? 0) + 1) } };
}

function condition(object: KubeObject, type: string, status: string, reason: string, message: string, now: string): Json {
  const before = asList(at(object, 'status', 'conditions')).find((entry) => at(entry, 'type') === type);
  const since = before && at(before, 'status') === status ? (asString(at(before, 'lastTransitionTime')) ?? now) : now;
  const same = before && at(before, 'message') === message && at(before, 'reason') === reason;
  const updated = same ? (asString(at(before, 'lastUpdateTime')) ?? now) : now;
  return { type, status, lastUpdateTime: updated, lastTransitionTime: since, reason, message };
}

/** Milliseconds until the deadline of a running rollout (spec.progressDeadlineSeconds after its last progress); undefined without one. */
function untilDeadline(object: KubeObject, now: number): number | undefined {
  const progressing = asList(at(object, 'status', 'conditions')).find((entry) => at(entry, 'type') === 'Progressing');
  if (at(progressing, 'reason') !== 'ReplicaSetUpdated') return undefined;
  const since = Date.parse(asString(at(progressing, 'lastUpdateTime')) ?? '');
  return Math.max(0, since + numberAt(object, 'spec', 'progressDeadlineSeconds') * 1000 - now);
}

/** The condition of a rollout whose pods cannot start: after the deadline the controller gives up on this template. */
function stuck(object: KubeObject, replicaSet: string, now: string): Json {
  const late = `ReplicaSet "${replicaSet}" has timed out progressing.`;
  const progress = condition(
    object,
    'Progressing',
    'True',
    'ReplicaSetUpdated',
    `ReplicaSet "${replicaSet}" is progressing.`,
    now,
  );
  const before = asList(at(object, 'status', 'conditions')).find((entry) => at(entry, 'type') === 'Progressing');
  const isSameRollout = before !== undefined && at(before, 'message') === at(progress, 'message');
  const isOver = at(before, 'message') === late || (isSameRollout && untilDeadline(object, Date.parse(now)) === 0);
  return isOver ? condition(object, 'Progressing', 'False', 'ProgressDeadlineExceeded', late, now) : progress;
}

function deploymentStatus(object: KubeObject, starts: boolean, now: string): JsonObject {
  const wanted = numberAt(object, 'spec', 'replicas');
  const name = `${metaOf(object).name}-${templateHash(object)}`;
  // The old pods keep running beside pods that cannot start.
  const ready = starts ? wanted : Math.min(wanted, numberAt(object, 'status', 'readyReplicas'));
  const updated = starts ? wanted : ready > 0 ? 1 : wanted;
  const total = starts ? wanted : ready + updated;
  const available = ready >= Math.max(wanted - Math.floor(wanted * 0.25), wanted === 0 ? 0 : 1);
  return dropZeroes({
    observedGeneration: metaOf(object).generation ?? 0,
    replicas: total,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: total - ready,
    conditions: [
      available
        ? condition(object, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
        : condition(
            object,
            'Available',
            'False',
            'MinimumReplicasUnavailable',
            'Deployment does not have minimum availability.',
            now,
          ),
      starts
        ? condition(
            object,
            'Progressing',
            'True',
            'NewReplicaSetAvailable',
            `ReplicaSet "${name}" has successfully progressed.`,
            now,
          )
        : stuck(object, name, now),
    ],
  });
}

/** Go omits zero counters; null removes them from the previous status. */
function dropZeroes(status: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(status).map(([key, value]) => [key, value === 0 ? null : value]));
}

function statefulSetStatus(object: KubeObject, starts: boolean): JsonObject {
  const wanted = numberAt(object, 'spec', 'replicas');
  const revision = `${metaOf(object).name}-${templateHash(object)}`;
  const ready = starts
    ? wanted
    : Math.max(0, Math.min(wanted, numberAt(object, 'status', 'readyReplicas')) - (wanted > 0 ? 1 : 0));
  const current = starts ? revision : (asString(at(object, 'status', 'currentRevision')) ?? revision);
  return {
    ...dropZeroes({ readyReplicas: ready, currentReplicas: ready, updatedReplicas: starts ? wanted : 1 }),
    availableReplicas: ready,
    observedGeneration: metaOf(object).generation ?? 0,
    replicas: wanted,
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
  };
}

function daemonSetStatus(object: KubeObject, starts: boolean): JsonObject {
  const ready = starts ? 1 : 0;
  return {
    ...dropZeroes({ numberAvailable: ready, numberUnavailable: 1 - ready, updatedNumberScheduled: 1 }),
    currentNumberScheduled: 1,
    desiredNumberScheduled: 1,
    numberMisscheduled: 0,
    numberReady: ready,
    observedGeneration: metaOf(object).generation ?? 0,
  };
}

function replicaSetStatus(object: KubeObject, starts: boolean): JsonObject {
  const wanted = numberAt(object, 'spec', 'replicas');
  const ready = starts ? wanted : Math.min(wanted, numberAt(object, 'status', 'readyReplicas'));
  return {
    ...dropZeroes({ fullyLabeledReplicas: wanted, readyReplicas: ready, availableReplicas: ready }),
    observedGeneration: metaOf(object).generation ?? 0,
    replicas: wanted,
  };
}

/** The status of a budget without pods: pods that run are not simulated. */
function budgetStatus(object: KubeObject, _starts: boolean, now: string): JsonObject {
  return {
    conditions: [condition(object, 'DisruptionAllowed', 'False', 'InsufficientPods', '', now)],
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
    observedGeneration: metaOf(object).generation ?? 0,
  };
}

function jobStatus(object: KubeObject, starts: boolean, now: string): JsonObject {
  if (at(object, 'spec', 'suspend') === true) return {};
  const startTime = asString(at(object, 'status', 'startTime')) ?? now;
  if (!starts) return { startTime, active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} };
  const completionTime = asString(at(object, 'status', 'completionTime')) ?? now;
  const done = (type: string, message: string) => ({
    type,
    status: 'True',
    lastProbeTime: completionTime,
    lastTransitionTime: completionTime,
    reason: 'CompletionsReached',
    message,
  });
  const message = 'Reached expected number of succeeded pods';
  return {
    startTime,
    completionTime,
    succeeded: numberAt(object, 'spec', 'completions') || 1,
    active: null,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
    conditions: [done('SuccessCriteriaMet', message), done('Complete', message)],
  };
}

function claimStatus(object: KubeObject): JsonObject {
  const spec = asObject(object.spec);
  return { phase: 'Bound', accessModes: spec.accessModes ?? [], capacity: at(spec, 'resources', 'requests') ?? {} };
}

function podStatus(object: KubeObject, starts: boolean, now: string, runOf: RunOf): JsonObject {
  const startTime = asString(at(object, 'status', 'startTime')) ?? now;
  const ready = starts ? 'True' : 'False';
  const isPulled = imagesOf(object).every((image) => runOf(image).state !== 'missing');
  return {
    phase: isPulled ? 'Running' : 'Pending',
    startTime,
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: type === 'PodScheduled' || type === 'Initialized' ? 'True' : ready,
      lastProbeTime: null,
      lastTransitionTime: startTime,
    })),
    containerStatuses: asList(at(object, 'spec', 'containers')).map((container) => {
      const image = asString(at(container, 'image')) ?? '';
      return { name: at(container, 'name') ?? '', image, imageID: '', ...containerStatus(image, runOf(image), startTime) };
    }),
  };
}

function containerStatus(image: string, run: ImageRun, startedAt: string): JsonObject {
  switch (run.state) {
    case 'runs':
      return { ready: true, restartCount: 0, started: true, state: { running: { startedAt } } };
    case 'missing':
      return waiting(0, { reason: 'ErrImagePull', message: `no such image: ${image}` });
    case 'crashes': {
      const { exitCode } = run;
      const terminated = { exitCode, reason: exitCode === 137 ? 'OOMKilled' : 'Error', startedAt, finishedAt: startedAt };
      const message = 'back-off 10s restarting failed container';
      return { ...waiting(1, { reason: 'CrashLoopBackOff', message }), lastState: { terminated } };
    }
  }
}

function waiting(restartCount: number, reason: JsonObject): JsonObject {
  return { ready: false, restartCount, started: false, state: { waiting: reason } };
}
