import { randomUUID } from 'node:crypto';
import { rfc3339 } from '../../base/index.ts';
import { prepareForCreate, prepareForUpdate } from './admission.ts';
import { apiVersionOf, type Resource, storageKey } from './catalog.ts';
import { pruneAndDefault, validateCustom } from './custom.ts';
import { DecodeError, decode, zero } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import { emptySet, type FieldSet, setOfFields } from './field-set.ts';
import { asObject, clone, equal, type Json, type JsonObject } from './json.ts';
import { applyConfig, recordUpdate, type Writer } from './managed-fields.ts';
import { type KubeObject, type ManagedFieldsEntry, metaOf } from './object.ts';
import { ANY } from './schema.ts';
import { ApiError, alreadyExists, badRequest, cause, conflict, forbidden, invalid, modified, notFound } from './status.ts';
import type { Store } from './store.ts';
import { typedErrors } from './typed-errors.ts';
import { validate } from './validate.ts';

export interface WriteOptions {
  /** Recorded in managedFields. */
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Duplicate keys found in the body, for strict validation. */
  readonly duplicates?: readonly string[];
  readonly subresource?: string;
  /** Collects what the client is told in Warning headers. */
  readonly warnings?: string[];
}

export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** One object's place: its resource, its namespace when it has one, its name. */
export interface Place {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Written {
  readonly object: KubeObject;
  readonly created: boolean;
}

/** The write half of the API: every change to an object passes through here and obeys the same rules. */
export interface Objects {
  create(place: Place, body: JsonObject, options: WriteOptions): KubeObject;
  /** Replaces the object by what `change` makes of a copy of it. Throws ApiError 404, 409, 422 … */
  update(
    place: Place,
    change: (live: KubeObject) => JsonObject,
    options: WriteOptions & { readonly patch?: boolean },
  ): KubeObject;
  apply(place: Place, config: JsonObject, options: WriteOptions & { readonly force: boolean }): Written;
  /** The object when it only got a deletionTimestamp, undefined when it is gone. */
  remove(place: Place, options: DeleteOptions): { readonly object: KubeObject; readonly gone: boolean };
}

export interface ObjectsOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The largest object stored, in bytes of JSON. */
  readonly maxBytes: number;
}

const MAIN_IGNORES = setOfFields(['status']);
const STATUS_IGNORES = setOfFields(['spec'], ['metadata', 'labels']);
/** Built-in kinds whose objects count the changes of their spec. Custom resources all do. */
const WITH_GENERATION = new Set([
  '/Pod',
  '/ReplicationController',
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  'batch/CronJob',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'policy/PodDisruptionBudget',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'discovery.k8s.io/EndpointSlice',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'scheduling.k8s.io/PriorityClass',
]);

export function createObjects({ store, now, maxBytes }: ObjectsOptions): Objects {
  const writerOf = ({ manager, subresource }: WriteOptions): Writer => ({
    manager,
    time: rfc3339(Math.floor(now() / 1000) * 1000),
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
    meta.creationTimestamp = rfc3339(Math.floor(now() / 1000) * 1000);
    for (const field of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'generation'] as const)
      delete (meta as unknown as JsonObject)[field];
    if (hasGeneration(resource)) meta.generation = 1;
    const recorded = record(decoded);
    // The status is the controllers' to write; what a create says of it is dropped.
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

    remove: (place, { dryRun, uid, resourceVersion, propagation }) => {
      const { resource, name } = place;
      const object = live(place);
      if (!object) throw notFound(resource, name);
      const meta = metaOf(object);
      const named = { group: '', plural: resource.kind };
      if (uid !== undefined && uid !== meta.uid) {
        const text = `the UID in the precondition (${uid}) does not match the UID in record (${meta.uid}). The object might have been deleted and then recreated`;
        throw conflict({ ...named, group: resource.group }, name, text);
      }
      if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
        const text = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${meta.resourceVersion}). The object might have been modified`;
        throw conflict({ ...named, group: resource.group }, name, text);
      }
      const extra = finalizersOfDelete(resource, propagation);
      const finalizers = [...new Set([...(meta.finalizers ?? []), ...extra])];
      const marked: KubeObject = {
        ...object,
        metadata: {
          ...(object.metadata as JsonObject),
          ...(finalizers.length === 0 ? {} : { finalizers }),
          deletionTimestamp: meta.deletionTimestamp ?? rfc3339(Math.floor(now() / 1000) * 1000),
          deletionGracePeriodSeconds: 0,
          ...(meta.generation === undefined || meta.deletionTimestamp !== undefined ? {} : { generation: meta.generation + 1 }),
        },
      };
      if (resource.group === '' && resource.kind === 'Namespace')
        marked.status = { ...asObject(object.status), phase: 'Terminating' };
      const gone = isFinal(resource, marked);
      if (dryRun) return { object: gone ? object : marked, gone };
      if (gone) return { object: store.remove(storageKey(resource), object), gone };
      if (meta.deletionTimestamp !== undefined && equal(marked.metadata, object.metadata)) return { object, gone };
      return { object: store.put(storageKey(resource), marked), gone };
    },
  };

  /** Type checks, pruning and defaults: from what a client sent to an object of the kind. */
  function admit(
    resource: Resource,
    body: JsonObject,
    options: WriteOptions,
    verb: 'create' | 'update' | 'patch' | 'apply',
  ): KubeObject {
    const unknown: string[] = [];
    const subject = `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`;
    const refuse = (why: string) => {
      if (verb !== 'patch') return badRequest(`${subject}: ${why}`);
      return new ApiError(
        422,
        'Invalid',
        ` "" is invalid: patch: Invalid value: ${JSON.stringify(JSON.stringify(body))}: ${why}`,
        {},
      );
    };
    let object: KubeObject;
    try {
      object = resource.custom ? decodeCustom(resource, body, unknown) : (decode(resource.schema, body, unknown) as KubeObject);
    } catch (error) {
      if (error instanceof DecodeError) throw refuse(error.message);
      throw error;
    }
    const problems = [
      ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
      ...(options.duplicates ?? []).map((path) => `duplicate field ${JSON.stringify(path)}`),
    ];
    if (problems.length > 0 && options.fieldValidation === 'Strict')
      throw refuse(`strict decoding error: ${problems.join(', ')}`);
    if (options.fieldValidation !== 'Ignore') options.warnings?.push(...problems);
    object.apiVersion = apiVersionOf(resource);
    object.kind = resource.kind;
    if (!resource.custom) applyDefaults(resource.group, resource.kind, object);
    return object;
  }

  function check(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
    const causes = [
      ...validate(resource.group, resource.custom ? '' : resource.kind, object, old),
      ...(resource.custom ? validateCustom(resource.schema, object) : []),
    ];
    if (causes.length > 0) throw invalid(resource, metaOf(object).name, causes);
  }

  function decodeCustom(resource: Resource, body: JsonObject, unknown: string[]): KubeObject {
    const { metadata, ...rest } = body;
    const object = pruneAndDefault(resource.schema, rest, unknown) as KubeObject;
    const metaSchema = resource.schema.fields?.().get('metadata')?.schema ?? ANY;
    const lost: string[] = [];
    object.metadata = decode(metaSchema, metadata ?? {}, lost);
    unknown.push(...lost.map((path) => `metadata.${path}`));
    return object;
  }
}

export function emptyObject(resource: Resource): KubeObject {
  const empty = resource.custom ? { metadata: {} } : (zero(resource.schema) as KubeObject);
  return { ...empty, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/** The object in the version of the request; conversion is by name only, as between versions with the same schema. */
export function inVersion(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

function hasGeneration(resource: Resource): boolean {
  return resource.custom !== undefined || WITH_GENERATION.has(`${resource.group}/${resource.kind}`);
}

function specChanged(resource: Resource, old: KubeObject, object: KubeObject, subresource: string | undefined): boolean {
  // Deployments alone count their annotations, but not those that the controller writes with the status.
  const counted = resource.group === 'apps' && resource.kind === 'Deployment' && subresource !== 'status';
  if (counted && !equal(asObject(metaOf(old).annotations), asObject(metaOf(object).annotations))) return true;
  const ignored = resource.custom && !resource.subresources?.status ? ['metadata'] : ['metadata', 'status'];
  const rest = (value: KubeObject) => Object.fromEntries(Object.entries(value).filter(([key]) => !ignored.includes(key)));
  return !equal(rest(old), rest(object));
}

function ignoredFor(resource: Resource, subresource: string | undefined): FieldSet {
  if (!resource.subresources?.status) return emptySet();
  return subresource === 'status' ? STATUS_IGNORES : MAIN_IGNORES;
}

/** Main requests leave the status as it is, requests to /status leave everything else. */
function splitStatus(resource: Resource, object: KubeObject, old: KubeObject, subresource: string | undefined): KubeObject {
  if (!resource.subresources?.status) return object;
  if (subresource !== 'status') return { ...without(object, 'status'), ...statusOf(old, resource) };
  const metadata = { ...(object.metadata as JsonObject) };
  const { labels } = metaOf(old);
  if (labels) metadata.labels = labels;
  else delete metadata.labels;
  return { ...without(old, 'status'), metadata, ...(object.status === undefined ? {} : { status: object.status }) };
}

function statusOf(old: KubeObject | undefined, resource: Resource): JsonObject {
  const status = old ? old.status : emptyObject(resource).status;
  return status === undefined ? {} : { status };
}

function without(object: KubeObject, field: string): KubeObject {
  const { [field]: _, ...rest } = object;
  return rest;
}

function withEntries(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as JsonObject;
  if (managedFields.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: managedFields as unknown as Json } };
}

function withIdentity(object: JsonObject, namespace: string | undefined, name: string): KubeObject {
  const metadata = { ...asObject(object.metadata), name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...object, metadata };
}

function sameButTimes(old: KubeObject, object: KubeObject): boolean {
  const timeless = (value: KubeObject): JsonObject => ({
    ...value,
    metadata: {
      ...(value.metadata as JsonObject),
      managedFields: (metaOf(value).managedFields ?? []).map(({ time: _, ...entry }) => entry) as unknown as Json,
    },
  });
  return equal(timeless(old), timeless(object));
}

/** What the server itself must see done before the object may go. */
function finalizersOfDelete(resource: Resource, propagation: DeleteOptions['propagation']): readonly string[] {
  if (resource.kind === 'CustomResourceDefinition') return ['customresourcecleanup.apiextensions.k8s.io'];
  if (propagation === 'Foreground') return ['foregroundDeletion'];
  return propagation === 'Orphan' ? ['orphan'] : [];
}

/** Nothing holds the object any more once it is marked for deletion. */
function isFinal(resource: Resource, object: KubeObject): boolean {
  const held =
    resource.group === '' &&
    resource.kind === 'Namespace' &&
    ((object.spec as JsonObject)?.finalizers as Json[] | undefined)?.length;
  return !held && (metaOf(object).finalizers ?? []).length === 0;
}

/** The body's own idea of where it belongs must agree with the URL. */
function checkIdentity({ resource, namespace, name }: Place, object: KubeObject, named: boolean): void {
  const meta = metaOf(object);
  if (named && meta.name !== undefined && meta.name !== name)
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  if (resource.namespaced && meta.namespace !== undefined && meta.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

function checkApplied(place: Place, config: JsonObject): void {
  const { resource } = place;
  const apiVersion = typeof config.apiVersion === 'string' ? config.apiVersion : '';
  const kind = typeof config.kind === 'string' ? config.kind : '';
  if (apiVersion !== apiVersionOf(resource) || kind !== resource.kind)
    throw badRequest(`invalid object type: ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`);
  const metadata = asObject(config.metadata);
  if (metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil');
  checkIdentity(place, { ...config, metadata: { ...metadata } }, true);
}
