import { asFluxError, type Cancellable, type Clock, type Logger } from '../../base/index.ts';
import type { ObjectHealth } from '../../change/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, kindName } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import { MARK_LABEL } from '../object/ownership.ts';
import type { Inventory } from '../plan/inventory.ts';
import { type AllowedNamespaces, isNamespace, type Part, partKey } from '../scope/allowed-namespaces.ts';
import type { Target } from '../scope/scope.ts';
import { createReflector } from '../watch/reflector.ts';
import { objectKeyIn } from '../watch/store.ts';
import type { Views } from '../watch/views.ts';
import { current, type Health, inProgress } from './health.ts';
import { healthOfSeen, seenIn } from './health-now.ts';
import { isCurrentByExisting } from './kstatus.ts';
import { createPodReasons, type Workload } from './pod-reasons.ts';
import { type Seen, seenOf } from './seen.ts';

/** An object whose health is followed. */
export interface HealthTarget {
  readonly id: ResourceId;
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Healthy as soon as it exists, so that no request is needed after the apply. */
  readonly byExisting: boolean;
  /** Whether its pods may have words that quote what is encrypted in Git. */
  readonly isConfidential: boolean;
  /** The generation of its last apply, if its kind has generations; a view may lag behind and show older ones. */
  readonly appliedGeneration: () => number | undefined;
}

export function healthTarget({ id, key, resource, namespace, name, manifest }: Target, inventory: Inventory): HealthTarget {
  return {
    id,
    resource,
    namespace,
    name,
    byExisting: isCurrentByExisting(resource, { ...manifest.object }),
    isConfidential: manifest.confidential !== undefined,
    appliedGeneration: () => inventory.get(key)?.generation,
  };
}

export interface HealthDeps {
  readonly transport: Transport;
  readonly directory: Directory | undefined;
  readonly allowed: AllowedNamespaces;
  /** The watches of syncs and listings. */
  readonly views: Pick<Views, 'find'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HealthOptions {
  /** Interval of looks at the pods of workloads that are not healthy, in milliseconds. Default 5 s. */
  readonly inspectPodsMs?: number;
}

/** The objects of one part of the cluster, kept up to date. */
interface Objects {
  /** Resolves when they are complete and up to date. */
  current(options: Cancellable): Promise<void>;
  get(namespace: string | undefined, name: string): Seen | undefined;
  close(): void;
}

/** A watched part of the cluster. */
interface View {
  /** Why it may not be watched. */
  refusal?: string;
  /** Why it could not be read so far; retried. */
  error?: string;
  /** Set once its objects are complete. */
  objects?: Objects;
}

/** An object to evaluate again at a given time. */
interface Wait {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly ended: AbortController;
}

/** Delay after a failed first list. */
const RETRY_MS = 2_000;
const LOOK_AGAIN_MS = 60_000;

/**
 * Follows the health of objects. Workloads are read from the watches of syncs and listings, without a request. Every other kind that has a
 * status worth reading takes one list and one watch (for each namespace, where Flux is limited to some), selected by our mark.
 * Nothing polls: `onChange` is called when something may have changed.
 */
export function watchHealth(
  targets: readonly HealthTarget[],
  deps: HealthDeps,
  onChange: () => void,
  { inspectPodsMs }: HealthOptions = {},
) {
  const { directory, allowed, clock, log } = deps;
  const closing = new AbortController();
  const watched = targets.filter(({ byExisting }) => !byExisting);
  const unsettled = new Set(watched);
  const views = new Map<string, View>();
  /** At most one per object: a new evaluation replaces the older. */
  const waits = new Map<HealthTarget, Wait>();
  const reasons = createPodReasons<HealthTarget>({
    transport: deps.transport,
    clock,
    signal: closing.signal,
    onChange,
    ...(inspectPodsMs === undefined ? {} : { everyMs: inspectPodsMs }),
  });
  for (const [key, ofKind] of Map.groupBy(watched, (target) => partKey(partOf(target)))) {
    const view: View = {};
    views.set(key, view);
    const [first] = ofKind;
    if (first) void follow(partOf(first), ofKind, view);
  }

  function partOf({ resource, namespace, name }: HealthTarget): Part {
    return allowed.partOf(resource, namespace, name);
  }

  async function follow({ resource: written, namespace }: Part, ofKind: readonly HealthTarget[], view: View): Promise<void> {
    // Discovery knows kinds of newly applied definitions by now, including their verbs.
    const resource = directory?.find(written.group, written.version, written.kind) ?? written;
    if (directory?.isExcluded(resource)) {
      view.refusal = `${kindName(resource)} is excluded from listing`;
      return;
    }
    if (isNamespace(resource) && namespace !== undefined) {
      view.refusal = `${kindName(resource)} is not watched, because namespaced rights do not allow it`;
      return;
    }
    const byKey = new Map(ofKind.map((target) => [objectKeyIn(target.namespace, target.name), target]));
    const objects = objectsOf({ resource, namespace }, (key) => {
      const target = byKey.get(key);
      if (!target || !view.objects) return;
      judge(target);
      onChange();
    });
    closing.signal.addEventListener('abort', () => objects.close());
    while (!view.objects && !closing.signal.aborted) {
      try {
        await objects.current({ signal: closing.signal });
        view.objects = objects;
        for (const target of ofKind) judge(target);
      } catch (thrown) {
        if (closing.signal.aborted) return;
        const error = asFluxError(thrown, { code: 'cluster/watch-failed' });
        log.warn({ kind: kindName(resource), err: error.message }, 'cannot watch the health of a kind');
        view.error = error.message;
        if (error.code === 'cluster/forbidden') {
          view.refusal = error.message;
          objects.close();
          onChange();
          return;
        }
        await pause(RETRY_MS, closing.signal);
      }
      onChange();
    }
  }

  function objectsOf(part: Part, changed: (key: string) => void): Objects {
    const shared = deps.views.find(part);
    if (shared) {
      return {
        current: (cancel) => shared.current(cancel),
        get: (namespace, name) => seenIn(shared, namespace, name),
        close: shared.listen(changed),
      };
    }
    const reflector = createReflector<Seen>({
      transport: deps.transport,
      clock,
      log,
      resource: part.resource,
      namespace: part.namespace,
      labelSelector: MARK_LABEL,
      detail: 'whole',
      trim: (object) => seenOf(part.resource, object),
      onChange: changed,
    });
    return {
      current: (cancel) => reflector.current(cancel),
      get: (namespace, name) => reflector.objects.get(objectKeyIn(namespace, name)),
      close: () => reflector.close(),
    };
  }

  function healthAt(target: HealthTarget): Health {
    if (target.byExisting) return current('it exists');
    const view = views.get(partKey(partOf(target)));
    if (view?.refusal !== undefined) return { state: 'unknown', message: view.refusal };
    if (!view?.objects)
      return { ...inProgress(`not checked yet${view?.error === undefined ? '' : `: ${view.error}`}`), unread: true };
    return healthOfSeen(view.objects.get(target.namespace, target.name), target.appliedGeneration(), clock.now());
  }

  function workloadOf(target: HealthTarget): Workload | undefined {
    const { namespace, name } = target;
    const pods = views.get(partKey(partOf(target)))?.objects?.get(namespace, name)?.pods;
    return pods === undefined ? undefined : { namespace, labelSelector: pods };
  }

  function judge(target: HealthTarget): void {
    const { state, failsAt } = healthAt(target);
    if (state === 'current' || state === 'failed') unsettled.delete(target);
    else unsettled.add(target);
    reasons.follow(target, state === 'inProgress' || state === 'failed' ? workloadOf(target) : undefined);
    const at = state === 'inProgress' ? failsAt : undefined;
    const waiting = waits.get(target);
    if (waiting?.at === at) return;
    waiting?.ended.abort();
    waits.delete(target);
    if (at !== undefined) void judgeAt(target, at);
  }

  /** Schedules an evaluation that depends only on time. */
  async function judgeAt(target: HealthTarget, at: number): Promise<void> {
    const ended = new AbortController();
    waits.set(target, { at, ended });
    const signal = AbortSignal.any([closing.signal, ended.signal]);
    // Both are wall-clock times, which may be set meanwhile.
    await pause(Math.min(at - clock.now(), LOOK_AGAIN_MS), signal);
    if (signal.aborted) return;
    waits.delete(target);
    judge(target);
    onChange();
  }

  /** Only the signal ends it early. */
  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    await clock.sleep(ms, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  return {
    states: (): readonly ObjectHealth[] =>
      targets.map((target) => {
        const { message, failsAt: _, ...health } = healthAt(target);
        const reason = target.isConfidential ? undefined : reasons.of(target);
        return { ...health, id: target.id, message: reason === undefined ? message : `${message}; ${reason}` };
      }),
    settled(): boolean {
      for (const target of unsettled) if (healthAt(target).state !== 'unknown') return false;
      return true;
    },
    close: () => closing.abort(new Error('the health watch was closed')),
  };
}
