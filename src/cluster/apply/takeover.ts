import { backoffMs, type Clock, FluxError, hasCode } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { ApiRequest, ApiResponse } from '../connection/transport.ts';
import { type ApiResource, objectPath } from '../discovery/api-resource.ts';
import { type FieldsV1, splitFields, unionFields } from '../object/fields-v1.ts';
import { type LiveObject, type ManagedFields, METADATA, metadataOf } from '../object/live.ts';
import { CLIENT_SIDE_APPLY, isAllOurs, LAST_APPLIED, OLD_KUBECTL } from '../object/ownership.ts';
import { withoutStringData } from './string-data.ts';

const ATTEMPTS = 6;

export interface TakeoverDeps {
  /** Sends a request when a slot is free. */
  readonly request: (build: () => ApiRequest) => Promise<ApiResponse>;
  readonly clock: Clock;
  readonly manager: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The managedFields of an object after taking over the fields of `kubectl apply`, or undefined if there are none. Without this, a field
 * that is removed from Git would stay for ever, because its owner, kubectl, never removes it. Fields that older versions of `kubectl
 * label` and the like wrote under the same manager stay theirs, since they are not in the last-applied configuration.
 * (The same migration as client-go's csaupgrade makes: https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply)
 */
export function takenOver(live: LiveObject, manager: string): readonly ManagedFields[] | undefined {
  const entries = live.managedFields ?? [];
  const taken = entries.flatMap((entry) => {
    const split = splitEntry(entry, live);
    return split?.ours ? [{ entry, ours: split.ours, theirs: split.theirs }] : [];
  });
  // The newest entry has the current API version.
  const newest = taken.toSorted((a, b) => (a.entry.time ?? '').localeCompare(b.entry.time ?? '')).at(-1);
  if (!newest) return undefined;
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource);
  const fields = taken.reduce<FieldsV1>((all, { ours }) => unionFields(all, ours), own?.fieldsV1 ?? {});
  const kept = entries.flatMap((entry): readonly ManagedFields[] => {
    if (entry === own) return [];
    const split = taken.find((each) => each.entry === entry);
    if (!split) return [entry];
    return split.theirs ? [{ ...entry, fieldsV1: split.theirs }] : [];
  });
  return [...kept, { ...(own ?? { ...newest.entry, manager, operation: 'Apply' }), fieldsV1: fields }];
}

function splitEntry(
  { manager, operation, subresource, fieldsV1 }: ManagedFields,
  live: LiveObject,
): { readonly ours: FieldsV1 | undefined; readonly theirs: FieldsV1 | undefined } | undefined {
  if (operation !== 'Update' || subresource || !fieldsV1) return undefined;
  if (manager === CLIENT_SIDE_APPLY) return { ours: fieldsV1, theirs: undefined };
  if (manager !== OLD_KUBECTL) return undefined;
  const lastApplied = lastAppliedOf(live);
  if (!lastApplied) return undefined;
  const { inside: ours, outside: theirs } = splitFields(fieldsV1, lastApplied);
  return { ours, theirs };
}

/** The fields that kubectl applied last, including its annotation. */
function lastAppliedOf({ annotations }: LiveObject): unknown {
  const text = annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    const object: unknown = JSON.parse(text);
    if (!isFields(object) || !isFields(object.metadata)) return undefined;
    const written = isFields(object.metadata.annotations) ? object.metadata.annotations : {};
    const metadata = { ...object.metadata, annotations: { ...written, [LAST_APPLIED]: '' } };
    // Applied `stringData` of a Secret is owned as `data`.
    return withoutStringData({ ...object, metadata });
  } catch {
    // The annotation is invalid, so kubectl's fields are unknown.
    return undefined;
  }
}

/** True if the last-applied configuration is needed to find the fields, but was not kept by the watch. */
function lacksLastApplied(live: LiveObject, manager: string): boolean {
  if (live.annotations?.[LAST_APPLIED] !== undefined || isAllOurs(live, manager)) return false;
  return (live.managedFields ?? []).some(
    (entry) => entry.manager === OLD_KUBECTL && entry.operation === 'Update' && !entry.subresource,
  );
}

/**
 * Takes over the fields of `kubectl apply` before our first apply of an object, and again after Flux v1 applied it. Changes only
 * managedFields, so nothing restarts.
 * @returns the object's new metadata; undefined if it does not exist.
 */
export async function takeOver(
  resource: ApiResource,
  found: LiveObject,
  { request, clock, manager, signal }: TakeoverDeps,
): Promise<LiveObject | undefined> {
  const path = objectPath(resource, resource.namespaced ? found.namespace : undefined, found.name);
  const whole = lacksLastApplied(found, manager) ? await readMetadata(request, path) : found;
  if (!whole) return undefined;
  let live = whole;
  for (let attempt = 0; ; attempt += 1) {
    const managedFields = isAllOurs(live, manager) ? undefined : takenOver(live, manager);
    if (!managedFields) return live;
    const { resourceVersion } = live;
    try {
      const { body } = await request(() => ({
        method: 'PATCH',
        path,
        query: { fieldManager: manager },
        headers: { 'content-type': 'application/json-patch+json', accept: METADATA },
        body: JSON.stringify([
          { op: 'replace', path: '/metadata/managedFields', value: managedFields },
          // A precondition: a concurrent write causes a conflict.
          { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
        ]),
      }));
      return liveOf(body);
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      if (error.code === 'cluster/not-found') return undefined;
      if (error.code !== 'cluster/conflict' || attempt + 1 >= ATTEMPTS) throw error;
    }
    await clock.sleep(backoffMs(attempt, { initialMs: 50, maxMs: 1000 }), signal ? { signal } : {});
    const now = await readMetadata(request, path);
    if (!now) return undefined;
    live = now;
  }
}

/** Metadata of one object; undefined if it does not exist. */
export async function readMetadata(request: TakeoverDeps['request'], path: string): Promise<LiveObject | undefined> {
  try {
    const { body } = await request(() => ({ path, headers: { accept: METADATA } }));
    return liveOf(body);
  } catch (error) {
    if (hasCode(error, 'cluster/not-found')) return undefined;
    throw error;
  }
}

function liveOf(body: unknown): LiveObject {
  if (isFields(body) && isFields(body.metadata) && typeof body.metadata.name === 'string') return metadataOf(body);
  throw new FluxError('the response contains no object', { code: 'cluster/bad-answer' });
}
