import { asFluxError, type Clock, counted, FluxError } from '../../base/index.ts';
import type { Change, IdleEntry, KeptEntry } from '../../change/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { ApiRequest, ApiResponse, Transport } from '../connection/transport.ts';
import { applyInOrder, type OrderedApply, type Waiting } from '../dependency/in-order.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { CRD_GROUP, isCrd, waitEstablished } from '../discovery/crd.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { shownError } from '../object/confidential.ts';
import type { LiveObject } from '../object/live.ts';
import { fingerprint } from '../object/ownership.ts';
import { appliedFrom } from '../plan/inventory.ts';
import type { ApplyStep, DeleteStep, Step } from '../plan/step.ts';
import type { SyncSet } from '../plan/sync-set.ts';
import type { DeletionCandidate } from '../prune/precious.ts';
import { keyOf } from '../scope/scope.ts';
import { applyObject } from './apply-object.ts';
import { deleteObject } from './delete.ts';
import { STAGES, stageOf } from './stage.ts';
import type { Window } from './window.ts';

export interface ApplyDeps extends Pick<OrderedApply, 'desired' | 'healthOf'> {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly manager: string;
  readonly window: Window;
  /** Called with each object that the API server returned. */
  readonly onApplied: (resource: ApiResource, live: LiveObject) => void;
  /** What another source wants by now, of an object to delete: itself, or an object that would be deleted with it. */
  readonly wantedElsewhere: (candidate: DeletionCandidate) => ResourceId | undefined;
  /** Called after each response. */
  readonly onProgress?: (() => void) | undefined;
}

/** Limit of consecutive applies without response, after which the rest is not tried: a thousand timeouts would take hours. */
const MAX_UNANSWERED = 8;

/** What came of the steps. */
export interface Applied {
  /** In the order of the steps. */
  readonly changes: readonly Change[];
  /** The parts that wait for others. */
  readonly waiting: readonly Waiting[];
}

/**
 * Executes the steps: applies parts in the order of their dependencies, each stage by stage, in parallel within a stage, then deletes in
 * reverse order of the stages.
 */
export async function applySteps(
  steps: readonly Step[],
  { inventory, deletes }: Pick<SyncSet, 'inventory' | 'deletes'>,
  deps: ApplyDeps,
  signal?: AbortSignal,
): Promise<Applied> {
  const changes = new Map<Step, Change>();
  const missing = whatIsMissing(steps);
  /** Definitions whose kinds are needed: why they are not served, or undefined once they are. */
  const established = new Map<string, Promise<FluxError | undefined>>();
  let serverDown: FluxError | undefined;
  /** Number of consecutive applies that timed out. */
  let unanswered = 0;

  for (const step of steps) if (step.act === 'none' || step.act === 'keep') changes.set(step, idleChange(step.entry));

  const { desired, healthOf } = deps;
  const waiting = await applyInOrder(steps, { desired, inventory, changes, healthOf, apply: applyInStages });
  const doubt = doubtOf([...changes.values()], waiting);
  const deletions = Map.groupBy(
    steps.filter((step) => step.act === 'delete'),
    (step) => stageOf(step.resource),
  );
  for (let stage = STAGES - 1; stage >= 0; stage -= 1) {
    await Promise.all(
      (deletions.get(stage) ?? []).map(async (step) =>
        changes.set(step, doubt === undefined ? await deleteOne(step) : holdBack(step, doubt)),
      ),
    );
  }
  // Kinds were added or removed.
  if (steps.some(touchesDefinition)) deps.discovery.distrust();
  return { changes: steps.flatMap((step) => changes.get(step) ?? []), waiting };

  async function applyInStages(some: readonly ApplyStep[]): Promise<void> {
    const applies = Map.groupBy(some, (step) => stageOf(step.target.resource));
    const all: Promise<void>[] = [];
    for (let stage = 0; stage < STAGES; stage += 1) {
      await Promise.all(
        (applies.get(stage) ?? []).map((step) => {
          // An object that waits for finalizers does not block others.
          const waits = Promise.withResolvers<void>();
          const done = applyOne(step, waits.resolve).then((change) => void changes.set(step, change));
          all.push(done);
          return Promise.race([done, waits.promise]);
        }),
      );
    }
    await Promise.all(all);
  }

  async function applyOne(step: ApplyStep, onWait: () => void): Promise<Change> {
    const { target, mark, entry, isDrift } = step;
    const { id, inGit, place } = entry;
    try {
      await needs(step);
      const { live: answer, outcome, recreated, warnings } = await applyObject(step, { ...deps, request, onWait, signal });
      // Asked for twice from here on.
      const live = { ...answer, fingerprint: fingerprint(answer, deps.manager) };
      inventory.set(target.key, appliedFrom(live, target.manifest, mark, deps.manager));
      deps.onApplied(target.resource, live);
      const noted = warnings.length > 0 ? { warnings } : {};
      if (outcome === 'unchanged') return { id, inGit, place, outcome, ...noted };
      const reason = recreated === undefined ? entry.reason : `recreated: ${recreated}`;
      const why = outcome === 'configured' || isDrift ? { reason } : {};
      return { id, inGit, place, outcome, ...why, ...(isDrift ? { drift: true } : {}), ...noted };
    } catch (thrown) {
      const error = asFluxError(thrown, { code: 'cluster/apply-failed' });
      noteMissing(step, error);
      return { id, inGit, place, outcome: 'failed', error };
    }
  }

  /** Waits for the Namespace and the definition that the object needs. @throws FluxError if they are missing */
  async function needs({ target }: ApplyStep): Promise<void> {
    const namespace = target.namespace === undefined ? undefined : missing.namespaces.get(target.namespace);
    if (namespace) throw lacks(`namespace ${target.namespace}`, namespace);
    if (target.needsCrd === undefined) return;
    const definition = missing.definitions.get(target.needsCrd) ?? (await whenEstablished(target.needsCrd));
    if (definition) throw lacks(`CustomResourceDefinition ${target.needsCrd}`, definition);
  }

  function noteMissing({ target, live }: ApplyStep, error: FluxError): void {
    if (live) return;
    if (isNamespace(target)) missing.namespaces.set(target.name, error);
    if (isCrd(target.manifest.object)) missing.definitions.set(target.name, error);
  }

  /** Sends a request when a slot is free. */
  function request(build: () => ApiRequest): Promise<ApiResponse> {
    return deps.window.run(async (onRetry) => {
      if (serverDown) throw notTried(serverDown);
      try {
        const progressed = (error: FluxError) => {
          deps.onProgress?.();
          onRetry(error);
        };
        const response = await deps.transport.request({ ...build(), onRetry: progressed, signal });
        unanswered = 0;
        return response;
      } catch (thrown) {
        const error = asFluxError(thrown, { code: 'cluster/apply-failed' });
        unanswered = error.code === 'cluster/timeout' ? unanswered + 1 : 0;
        await findOutWhetherDown(error);
        throw error;
      } finally {
        deps.onProgress?.();
      }
    });
  }

  function whenEstablished(name: string): Promise<FluxError | undefined> {
    const known = established.get(name);
    if (known !== undefined) return known;
    const waiting = waitEstablished(deps, name, signal).then(
      () => undefined,
      (thrown) => asFluxError(thrown, { code: 'cluster/crd-not-established' }),
    );
    established.set(name, waiting);
    return waiting;
  }

  /** If the server is unreachable, every object would wait for its own retries: probe once, and fail the rest at once. */
  async function findOutWhetherDown(error: FluxError): Promise<void> {
    if (serverDown || !['cluster/unreachable', 'cluster/timeout', 'cluster/unauthorized'].includes(error.code)) return;
    // The server may respond to everything except writes.
    if (unanswered >= MAX_UNANSWERED) {
      serverDown = error;
      return;
    }
    try {
      await deps.transport.request({ path: '/version', attempts: 1, signal });
    } catch (thrown) {
      serverDown = asFluxError(thrown, { code: 'cluster/unreachable' });
    }
  }

  /** @throws FluxError `cluster/wanted-elsewhere`. */
  function refuseWanted({ entry: { id }, resource, live }: DeleteStep): void {
    const wanted = deps.wantedElsewhere({ id, resource, live });
    if (wanted === undefined) return;
    const reason = wanted === id ? 'another source of this Flux wants it' : `${wanted} is in Git and would be deleted with it`;
    throw new FluxError(reason, { code: WANTED_ELSEWHERE });
  }

  async function deleteOne(step: DeleteStep): Promise<Change> {
    const { resource, live, entry } = step;
    const { action: _action, reason: whyPruned, ...object } = entry;
    try {
      const beforeSend = () => refuseWanted(step);
      const deleted = await deps.window.run(() => deleteObject(deps.transport, resource, live, { beforeSend, signal }));
      if (deleted === 'changed')
        return { ...object, outcome: 'held', reason: 'it changed after it was compared; the next sync checks again' };
      deletes.set(live.uid, { at: deps.clock.monotonic() });
      inventory.delete(keyOf(resource, live.namespace, live.name));
      const reason =
        deleted.finalizers.length > 0
          ? `it is removed when its finalizers are done: ${deleted.finalizers.join(', ')}`
          : whyPruned;
      return { ...object, outcome: 'deleted', reason };
    } catch (thrown) {
      const failure = asFluxError(thrown, { code: 'cluster/delete-failed' });
      if (failure.code === WANTED_ELSEWHERE) return { ...object, outcome: 'held', reason: failure.message };
      const error = shownError(failure, { resource, name: live.name }, live);
      deletes.set(live.uid, { at: deps.clock.monotonic(), error });
      return { ...object, outcome: 'failed', error };
    } finally {
      deps.onProgress?.();
    }
  }
}

const WANTED_ELSEWHERE = 'cluster/wanted-elsewhere';

/** Namespaces and definitions of the set that are known to fail before anything is sent, so that dependent objects fail as well. */
function whatIsMissing(steps: readonly Step[]) {
  const namespaces = new Map<string, FluxError>();
  const definitions = new Map<string, FluxError>();
  for (const step of steps) {
    if (step.act !== 'none' || !step.target) continue;
    const { target, live, entry } = step;
    const blocked = entry.action === 'failed' || entry.action === 'held';
    const gone = live?.deletionTimestamp !== undefined || (blocked && !live);
    if (!gone) continue;
    const error = entry.error ?? new FluxError(entry.reason ?? 'it cannot be applied', { code: 'cluster/held' });
    // If its kind could not be listed, it may exist.
    if (entry.action === 'held' && entry.error) continue;
    if (isNamespace(target)) namespaces.set(target.name, error);
    if (isCrd(target.manifest.object)) definitions.set(target.name, error);
  }
  return { namespaces, definitions };
}

function touchesDefinition(step: Step): boolean {
  if (step.act === 'none' || step.act === 'keep') return false;
  const { group, kind } = step.act === 'apply' ? step.target.resource : step.resource;
  return kind === 'CustomResourceDefinition' && group === CRD_GROUP;
}

function isNamespace({ resource }: { readonly resource: { readonly group: string; readonly kind: string } }): boolean {
  return resource.group === '' && resource.kind === 'Namespace';
}

function lacks(what: string, cause: FluxError): FluxError {
  return new FluxError(`needs ${what}, which failed: ${cause.message}`, {
    code: 'cluster/dependency-failed',
    fault: cause.fault,
    help: `Fix ${what} first; this object is then applied as well.`,
    cause,
  });
}

function notTried(cause: FluxError): FluxError {
  return new FluxError(`not tried: ${cause.message}`, {
    code: cause.code,
    fault: cause.fault,
    ...(cause.help ? { help: cause.help } : {}),
    cause,
  });
}

/** Why nothing is deleted in this sync. */
function doubtOf(changes: readonly Change[], [waiting]: readonly Waiting[]): string | undefined {
  const failures = changes.filter(({ outcome }) => outcome === 'failed').length;
  if (failures > 0) return `${counted(failures, 'object')} could not be applied in this sync`;
  // What left Git may be of a part that stays as it is.
  return waiting?.reason;
}

function holdBack({ entry: { action: _, ...object } }: DeleteStep, reason: string): Change {
  return { ...object, outcome: 'held', reason };
}

/** The outcome of an object without a request. */
function idleChange(entry: IdleEntry | KeptEntry): Change {
  switch (entry.action) {
    case 'unchanged': {
      const { action: _, ...object } = entry;
      return { ...object, outcome: 'unchanged' };
    }
    case 'skip': {
      const { action: _, ...object } = entry;
      return { ...object, outcome: 'skipped' };
    }
    case 'held': {
      const { action: _, ...object } = entry;
      return { ...object, outcome: 'held' };
    }
    case 'failed': {
      const { action: _, ...object } = entry;
      return { ...object, outcome: 'failed' };
    }
  }
}
