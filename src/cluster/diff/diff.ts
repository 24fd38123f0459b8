import pLimit from 'p-limit';
import { asFluxError, FluxError, hasCode } from '../../base/index.ts';
import type { ApplyDiff, FieldDiff, IdleEntry, ObjectDiff } from '../../change/index.ts';
import { isFields, isForced } from '../../resource/index.ts';
import { createDraft, type Draft } from '../apply/draft.ts';
import { changedSpecFields, immutableError, mayBeRecreated } from '../apply/recreate.ts';
import { tryCreation } from '../apply/trial.ts';
import type { ApiRequest, Transport } from '../connection/transport.ts';
import { kindName, objectPath } from '../discovery/api-resource.ts';
import { isCrd } from '../discovery/crd.ts';
import { confidentialOf, shownError } from '../object/confidential.ts';
import { metadataOf } from '../object/live.ts';
import { type ApplyStep, isWanted, type Step } from '../plan/step.ts';
import type { Target } from '../scope/scope.ts';
import { compareObjects } from './compare.ts';
import { compareConfidential } from './compare-confidential.ts';
import { compareSecrets } from './compare-secrets.ts';
import { patchAfterTakeover, takeoverOf } from './diff-takeover.ts';
import type { ServerObject } from './flatten.ts';

export interface DiffDeps {
  readonly transport: Transport;
  readonly manager: string;
}

/** Concurrent dry runs, few enough that a parallel sync does not wait for connections. */
const MAX_IN_FLIGHT = 8;
/** Attempts to read the same version of an object twice. */
const LOOKS = 3;
/** Errors that end the whole comparison. */
const FATAL = new Set(['cluster/unreachable', 'cluster/timeout', 'cluster/unauthorized', 'cluster/stopped']);

/** Dry-runs each apply of a plan on the API server, and returns the changes field by field. */
export async function diffSteps(steps: readonly Step[], deps: DiffDeps, signal?: AbortSignal): Promise<readonly ObjectDiff[]> {
  const limit = pLimit(MAX_IN_FLIGHT);
  const giveUp = new AbortController();
  const whileWorthIt = signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal;
  const diffs = new Map<Step, ObjectDiff>();
  /** Namespaces and definitions of the set, as `Namespace shop`, which other objects need and a dry run does not create. */
  const bases = new Map<string, ObjectDiff>();

  const inBases = Map.groupBy(steps, (step) => baseOf(step) !== undefined);
  for (const round of [inBases.get(true) ?? [], inBases.get(false) ?? []]) {
    await Promise.all(round.map((step) => limit(async () => record(step, await diffOne(step)))));
  }
  const failures = [...diffs.values()].filter(({ action }) => action === 'failed').length;
  return steps.flatMap((step) => heldByFailures(diffs.get(step), failures) ?? []);

  function record(step: Step, diff: ObjectDiff): void {
    diffs.set(step, diff);
    const base = baseOf(step);
    if (base !== undefined) bases.set(base, diff);
  }

  async function diffOne(step: Step): Promise<ObjectDiff> {
    if (step.act !== 'apply') return step.entry;
    const { entry } = step;
    try {
      return await tryOut(step);
    } catch (thrown) {
      const error = refusalOf(thrown, step);
      if (FATAL.has(error.code)) {
        giveUp.abort(error);
        throw error;
      }
      const { id, inGit, place } = entry;
      return { id, inGit, place, action: 'failed', error };
    }
  }

  async function tryOut(step: ApplyStep): Promise<ApplyDiff | IdleEntry> {
    const { entry, target } = step;
    const { resource, namespace, name } = target;
    const path = objectPath(resource, namespace, name);
    let live = await readLive(path, step);
    const draft = createDraft(step, live && metadataOf(live));
    let wanted: ServerObject;
    try {
      wanted = await dryRun(path, draft, step);
      // A concurrent write must not count as our change. An object that keeps changing is compared anyway.
      for (let looks = 1; looks < LOOKS && versionOf(live) !== versionOf(wanted); looks += 1) {
        live = await readLive(path, step);
        wanted = await dryRun(path, draft, step);
      }
      if (live) wanted = (await dryRunTakeover(path, live, wanted, step)) ?? wanted;
    } catch (thrown) {
      const refusal = refusalOf(thrown, step);
      const reason = whyUntried(step, refusal, live);
      if (refusal.code === 'cluster/immutable') {
        const request = (build: () => ApiRequest) => deps.transport.request({ ...build(), signal: whileWorthIt });
        const shown = (error: FluxError) => refusalOf(error, step);
        await tryCreation(target, createDraft(step, undefined), { request, manager: deps.manager, shown });
      }
      const action = live ? 'change' : 'create';
      return {
        ...entry,
        action,
        reason,
        ...(live ? {} : fieldsOf(step, undefined, draft.current().body)),
      };
    }
    const { fields } = fieldsOf(step, live, wanted);
    const { warnings } = draft.current();
    const noted = warnings.length === 0 ? {} : { warnings };
    const { id, inGit, place } = entry;
    if (live && fields.length === 0) return { id, inGit, place, action: 'unchanged', ...noted };
    return { ...entry, action: live ? 'change' : 'create', fields, ...noted };
  }

  async function dryRun(path: string, draft: Draft, step: ApplyStep): Promise<ServerObject> {
    for (;;) {
      try {
        const answer = await deps.transport.request({
          method: 'PATCH',
          path,
          query: { fieldManager: deps.manager, force: 'true', fieldValidation: 'Strict', dryRun: 'All' },
          unfenced: true,
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body: JSON.stringify(draft.current().body),
          signal: whileWorthIt,
        });
        draft.taken(answer);
        return objectOf(answer.body, step);
      } catch (error) {
        if (!(error instanceof FluxError && draft.mend(error))) throw error;
      }
    }
  }

  /** The result of taking over an object of `kubectl apply`; undefined if it makes no difference. */
  async function dryRunTakeover(
    path: string,
    live: ServerObject,
    applied: ServerObject,
    step: ApplyStep,
  ): Promise<ServerObject | undefined> {
    const patch = patchAfterTakeover(live, applied, deps.manager);
    if (!patch) return undefined;
    const { body } = await deps.transport.request({
      method: 'PATCH',
      path,
      query: { fieldManager: deps.manager, dryRun: 'All' },
      unfenced: true,
      headers: { 'content-type': 'application/json-patch+json' },
      body: JSON.stringify(patch),
      signal: whileWorthIt,
    });
    return objectOf(body, step);
  }

  async function readLive(path: string, step: ApplyStep): Promise<ServerObject | undefined> {
    try {
      return objectOf((await deps.transport.request({ path, signal: whileWorthIt })).body, step);
    } catch (error) {
      const absent = [
        'cluster/not-found',
        'cluster/namespace-missing',
        ...(step.target.needsCrd === undefined ? [] : ['cluster/unknown-resource']),
      ];
      if (hasCode(error, ...absent)) return undefined;
      throw error;
    }
  }

  /** Why a dry run fails although an apply may succeed. @throws the error if an apply would fail as well. */
  function whyUntried({ target }: ApplyStep, error: FluxError, live: ServerObject | undefined): string {
    // The API server does not call an admission webhook with side effects in a dry run.
    if (/does not support dry run/.test(error.message)) return untried(error.message);
    // Fields of kubectl that are removed from Git still exist in a dry run, beside their replacements.
    if (error.code === 'cluster/invalid' && live && takeoverOf(live, deps.manager))
      return untried(`before taking over the fields of kubectl apply: ${error.message}`);
    if (error.code === 'cluster/immutable' && live) {
      if (isForced(target.manifest.object) && mayBeRecreated(target))
        return `it would be deleted and recreated: ${error.message}`;
      throw immutableError(error, target, changedFields(target, live, error.message));
    }
    const needed =
      error.code === 'cluster/namespace-missing'
        ? `Namespace ${target.namespace}`
        : error.code === 'cluster/unknown-resource' && target.needsCrd !== undefined
          ? `CustomResourceDefinition ${target.needsCrd}`
          : undefined;
    const base = needed === undefined ? undefined : bases.get(needed);
    if (!base) throw error;
    if (base.action === 'create' || base.action === 'change') return untried(`${needed} is created in the same sync`);
    throw new FluxError(`needs ${needed}: ${base.error?.message ?? base.reason ?? 'it cannot be applied'}`, {
      code: 'cluster/dependency-failed',
      fault: error.fault,
      help: `Fix ${needed} first; this object is then applied as well.`,
    });
  }
}

/** A dry run returns the version that it would change; a new object has none. */
function versionOf(object: ServerObject | undefined): unknown {
  const version = isFields(object?.metadata) ? object.metadata.resourceVersion : undefined;
  return version === undefined ? '' : version;
}

function refusalOf(thrown: unknown, { target, live }: ApplyStep): FluxError {
  return shownError(asFluxError(thrown, { code: 'cluster/diff-failed' }), target, live);
}

function untried(why: string): string {
  return `a dry run is not possible: ${why}`;
}

/** StatefulSets and Pods reject a change of `spec` without naming the field. */
function changedFields({ manifest, resource }: Target, live: ServerObject, message: string): readonly string[] {
  if (!/: spec: Forbidden/.test(message) || resource.kind === 'Secret') return [];
  return changedSpecFields(manifest.object.spec, live.spec, message);
}

function baseOf(step: Step): string | undefined {
  if (!isWanted(step) || !step.target) return undefined;
  const { resource, name, manifest } = step.target;
  const isBase = (resource.group === '' && resource.kind === 'Namespace') || isCrd(manifest.object);
  return isBase ? `${resource.kind} ${name}` : undefined;
}

function fieldsOf(
  { target: { resource, manifest } }: ApplyStep,
  live: ServerObject | undefined,
  wanted: ServerObject,
): { readonly fields: readonly FieldDiff[] } {
  const confidential = confidentialOf(manifest, live && metadataOf(live));
  if (confidential) return { fields: compareConfidential(live, wanted, confidential) };
  const compare = resource.group === '' && resource.kind === 'Secret' ? compareSecrets : compareObjects;
  return { fields: compare(live, wanted) };
}

function objectOf(body: unknown, { target: { resource, name } }: ApplyStep): ServerObject {
  if (isFields(body) && isFields(body.metadata) && body.metadata.name === name) return body;
  throw new FluxError(`${kindName(resource)} ${name}: the response does not contain the object`, { code: 'cluster/bad-answer' });
}

/** As in an apply: if something fails, nothing is deleted. */
function heldByFailures(diff: ObjectDiff | undefined, failures: number): ObjectDiff | undefined {
  if (diff?.action !== 'prune' || failures === 0) return diff;
  const { id, inGit, uid } = diff;
  return {
    id,
    inGit,
    ...(uid === undefined ? {} : { uid }),
    action: 'held',
    reason: `${failures} object${failures === 1 ? '' : 's'} could not be applied`,
  };
}
