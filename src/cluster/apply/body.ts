import { FluxError } from '../../base/index.ts';
import { isFields, type KubeObject } from '../../resource/index.ts';
import { CHECKSUM_ANNOTATION, LAST_APPLIED, MARK_LABEL } from '../object/ownership.ts';
import type { Target } from '../scope/scope.ts';
import { isBuiltIn } from './stage.ts';
import { withoutStringData } from './string-data.ts';

/** Metadata that only a server sets. kubectl ignores it in manifests; server-side apply refuses some of it, or would compare versions. */
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
/** More would fill the line; the first ones tell where to look. */
const NAMED_NULLS = 5;

/** What is sent for an object, and what of its manifest was read otherwise than it is written. */
export interface ApplyBody {
  readonly body: KubeObject;
  readonly warnings: readonly FluxError[];
}

/**
 * What is sent for a manifest: the object as written, in its effective namespace, with our mark and checksum, and without what a
 * server owns; `stringData` of a Secret as the `data` that it becomes. A null counts as a field left out, as with kubectl; in custom resources, whose schema may allow it, it stays.
 * `replicas` says whether the number in the manifest counts.
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
  const rest = isBuiltIn(resource.group) ? (deepWithoutNulls(object, '', nulls) as typeof object) : object;
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

/** Tools write `status: {}` and `creationTimestamp: null` into everything; those say nothing. */
function meansSomething(value: unknown): boolean {
  if (isFields(value)) return Object.values(value).some(meansSomething);
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0) && value !== '';
}

/** Values of another type than text stay as they are: the API server names them in its error. */
function withoutNulls(map: unknown, path: string, nulls: string[]): Record<string, string> {
  if (!isFields(map)) return {};
  return Object.fromEntries(
    Object.entries(map).filter(([key, value]) => {
      if (value === null) nulls.push(`${path}.${key}`);
      return value !== null;
    }),
  ) as Record<string, string>;
}

/** The same value where it holds no null. */
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
  return new FluxError(`${fields.join(', ')}: left out, because only the cluster sets ${fields.length === 1 ? 'it' : 'them'}`, {
    code: 'cluster/server-set',
    fault: 'user',
    help: 'It is there because the manifest was exported from a cluster; take it out of the file.',
  });
}

function nullWarning(fields: readonly string[]): FluxError {
  const more = fields.length - NAMED_NULLS;
  const named = fields.slice(0, NAMED_NULLS).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return new FluxError(`${named}: null, read as a field that is not there`, {
    code: 'cluster/null',
    fault: 'user',
    help: 'Give it a value, or take it out of the file. A text that is to be empty is written "".',
  });
}
