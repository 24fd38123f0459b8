import { FluxError } from '../../base/index.ts';
import { FORCE_ANNOTATION, ignorePolicy } from '../../resource/index.ts';
import { kindName, objectPath } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';
import type { Target } from '../scope/scope.ts';
import { readMetadata, type TakeoverDeps } from './takeover.ts';

/** Kinds that hold data or other objects: never deleted to change a field, even with the annotation. */
const NEVER = new Set([
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

const GONE_MS = 60_000;
const DELETE_ATTEMPTS = 3;

/** False for kinds that hold data or other objects. */
export function mayBeRecreated({ resource }: Pick<Target, 'resource'>): boolean {
  return !NEVER.has(`${resource.group}/${resource.kind}`);
}

/** The error for an immutable field, with help for this kind. */
export function immutableError(error: FluxError, { resource }: Pick<Target, 'resource'>, changed: readonly string[]): FluxError {
  const never = !mayBeRecreated({ resource });
  return new FluxError(error.message + (changed.length > 0 ? ` (changed here: ${changed.join(', ')})` : ''), {
    code: 'cluster/immutable',
    fault: 'user',
    help: never
      ? `This field is immutable, and Flux never deletes a ${resource.kind} to change it, even with ${FORCE_ANNOTATION}: restore the old value, or rename the object.`
      : `This field is immutable: restore the old value, rename the object, or annotate its manifest with ${FORCE_ANNOTATION}: "true" to let Flux delete and recreate this object.`,
    cause: error,
  });
}

export interface RecreateDeps extends TakeoverDeps {
  /** Called if the object is not removed at once. */
  readonly onWait: () => void;
  /** @throws FluxError if the API server would reject the new object; then nothing is deleted. */
  readonly tryCreation: () => Promise<void>;
  /** Deletes exactly the compared object; false if it has changed since. */
  readonly delete: (live: LiveObject) => Promise<boolean>;
}

/**
 * Deletes an object whose immutable field changed, and waits until it is removed. Nothing is deleted if the kind holds data or
 * other objects, if the live object is annotated to be ignored, or if the new object would be rejected.
 * @throws FluxError `cluster/immutable` if it may not be deleted, `cluster/not-gone` if finalizers delay the removal.
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

  /** Deletes the current version, and retries if it changes meanwhile. */
  async function deleteCurrent(): Promise<LiveObject | undefined> {
    for (let attempt = 0; attempt < DELETE_ATTEMPTS; attempt += 1) {
      const live = await readMetadata(deps.request, path);
      if (!live) return undefined;
      if (ignorePolicy(live.annotations) !== undefined) {
        throw new FluxError(`${refusal.message}; not recreated, because it is annotated with fluxcd.io/ignore in the cluster`, {
          code: 'cluster/immutable',
          fault: 'user',
          help: 'Remove the annotation in the cluster, or restore the old value.',
          cause: refusal,
        });
      }
      if (attempt === 0) await deps.tryCreation();
      if (await deps.delete(live)) return live;
    }
    throw new FluxError(`${subject} cannot be recreated: it keeps changing`, {
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
        throw new FluxError(`${subject} still exists ${GONE_MS / 1000} s after it was deleted to be recreated${holders}`, {
          code: 'cluster/not-gone',
          fault: 'user',
          help: 'The controllers of the finalizers have to finish. A later sync then creates the object.',
          cause: refusal,
        });
      }
      deps.onWait();
      await deps.clock.sleep(delayMs, deps.signal ? { signal: deps.signal } : {});
    }
  }
}

/**
 * Fields of `spec` that differ from the manifest, for errors of the API server about `spec` as a whole; the fields in its message are the
 * mutable ones.
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
