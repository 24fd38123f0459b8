import { asFluxError, backoffMs, type Clock, FluxError } from '../../base/index.ts';
import { isFields, isForced } from '../../resource/index.ts';
import type { ApiRequest, ApiResponse, Transport } from '../connection/transport.ts';
import { kindName, objectPath } from '../discovery/api-resource.ts';
import { shownError } from '../object/confidential.ts';
import { type Identified, isIdentified, METADATA, metadataOf } from '../object/live.ts';
import type { ApplyStep } from '../plan/step.ts';
import { deleteObject } from './delete.ts';
import { createDraft } from './draft.ts';
import { changedSpecFields, deleteForRecreation, immutableError } from './recreate.ts';
import { takeOver } from './takeover.ts';
import { tryCreation } from './trial.ts';

export interface ApplyObjectDeps {
  /** Sends a request when a slot is free, and builds it only then, so that waiting requests hold no bodies. */
  readonly request: (build: () => ApiRequest) => Promise<ApiResponse>;
  readonly clock: Clock;
  readonly manager: string;
  /** Called if applying the object may take long. */
  readonly onWait: () => void;
  readonly signal?: AbortSignal | undefined;
}

export interface AppliedObject {
  /** The object in the cluster. */
  readonly live: Identified;
  readonly outcome: 'created' | 'configured' | 'unchanged';
  /** Why the object was recreated, if it was. */
  readonly recreated?: string;
  readonly warnings: readonly FluxError[];
}

/** Retries: a custom kind may return 404 for a moment after its definition is established, and concurrent writers may conflict. */
const ATTEMPTS = 6;
/**
 * Applies one object: takes over the fields of `kubectl apply`, sends one server-side apply, and repeats it after rejections that
 * `kubectl apply` would not cause. @throws FluxError if the manifest cannot be applied.
 */
export async function applyObject(step: ApplyStep, deps: ApplyObjectDeps): Promise<AppliedObject> {
  const { target } = step;
  const { resource, namespace, name, manifest } = target;
  const path = objectPath(resource, namespace, name);
  const refuse = (thrown: unknown): never => {
    throw refused(asFluxError(thrown, { code: 'cluster/apply-failed' }), step);
  };
  let live = step.live && (await takeOver(resource, step.live, deps).catch(refuse));
  let draft = createDraft(step, live);
  let recreated: string | undefined;
  const send = () =>
    deps.request(() => ({
      method: 'PATCH',
      path,
      query: { fieldManager: deps.manager, force: 'true', fieldValidation: 'Strict' },
      headers: { 'content-type': 'application/apply-patch+yaml', accept: METADATA },
      body: JSON.stringify(draft.current().body),
    }));

  for (let attempt = 0; ; ) {
    try {
      const answer = await send();
      const { status, body, attempts } = answer;
      draft.taken(answer);
      const now = answered(body, `${kindName(resource)} ${name}`);
      const created = status === 201 || (!live && attempts > 1);
      const same = live?.uid === now.uid && live?.resourceVersion === now.resourceVersion;
      const { warnings } = draft.current();
      if (recreated !== undefined) return { live: now, outcome: 'configured', recreated, warnings };
      return { live: now, outcome: created ? 'created' : same ? 'unchanged' : 'configured', warnings };
    } catch (thrown) {
      const error = asFluxError(thrown, { code: 'cluster/apply-failed' });
      if (draft.mend(error)) continue;
      const justServed = error.code === 'cluster/unknown-resource' && target.needsCrd !== undefined;
      if (attempt + 1 < ATTEMPTS && (justServed || error.code === 'cluster/conflict')) {
        const delayMs = backoffMs(attempt, { initialMs: 100, maxMs: 2000 });
        attempt += 1;
        await deps.clock.sleep(delayMs, deps.signal ? { signal: deps.signal } : {});
      } else if (error.code === 'cluster/immutable') {
        if (!isForced(target.manifest.object) || recreated !== undefined) {
          throw refused(immutableError(error, target, await changedFields(error)), step);
        }
        await recreate(error);
      } else throw refused(error, step);
    }
  }

  async function recreate(refusal: FluxError): Promise<void> {
    const clean = refused(refusal, step);
    const fresh = createDraft(step, undefined);
    await deleteForRecreation(target, clean, {
      ...deps,
      tryCreation: () => tryCreation(target, fresh, { ...deps, shown: (error) => refused(error, step) }),
      delete: async (found) => (await deleteObject(turns(deps), resource, found, { signal: deps.signal })) !== 'changed',
    });
    recreated = clean.message;
    live = undefined;
    draft = fresh;
  }

  /** StatefulSets and Pods reject a change of `spec` without naming the field, so the object is compared. */
  async function changedFields({ message }: FluxError): Promise<readonly string[]> {
    if (!/: spec: Forbidden/.test(message) || resource.kind === 'Secret') return [];
    try {
      const { body } = await deps.request(() => ({ path }));
      return changedSpecFields(manifest.object.spec, isFields(body) ? body.spec : undefined, message);
    } catch {
      // The rejection is reported anyway, with less detail.
      return [];
    }
  }
}

/** The requests of one object as a transport. */
function turns({ request }: ApplyObjectDeps): Pick<Transport, 'request'> {
  return { request: (each) => request(() => each) };
}

function answered(body: unknown, subject: string): Identified {
  const live = isFields(body) && isFields(body.metadata) ? metadataOf(body) : undefined;
  if (live && isIdentified(live) && live.resourceVersion) return live;
  throw new FluxError(`${subject}: the response to the apply contains no object`, { code: 'cluster/bad-answer' });
}

function refused(error: FluxError, { target, live }: Pick<ApplyStep, 'target' | 'live'>): FluxError {
  return shownError(error, target, live);
}
