import { randomUUID } from 'node:crypto';
import { rfc3339 } from '../../base/index.ts';
import { prepareForCreate, prepareForUpdate } from './admission.ts';
import { admit, type BodyOptions, check } from './admit.ts';
import { apiVersionOf, type Resource, storageKey } from './catalog.ts';
import { checkPreconditions, type DeleteOptions, isFinal, markDeleted } from './deletion.ts';
import { hasGeneration, specChanged } from './generation.ts';
import { checkApplied, checkIdentity, inVersion, type Place, withIdentity } from './identity.ts';
import { asObject, clone, equal, type JsonObject } from './json.ts';
import { applyConfig, recordUpdate, type Writer } from './managed-fields.ts';
import { type KubeObject, type ManagedFieldsEntry, metaOf } from './object.ts';
import { ApiError, alreadyExists, cause, conflict, forbidden, invalid, modified, notFound } from './status.ts';
import { emptyObject, ignoredFor, splitStatus, statusOf, without } from './status-part.ts';
import type { Store } from './store.ts';
import { typedErrors } from './typed-errors.ts';

export interface WriteOptions extends BodyOptions {
  /** Recorded in managedFields. */
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly subresource?: string;
}

export interface Written {
  readonly object: KubeObject;
  readonly created: boolean;
}

/** The write half of the API: every change of an object passes through it. */
export interface Objects {
  create(place: Place, body: JsonObject, options: WriteOptions): KubeObject;
  /** Replaces the object with the result of `change` on a copy. Throws ApiError 404, 409, 422 … */
  update(
    place: Place,
    change: (live: KubeObject) => JsonObject,
    options: WriteOptions & { readonly patch?: boolean },
  ): KubeObject;
  apply(place: Place, config: JsonObject, options: WriteOptions & { readonly force: boolean }): Written;
  /** The object if it only got a deletionTimestamp, undefined if it was removed. */
  remove(place: Place, options: DeleteOptions): { readonly object: KubeObject; readonly gone: boolean };
}

export interface ObjectsOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Size limit of an object, in bytes of JSON. */
  readonly maxBytes: number;
}

export function createObjects({ store, now, maxBytes }: ObjectsOptions): Objects {
  const timeNow = () => rfc3339(Math.floor(now() / 1000) * 1000);
  const writerOf = ({ manager, subresource }: WriteOptions): Writer => ({
    manager,
    time: timeNow(),
    ...(subresource === undefined ? {} : { subresource }),
  });
  const live = ({ resource, namespace, name }: Place) => store.get(storageKey(resource), namespace, name);
  const namespaces = { group: '', plural: 'namespaces' };

  const checkNamespace = ({ resource, namespace }: Place, name: string) => {
    if (namespace === undefined) return;
    const found = store.get(storageKey(namespaces), undefined, namespace);
    if (!found) throw notFound(namespaces, namespace);
    if (metaOf(found).deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(resource, name, why, {
      causes: [
        { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
      ],
    });
  };

  const checkSize = (resource: Resource, object: KubeObject) => {
    if (JSON.stringify(object).length > maxBytes)
      throw new ApiError(500, undefined, `etcdserver: request is too large (${resource.kind} ${metaOf(object).name})`);
  };

  const create = (place: Place, decoded: KubeObject, options: WriteOptions, record: (object: KubeObject) => KubeObject) => {
    const { resource, namespace } = place;
    const meta = metaOf(decoded);
    if (!meta.name && meta.generateName) meta.name = `${meta.generateName}${randomUUID().slice(0, 5)}`;
    if (!meta.name)
      throw invalid(resource, '', [cause('metadata.name', 'FieldValueRequired', 'name or generateName is required')]);
    if (namespace === undefined) delete meta.namespace;
    else meta.namespace = namespace;
    checkNamespace(place, meta.name);
    meta.uid = randomUUID();
    meta.creationTimestamp = timeNow();
    for (const field of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'generation'] as const)
      Reflect.deleteProperty(meta, field);
    if (hasGeneration(resource)) meta.generation = 1;
    const recorded = record(decoded);
    // Controllers write the status; the status in a create is dropped.
    const object = resource.subresources?.status
      ? { ...without(recorded, 'status'), ...statusOf(undefined, resource) }
      : recorded;
    prepareForCreate(resource, object, { store, now });
    check(resource, object, undefined);
    if (store.get(storageKey(resource), meta.namespace, meta.name)) throw alreadyExists(resource, meta.name);
    checkSize(resource, object);
    return options.dryRun ? object : store.put(storageKey(resource), object);
  };

  const update = (
    place: Place,
    old: KubeObject,
    decoded: KubeObject,
    options: WriteOptions,
    record: (object: KubeObject) => KubeObject,
  ) => {
    const { resource } = place;
    const before = metaOf(old);
    const meta = metaOf(decoded);
    if (meta.resourceVersion && meta.resourceVersion !== before.resourceVersion) throw modified(resource, before.name);
    if (meta.uid && meta.uid !== before.uid) {
      const found = cause('metadata.uid', 'FieldValueInvalid', 'field is immutable', meta.uid);
      throw invalid(resource, before.name, [found]);
    }
    const kept = [
      'name',
      'namespace',
      'uid',
      'creationTimestamp',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'generation',
      'resourceVersion',
    ] as const;
    const metadata: JsonObject = { ...(decoded.metadata as JsonObject) };
    const beforeMetadata = old.metadata as JsonObject;
    for (const field of kept) {
      const value = beforeMetadata[field];
      if (value === undefined) delete metadata[field];
      else metadata[field] = value;
    }
    let object = record(splitStatus(resource, { ...decoded, metadata }, old, options.subresource));
    if (before.deletionTimestamp !== undefined) {
      const added = (metaOf(object).finalizers ?? []).filter((name) => !before.finalizers?.includes(name));
      if (added.length > 0)
        throw invalid(resource, before.name, [
          cause(
            'metadata.finalizers',
            'FieldValueForbidden',
            'no new finalizers can be added if the object is being deleted, found new finalizers',
            added,
          ),
        ]);
    }
    if (options.subresource !== 'status' && options.subresource !== 'finalize')
      prepareForUpdate(resource, object, old, { store, now });
    if (hasGeneration(resource) && specChanged(resource, old, object, options.subresource))
      object = { ...object, metadata: { ...(object.metadata as JsonObject), generation: (before.generation ?? 0) + 1 } };
    check(resource, object, old);
    if (sameButTimes(old, object)) return old;
    checkSize(resource, object);
    if (options.dryRun) return object;
    if (before.deletionTimestamp !== undefined && isFinal(resource, object)) return store.remove(storageKey(resource), object);
    return store.put(storageKey(resource), object);
  };

  return {
    create: (place, body, options) => {
      const { resource } = place;
      const decoded = admit(resource, body, options, 'create');
      checkIdentity(place, decoded, false);
      return create(place, decoded, options, (object) =>
        recordUpdate(
          resource.schema,
          emptyObject(resource),
          object,
          writerOf(options),
          ignoredFor(resource, options.subresource),
        ),
      );
    },

    update: (place, change, options) => {
      const { resource } = place;
      const old = live(place);
      if (!old) throw notFound(resource, place.name);
      const served = inVersion(resource, old);
      const decoded = admit(resource, change(clone(served)), options, options.patch ? 'patch' : 'update');
      checkIdentity(place, decoded, true);
      return update(place, served, decoded, options, (object) =>
        recordUpdate(resource.schema, served, object, writerOf(options), ignoredFor(resource, options.subresource)),
      );
    },

    apply: (place, config, options) => {
      const { resource, namespace, name } = place;
      checkApplied(place, config);
      const found = live(place);
      const old = found && inVersion(resource, found);
      const body = withIdentity(config, namespace, name);
      const shown = `${namespace === undefined || !asObject(config.metadata).namespace ? '' : namespace}/${name}; ${apiVersionOf(resource).includes('/') ? apiVersionOf(resource) : `/${resource.version}`}, Kind=${resource.kind}`;
      const errors = typedErrors(resource.schema, body);
      if (errors.length > 0) {
        const text = errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`;
        throw new ApiError(500, undefined, `failed to create typed patch object (${shown}): ${text}`);
      }
      const { resourceVersion, uid } = asObject(body.metadata);
      if (!old && uid !== undefined)
        throw conflict(
          resource,
          name,
          `uid mismatch: the provided object specified uid ${String(uid)}, and no existing object was found`,
        );
      if (!old && resourceVersion !== undefined) throw notFound(resource, name);
      const base = old ?? withIdentity(emptyObject(resource), namespace, name);
      const ignored = ignoredFor(resource, options.subresource);
      const applied = applyConfig(resource.schema, base, body, writerOf(options), { force: options.force, ignored });
      if (old && !applied.changed) return { object: old, created: false };
      const managedFields = metaOf(applied.object).managedFields ?? [];
      const decoded = admit(resource, applied.object, options, 'apply');
      const record = (object: KubeObject) => withEntries(object, managedFields);
      if (!old) return { object: create(place, decoded, options, record), created: true };
      return { object: update(place, old, decoded, options, record), created: false };
    },

    remove: (place, options) => {
      const { dryRun, propagation } = options;
      const { resource } = place;
      const object = live(place);
      if (!object) throw notFound(resource, place.name);
      const meta = metaOf(object);
      checkPreconditions(place, meta, options);
      const marked = markDeleted(resource, object, propagation, timeNow());
      const gone = isFinal(resource, marked);
      if (dryRun) return { object: gone ? object : marked, gone };
      if (gone) return { object: store.remove(storageKey(resource), object), gone };
      if (meta.deletionTimestamp !== undefined && equal(marked.metadata, object.metadata)) return { object, gone };
      return { object: store.put(storageKey(resource), marked), gone };
    },
  };
}

function withEntries(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as JsonObject;
  if (managedFields.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: [...managedFields] } };
}

function sameButTimes(old: KubeObject, object: KubeObject): boolean {
  const timeless = (value: KubeObject): JsonObject => ({
    ...value,
    metadata: {
      ...(value.metadata as JsonObject),
      managedFields: (metaOf(value).managedFields ?? []).map(({ time: _, ...entry }) => entry),
    },
  });
  return equal(timeless(old), timeless(object));
}
