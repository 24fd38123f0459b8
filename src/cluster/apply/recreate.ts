import { FluxError } from '../../base/index.ts';
import { kindName, objectPath } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import { ignorePolicy } from '../object/ownership.ts';
import type { Target } from '../scope/scope.ts';
import { readMetadata, type TakeoverDeps } from './takeover.ts';

/** On a manifest in Git: what cannot be changed in place may be deleted and created anew, this object alone. */
export const FORCE_ANNOTATION = 'fluxcd.io/force';

/** What holds data, or other objects: never deleted to change a field, whatever an annotation says. */
const NEVER = new Set([
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

const GONE_MS = 60_000;
const DELETE_ATTEMPTS = 3;

export function isForced({ manifest }: Target): boolean {
  const value: unknown = manifest.object.metadata.annotations?.[FORCE_ANNOTATION];
  return value === 'true' || value === true;
}

/** False for kinds that hold data or other objects. */
export function mayBeRecreated({ resource }: Pick<Target, 'resource'>): boolean {
  return !NEVER.has(`${resource.group}/${resource.kind}`);
}

/** The same refusal of an immutable field, with what can be done about it for this kind. */
export function immutableError(error: FluxError, { resource }: Pick<Target, 'resource'>, changed: readonly string[]): FluxError {
  const never = !mayBeRecreated({ resource });
  return new FluxError(error.message + (changed.length > 0 ? ` (changed here: ${changed.join(', ')})` : ''), {
    code: 'cluster/immutable',
    fault: 'user',
    help: never
      ? `Kubernetes does not let this field change in place, and Flux never deletes a ${resource.kind} to change it, ${FORCE_ANNOTATION} or not: put the old value back, or give the object another name.`
      : `Kubernetes does not let this field change in place: put the old value back, give the object another name, or annotate its manifest with ${FORCE_ANNOTATION}: "true", and Flux deletes this object and creates it anew.`,
    cause: error,
  });
}

export interface RecreateDeps extends TakeoverDeps {
  /** Told when the object does not go at once. */
  readonly onWait: () => void;
  /** @throws FluxError when the API server would not create the object: then nothing is deleted. */
  readonly tryCreation: () => Promise<void>;
  /** Deletes exactly the object that was looked at; false when it has changed since. */
  readonly delete: (live: LiveObject) => Promise<boolean>;
}

/**
 * Deletes the object that refused a change of an immutable field, and waits until it is gone. Nothing is deleted when
 * its kind holds data or other objects, when somebody asked in the cluster to leave it alone, or when it could not be created.
 * @throws FluxError `cluster/immutable` when it may not be deleted, `cluster/not-gone` when finalizers hold it.
 */
export async function deleteForRecreation(
  { resource, namespace, name }: Target,
  refusal: FluxError,
  deps: RecreateDeps,
): Promise<void> {
  const path = objectPath(resource, namespace, name);
  const subject = `${kindName(resource)} ${name}`;
  if (!mayBeRecreated({ resource })) throw immutableError(refusal, { resource }, []);
  const deleted = await deleteCurrent();
  if (deleted) await waitGone(deleted);

  /** Deletes it as it is now, which nobody changes meanwhile. */
  async function deleteCurrent(): Promise<LiveObject | undefined> {
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt += 1) {
      const live = await readMetadata(deps.request, path);
      if (!live) return undefined;
      if (ignorePolicy(live.annotations) !== undefined) {
        throw new FluxError(
          `${refusal.message}; not created anew, because it is annotated with fluxcd.io/ignore in the cluster`,
          {
            code: 'cluster/immutable',
            fault: 'user',
            help: 'Take the annotation off in the cluster, or put the old value back.',
            cause: refusal,
          },
        );
      }
      if (attempt === 0) await deps.tryCreation();
      if (await deps.delete(live)) return live;
    }
    throw new FluxError(`${subject} cannot be created anew: it changes all the time`, {
      code: 'cluster/conflict',
      cause: refusal,
    });
  }

  async function waitGone({ uid }: LiveObject): Promise<void> {
    const deadline = deps.clock.monotonic() + GONE_MS;
    for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 1000)) {
      const live = await readMetadata(deps.request, path);
      if (!live || live.uid !== uid) return;
      if (deps.clock.monotonic() >= deadline) {
        const holders = live.finalizers?.length ? `, held by the finalizers ${live.finalizers.join(', ')}` : '';
        throw new FluxError(`${subject} is still there ${GONE_MS / 1000} s after it was deleted to be created anew${holders}`, {
          code: 'cluster/not-gone',
          fault: 'user',
          help: 'Whoever set the finalizers has to finish. A later sync creates the object once it is gone.',
          cause: refusal,
        });
      }
      deps.onWait();
      await deps.clock.sleep(delayMs, deps.signal ? { signal: deps.signal } : {});
    }
  }
}

/**
 * Fields of `spec` that the manifest wants otherwise than they are, where the API server names `spec` as a whole; those that its
 * message names are the ones it would let change.
 */
export function changedSpecFields(wanted: unknown, live: unknown, message: string): readonly string[] {
  if (typeof wanted !== 'object' || wanted === null || typeof live !== 'object' || live === null) return [];
  const now: Readonly<Record<string, unknown>> = { ...live };
  return Object.entries(wanted)
    .filter(([field, value]) => !message.includes(`'${field}'`) && !contains(now[field], value))
    .map(([field]) => `spec.${field}`);
}

function contains(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return String(whole) === String(part);
  if (typeof whole !== 'object' || whole === null) return false;
  if (Array.isArray(part) && (!Array.isArray(whole) || whole.length !== part.length)) return false;
  const inner: Readonly<Record<string, unknown>> = { ...whole };
  return Object.entries(part).every(([key, value]) => contains(inner[key], value));
}
