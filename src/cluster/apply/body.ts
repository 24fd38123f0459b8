import { FluxError, fewOf } from '../../base/index.ts';
import { isBuiltInGroup, isFields, type KubeObject } from '../../resource/index.ts';
import { CHANGE_CAUSE, CHECKSUM_ANNOTATION, LAST_APPLIED, MARK_LABEL } from '../object/ownership.ts';
import type { Target } from '../scope/scope.ts';
import { withoutStringData } from './string-data.ts';

/** Metadata that only the server sets. kubectl ignores it in manifests; server-side apply rejects some of it, or would compare versions. */
const SERVER_SET = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);
/** Limit of listed nulls in a message. */
const NAMED_NULLS = 5;

/** The body to send for an object, and warnings about its manifest. */
export interface ApplyBody {
  readonly body: KubeObject;
  readonly warnings: readonly FluxError[];
}

/**
 * The body to send for a manifest: the object in its effective namespace, with our mark and checksum, without server-owned fields, and
 * with `stringData` of a Secret converted to `data`. Nulls are omitted, as in kubectl, except in custom resources, whose schema may allow
 * them. `replicas` says whether to include the number in the manifest.
 */
export function applyBody({ manifest, namespace, resource }: Target, mark: string, replicas = true): ApplyBody {
  const { status, metadata, ...object } = manifest.object;
  const leftOut: string[] = meansSomething(status) ? ['status'] : [];
  const nulls: string[] = [];
  const kept: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(metadata)) {
    if (SERVER_SET.has(field)) {
      if (meansSomething(value)) leftOut.push(`metadata.${field}`);
    } else if (value !== null && field !== 'namespace') kept[field] = value;
  }
  const annotations = withoutNulls(metadata.annotations, 'metadata.annotations', nulls);
  if (Object.hasOwn(annotations, LAST_APPLIED)) {
    delete annotations[LAST_APPLIED];
    leftOut.push(`metadata.annotations[${LAST_APPLIED}]`);
  }
  const labels = withoutNulls(metadata.labels, 'metadata.labels', nulls);
  const rest = isBuiltInGroup(resource.group) ? (deepWithoutNulls(object, '', nulls) as typeof object) : object;
  return {
    body: withoutStringData({
      ...(replicas ? rest : withoutReplicas(rest)),
      apiVersion: manifest.object.apiVersion,
      kind: manifest.object.kind,
      metadata: {
        ...kept,
        name: metadata.name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...labels, [MARK_LABEL]: mark },
        annotations: { ...annotations, [CHECKSUM_ANNOTATION]: manifest.checksum },
      },
    }),
    warnings: [...(leftOut.length === 0 ? [] : [serverSetWarning(leftOut)]), ...(nulls.length === 0 ? [] : [nullWarning(nulls)])],
  };
}

/** With the change cause, unless the manifest has one. */
export function withChangeCause(body: ApplyBody['body'], cause: string): ApplyBody['body'] {
  const { metadata } = body;
  return { ...body, metadata: { ...metadata, annotations: { [CHANGE_CAUSE]: cause, ...metadata.annotations } } };
}

/** Tools write `status: {}` and `creationTimestamp: null` into all objects, which deserves no warning. */
function meansSomething(value: unknown): boolean {
  if (isFields(value)) return Object.values(value).some(meansSomething);
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0) && value !== '';
}

/** Values that are not text stay unchanged: the API server reports them. */
function withoutNulls(map: unknown, path: string, nulls: string[]): Record<string, string> {
  if (!isFields(map)) return {};
  return Object.fromEntries(
    Object.entries(map).filter(([key, value]) => {
      if (value === null) nulls.push(`${path}.${key}`);
      return value !== null;
    }),
  ) as Record<string, string>;
}

/** Returns the identical value if it contains no null. */
function deepWithoutNulls(value: unknown, path: string, nulls: string[]): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [index, item] of value.entries()) {
      const clean = deepWithoutNulls(item, `${path}[${index}]`, nulls);
      if (clean !== item) {
        copy ??= [...value];
        copy[index] = clean;
      }
    }
    return copy ?? value;
  }
  if (!isFields(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const field in value) {
    const inner = value[field];
    if (typeof inner !== 'object') continue;
    const at = path === '' ? field : `${path}.${field}`;
    if (inner === null) {
      copy ??= { ...value };
      delete copy[field];
      if (field !== 'creationTimestamp') nulls.push(at);
      continue;
    }
    const clean = deepWithoutNulls(inner, at, nulls);
    if (clean !== inner) {
      copy ??= { ...value };
      copy[field] = clean;
    }
  }
  return copy ?? value;
}

function withoutReplicas<T extends object>(object: T): T {
  const spec = 'spec' in object ? object.spec : undefined;
  if (!isFields(spec) || !Object.hasOwn(spec, 'replicas')) return object;
  const { replicas: _, ...rest } = spec;
  return { ...object, spec: rest };
}

function serverSetWarning(fields: readonly string[]): FluxError {
  return new FluxError(`${fields.join(', ')}: omitted, because only the cluster sets ${fields.length === 1 ? 'it' : 'them'}`, {
    code: 'cluster/server-set',
    fault: 'user',
    help: 'The manifest was probably exported from a cluster; remove the field from the file.',
  });
}

function nullWarning(fields: readonly string[]): FluxError {
  return new FluxError(`${fewOf(fields, NAMED_NULLS)}: null, treated as an absent field`, {
    code: 'cluster/null',
    fault: 'user',
    help: 'Set a value, or remove it from the file. An empty text is written "".',
  });
}
