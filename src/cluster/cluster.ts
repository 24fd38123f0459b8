import {
  type Cancellable,
  type Clock,
  createChangedOnly,
  type ElectionHandlers,
  FluxError,
  firstOf,
  type Logger,
  timeOfDay,
} from '../base/index.ts';
import {
  type Change,
  type Evidence,
  type HealthState,
  isApplied,
  type ObjectDiff,
  type ObjectEvent,
  type Plan,
  type PlanRequest,
} from '../change/index.ts';
import {
  type AccessQuestion,
  type AccessVerdict,
  type ClusterCapabilities,
  type ClusterWorkload,
  type DesiredState,
  formatResourceId,
  isFluxV1Workload,
  type KubeObject,
  type PodState,
  type ResourceId,
  type WorkloadFilter,
} from '../resource/index.ts';
import { applySteps } from './apply/apply.ts';
import { applyBody } from './apply/body.ts';
import { createWindow } from './apply/window.ts';
import { reviewAccess } from './connection/access.ts';
import { createCredentialSource, type KubeconfigSource, loadKubeconfig } from './connection/kubeconfig.ts';
import { createTransport, fenced } from './connection/transport.ts';
import { createResumption } from './dependency/resumption.ts';
import { diffSteps } from './diff/diff.ts';
import { type ApiResource, hasKind, isPathSegment, kindKey } from './discovery/api-resource.ts';
import { createCapabilities } from './discovery/capabilities.ts';
import type { DefinedKinds } from './discovery/crd.ts';
import { createDiscovery, DIRECTORY_MAX_AGE_MS, type Directory } from './discovery/discovery.ts';
import { serverVersion } from './discovery/server-version.ts';
import { createObjectEvents, type EventResult, type Subject } from './event/object-events.ts';
import { healthNow } from './health/health-now.ts';
import { type HealthOptions, healthTarget, watchHealth } from './health/watch-health.ts';
import { type InspectRequest, inspect } from './inspect/inspect.ts';
import type { Fence } from './lease/fence.ts';
import { type Candidacy, leaseName, takePart } from './lease/take-part.ts';
import { createLiveReads } from './live/live-reads.ts';
import { createConfigMapStore } from './memory/config-map.ts';
import { readOwnValues } from './object/own-values.ts';
import { FIELD_MANAGER } from './object/ownership.ts';
import { type CoreKind, readCore } from './object/read-core.ts';
import { createOwned } from './owned/owned.ts';
import { workloadUids } from './owned/workload-uids.ts';
import { lostFields } from './plan/drift.ts';
import { isFought, noteCorrections } from './plan/fight.ts';
import { planSync } from './plan/plan.ts';
import { noteRefusals, noteWaiting } from './plan/refusal.ts';
import type { ClusterSource } from './plan/source.ts';
import { isWanted, type Step } from './plan/step.ts';
import { createSyncSet, type SyncSet } from './plan/sync-set.ts';
import { readPods } from './pod/read-pods.ts';
import { wantedMeanwhile } from './prune/others.ts';
import type { DeletionCandidate } from './prune/precious.ts';
import { selfOf } from './prune/self.ts';
import { createAllowedNamespaces } from './scope/allowed-namespaces.ts';
import { findKind, keyOf, type Target } from './scope/scope.ts';
import { createOwnSecret, type OwnSecret } from './secret/own-secret.ts';
import { createAttention } from './watch/attention.ts';
import { createViews } from './watch/views.ts';
import { exportObjects } from './workload/export.ts';
import { createOtherWorkloads } from './workload/other-workloads.ts';
import { createWorkloadLister } from './workload/workloads.ts';

export interface ClusterOptions extends KubeconfigSource {
  /** Namespace of namespaced manifests without one; otherwise the kubeconfig context's, otherwise `default`. */
  readonly defaultNamespace?: string;
  /** Flux v1 globs on `group/version/Kind` (--k8s-unsafe-exclude-resource). */
  readonly excludeResources: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Field manager of our applies. Default `flux`. */
  readonly fieldManager?: string;
  /** The most writes at a time; how many it is depends on what the API server makes of them. */
  readonly maxInFlight?: number;
  /** Namespaces to which everything is limited (--k8s-allow-namespace); none: no limit. */
  readonly namespaces?: readonly string[];
  /** Time for one request in milliseconds. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Called for each request with its status, which is absent without a response. */
  readonly onRequest?: (method: string, status: number | undefined) => void;
  /** Names this daemon in Kubernetes Events. Default `fluxd`. */
  readonly instance?: string;
  /** Called with the result of each Kubernetes Event. */
  readonly onEvent?: (result: EventResult) => void;
}

/** What ids follow from. */
interface Names {
  readonly directory: Directory | undefined;
  readonly defined: readonly DefinedKinds[];
}

/** What a plan was made from. */
interface Made {
  readonly steps: readonly Step[];
  readonly set: SyncSet;
  readonly desired: DesiredState;
}

const MAX_IN_FLIGHT = 64;
/** Number of writes from which suspending the watches pays: each echo costs the API server and us half as much as a write. */
const MANY = 200;

/** Kinds whose watch is kept: those that Git wants objects of, and Flux v1's workloads, which are listed time and again. */
function neededBy(sets: Iterable<SyncSet>): (resource: ApiResource) => boolean {
  const kinds = new Set<string>();
  for (const { targets } of sets) for (const { target } of targets.values()) kinds.add(kindKey(target.resource));
  return (resource) => isFluxV1Workload(resource) || kinds.has(kindKey(resource));
}

/**
 * Connects to a cluster. Reads the kubeconfig, but asks no server yet: a cluster that is down is an error of the first plan,
 * not of the start.
 * @throws FluxError `cluster/no-config`, `cluster/bad-config`.
 */
export async function createCluster(options: ClusterOptions) {
  const { clock, log, fieldManager: manager = FIELD_MANAGER, maxInFlight = MAX_IN_FLIGHT, requestTimeoutMs } = options;
  const allowed = createAllowedNamespaces(options.namespaces ?? []);
  const changedOnly = createChangedOnly();
  const kubeconfig = await loadKubeconfig(options);
  const defaultNamespace = options.defaultNamespace || kubeconfig.namespace || 'default';
  const credentials = createCredentialSource(kubeconfig, () => loadKubeconfig(options), clock);
  const transport = createTransport({
    credentials,
    clock,
    maxInFlight,
    onRequest: options.onRequest,
    ...(requestTimeoutMs === undefined ? {} : { timeoutMs: requestTimeoutMs }),
  });
  const window = createWindow({ clock, max: maxInFlight });
  const discovery = createDiscovery({ transport, clock, log, excludeResources: options.excludeResources });
  const directory = (signal: AbortSignal | undefined) => discovery.look(DIRECTORY_MAX_AGE_MS, signal);
  const readCapabilities = createCapabilities({ transport, discovery, clock });
  const ownNamespace = async () => selfOf((await credentials.current()).headers)?.namespace;
  /** Names of the Secrets in our own namespace that this daemon keeps its keys in. */
  const ownSecrets = new Set<string>();
  const syncSets = new Map<string, SyncSet>();
  /** Where the objects of changes are, for requests for their health. */
  const places = new WeakMap<Change, { readonly target: Target; readonly set: SyncSet }>();
  /** Subjects of Events, by the change that they report. */
  const subjects = new WeakMap<Change, Subject>();
  /** The same in the order of joining. */
  let sets: readonly SyncSet[] = [];
  const attention = createAttention({ clock, manager, sets: () => sets });
  const otherWorkloads = createOtherWorkloads(() => sets);
  const views = createViews({
    transport,
    clock,
    log,
    manager,
    allowed,
    // The next caller gets the error, so that an outage is known before the next sync.
    onLost: () => attention.ask(sets),
    isWorkloadKind: (resource) => otherWorkloads().has(kindKey(resource)),
    findLost(key, live, print) {
      for (const { targets, inventory } of sets) {
        const each = targets.get(key);
        // While the digest is the one we know, everything is ours.
        if (each && inventory.get(key)?.fingerprint !== print)
          return lostFields({ ...applyBody(each.target, each.mark).body }, live, manager);
      }
      return undefined;
    },
    onChange(resource, live, namespace, name) {
      const key = keyOf(resource, resource.namespaced ? namespace : undefined, name);
      attention.changed({ key, live });
      resumption.changed(key);
    },
  });
  const healthOf = (target: Target, { inventory }: SyncSet): HealthState =>
    healthNow(target, inventory, { views, allowed, clock }).state;
  const resumption = createResumption({
    isHealthy: (target, set) => healthOf(target, set) === 'current',
    ask: (set) => attention.ask([set]),
  });
  const uidsIn = (namespace: string) => workloadUids(namespace, { sets, views, allowed });
  const owned = createOwned({ transport, allowed, clock, uidsIn });
  const plans = new WeakMap<Plan, Made>();
  /** What ids follow from, as of the last question. */
  let names: Names = { directory: undefined, defined: [] };
  const objectEvents = createObjectEvents({
    transport,
    clock,
    log,
    changedOnly,
    allowed,
    instance: options.instance || 'fluxd',
    onEvent: options.onEvent,
  });
  const listWorkloads = createWorkloadLister({
    transport,
    discovery,
    views,
    allowed,
    log,
    changedOnly,
    wanted: () => otherWorkloads().values(),
  });

  function setOf(syncSet: string): SyncSet {
    const set = syncSets.get(syncSet);
    if (set) return set;
    throw new FluxError('plan for a source that the cluster does not know', { code: 'cluster/unknown-source' });
  }

  function othersOf(set: SyncSet): readonly SyncSet[] {
    return sets.filter((each) => each !== set);
  }

  return {
    defaultNamespace,

    /** Adds a source, before its first plan. */
    join(source: ClusterSource): void {
      syncSets.set(source.syncSet, createSyncSet({ source, order: syncSets.size, defaultNamespace, allowed }));
      sets = [...syncSets.values()];
    },

    async plan(request: PlanRequest, { signal }: Cancellable = {}): Promise<Plan> {
      const set = setOf(request.syncSet);
      const others = othersOf(set);
      const self = selfOf((await credentials.current()).headers, ownSecrets);
      const deps = { transport, discovery, views, allowed, clock, log, changedOnly, manager, layOut: set.layOut, self, others };
      const { targets } = set;
      const { steps, orphans, unconfirmed } = await planSync(request, set, deps, signal);
      if (!request.preview) {
        views.retain(neededBy(sets));
        // An object that this source no longer wants may be what another one waits for.
        if (set.targets !== targets) attention.ask(others.filter(({ isWaiting }) => isWaiting));
      }
      const plan: Plan = {
        entries: steps.map(({ entry }) => entry),
        ...(orphans.length > 0 ? { orphans } : {}),
        ...(unconfirmed === undefined ? {} : { unconfirmed }),
      };
      plans.set(plan, { steps, set, desired: request.desired });
      return plan;
    },

    async apply(
      plan: Plan,
      { signal, onProgress }: Cancellable & { readonly onProgress?: () => void } = {},
    ): Promise<readonly Change[]> {
      const known = plans.get(plan);
      if (!known)
        throw new FluxError('plan was not made by this cluster, or was carried out before', { code: 'cluster/foreign-plan' });
      plans.delete(plan);
      const { steps, set, desired } = known;
      const deps = {
        transport: fenced(transport, set.source.fence),
        discovery,
        clock,
        manager,
        window,
        wantedElsewhere: (candidate: DeletionCandidate) => wantedMeanwhile(candidate, othersOf(set)),
        onApplied: views.note,
        desired,
        healthOf: (target: Target) => healthOf(target, set),
        onProgress,
      };
      resumption.expect(set, []);
      const carryOut = () => applySteps(steps, set, deps, signal);
      const isLarge = steps.filter(({ act }) => act === 'apply').length >= MANY;
      const { changes, waiting } = await attention.during(set, async () => {
        const applied = await (isLarge ? views.resting(carryOut) : carryOut());
        const { changes } = applied;
        noteCorrections(set, steps, changes, { now: clock.monotonic(), manager });
        noteRefusals(set, steps, changes);
        noteWaiting(set, steps, changes);
        for (const [index, change] of changes.entries()) {
          const step = steps[index];
          if (!step) continue;
          if (isWanted(step) && step.target) places.set(change, { target: step.target, set });
          const subject = subjectOf(step, set);
          if (subject) subjects.set(change, subject);
        }
        return applied;
      });
      resumption.expect(
        set,
        waiting.flatMap(({ health }) => health ?? []),
      );
      return changes;
    },

    watchHealth(changes: readonly Change[], onChange: () => void, options?: HealthOptions) {
      const targets = changes.flatMap((change) => {
        const place = places.get(change);
        return place && isApplied(change) ? [healthTarget(place.target, place.set.inventory)] : [];
      });
      return watchHealth(targets, { transport, directory: discovery.current(), allowed, views, clock, log }, onChange, options);
    },

    async diff(plan: Plan, { signal }: Cancellable = {}): Promise<readonly ObjectDiff[]> {
      const known = plans.get(plan);
      if (!known)
        throw new FluxError('plan was not made by this cluster, or was carried out before', { code: 'cluster/foreign-plan' });
      return diffSteps(known.steps, { transport, manager }, signal);
    },

    recordEvents(events: readonly ObjectEvent[]): void {
      for (const { change, ...event } of events) {
        const subject = subjects.get(change);
        if (subject) objectEvents.add(subject, event);
      }
    },

    workloads: (filter: WorkloadFilter, { signal }: Cancellable = {}): Promise<readonly ClusterWorkload[]> =>
      listWorkloads(filter, signal),

    exportObjects: ({ signal }: Cancellable = {}): Promise<readonly KubeObject[]> =>
      exportObjects({ transport, discovery, allowed, log, changedOnly }, signal),

    /** Takes part in the election of the daemon that writes until the signal aborts, then gives up what it holds. */
    takePart(candidacy: Candidacy, handlers: ElectionHandlers, signal: AbortSignal): Promise<void> {
      const watched: ElectionHandlers = {
        ...handlers,
        onLead(term, how) {
          // From then on another process may write, and what this one planned no longer counts.
          const forget = () => {
            const set = syncSets.get(candidacy.syncSet);
            if (set) set.isPlanned = false;
          };
          term.addEventListener('abort', forget, { once: true });
          handlers.onLead(term, how);
        },
      };
      return takePart({ ...candidacy, credentials, onRequest: options.onRequest, clock, log }, watched, signal);
    },

    /** Texts that outlast a restart of the daemon, in a ConfigMap beside the Lease of the source. */
    memory: ({ syncSet, fence }: { readonly syncSet: string; readonly fence: Fence }) =>
      createConfigMapStore({
        transport: fenced(transport, fence),
        namespace: ownNamespace,
        name: leaseName(syncSet),
      }),

    secret({ name, fence }: { readonly name: string; readonly fence?: Fence }): OwnSecret {
      ownSecrets.add(name);
      return createOwnSecret({ transport: fence ? fenced(transport, fence) : transport, namespace: ownNamespace, name });
    },

    ownValues: (object: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string }, cancel: Cancellable = {}) =>
      readOwnValues({ transport, namespace: ownNamespace, ...object }, cancel),

    reviewAccess: (question: AccessQuestion, { signal }: Cancellable = {}): Promise<AccessVerdict> =>
      reviewAccess(transport, question, signal),

    namesBy(): object {
      const directory = discovery.current();
      const defined = sets.map((set) => set.defined);
      const isSame = defined.length === names.defined.length && defined.every((each, index) => each === names.defined[index]);
      if (names.directory !== directory || !isSame) names = { directory, defined };
      return names;
    },

    idOf(object: KubeObject): ResourceId | undefined {
      const directory = discovery.current();
      if (!directory || !hasKind(object) || !isPathSegment(object.metadata?.name)) return undefined;
      const found = firstOf(sets, ({ defined }) => findKind(object, { directory, defined }));
      if (!found) return undefined;
      const namespace = found.resource.namespaced ? object.metadata.namespace || defaultNamespace : undefined;
      const { name } = object.metadata;
      return allowed.allows(found.resource, namespace, name)
        ? formatResourceId({ namespace, kind: object.kind, name })
        : undefined;
    },

    readCore: (kind: CoreKind, namespace: string, name: string, { signal }: Cancellable = {}): Promise<KubeObject | undefined> =>
      readCore({ kind, namespace, name }, { transport, allowed }, signal),

    inspect: (request: InspectRequest, { signal }: Cancellable = {}): Promise<Evidence> =>
      inspect(
        request,
        {
          transport,
          allowed,
          clock,
          manager,
          directory,
          corrected(key) {
            const fight = firstOf(sets, ({ fights }) => fights.get(key));
            if (!fight || !isFought(fight, clock.monotonic())) return undefined;
            return { ...fight, until: timeOfDay(clock, fight.until) };
          },
        },
        signal,
      ),

    live: createLiveReads({ transport, allowed, clock, directory }),

    pods: (id: ResourceId, { limit, signal }: Cancellable & { readonly limit: number }): Promise<readonly PodState[]> =>
      readPods(id, { transport, allowed }, { limit, signal }),

    owned,

    capabilities: ({ signal }: Cancellable = {}): Promise<ClusterCapabilities> => readCapabilities(signal),

    version: ({ signal }: Cancellable = {}): Promise<string> => serverVersion(transport, signal),

    close(): void {
      objectEvents.close();
      attention.close();
      views.close();
      transport.close();
    },
  };
}

function subjectOf(step: Step, { inventory, source: { fence } }: SyncSet): Subject | undefined {
  if (!isWanted(step)) {
    const { name, namespace, uid } = step.live;
    return { resource: step.resource, namespace, name, uid, fence };
  }
  if (!step.target) return undefined;
  const { resource, namespace, name, key } = step.target;
  return { resource, namespace, name, uid: inventory.get(key)?.uid ?? step.live?.uid, fence };
}
