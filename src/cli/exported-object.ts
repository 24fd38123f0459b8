import { dumpYaml, FluxError, isJsonMap, type JsonMap, type JsonValue, parseYamlDocuments } from '../base/index.ts';

/** An object as a person would write it, without the fields that the cluster adds. */
export interface ExportedObject {
  readonly kind: string;
  readonly name: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly yaml: string;
}

/** Annotations that controllers, kubectl and the sync add. */
const NOTED = new Set([
  'fluxcd.io/sync-checksum',
  'fluxcd.io/sync-gc-mark',
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubernetes.io/change-cause',
]);

/**
 * The objects of a YAML stream, reduced to the fields that Flux v1's `save` keeps: apiVersion, kind, name, namespace, labels,
 * annotations, and spec without empty values.
 * @throws FluxError `cli/bad-export` for a document that cannot be parsed or is not an object.
 */
export function readExported(yaml: string): readonly ExportedObject[] {
  return [...parseYamlDocuments(yaml)].flatMap((document) => {
    if (document.error) throw badExport(document.number, document.error.message);
    return document.value === null ? [] : [exported(document.value, document.number)];
  });
}

function exported(value: JsonValue, number: number): ExportedObject {
  const { apiVersion, kind, metadata, spec } = mapOf(value);
  const { name, namespace, labels, annotations } = mapOf(metadata);
  if (typeof kind !== 'string' || kind === '' || typeof name !== 'string' || name === '')
    throw badExport(number, 'kind or name is missing');
  const kept = {
    apiVersion,
    kind,
    metadata: {
      annotations: unlessEmpty(without(mapOf(annotations), (key) => NOTED.has(key))),
      labels: unlessEmpty(without(mapOf(labels), (key) => NOTED.has(key))),
      name,
      namespace: namespace || undefined,
    },
    spec: isJsonMap(spec) ? unlessEmpty(mapOf(withoutEmpty(withoutCreationTime(spec)))) : undefined,
  };
  return { kind, name, ...(typeof namespace === 'string' && namespace !== '' ? { namespace } : {}), yaml: dumpYaml(kept) };
}

/** The API server writes `creationTimestamp: null` into each pod template. */
function withoutCreationTime(spec: JsonMap): JsonMap {
  const { template } = spec;
  if (!isJsonMap(template) || !isJsonMap(template.metadata)) return spec;
  return { ...spec, template: { ...template, metadata: without(template.metadata, (key) => key === 'creationTimestamp') } };
}

/** Removes entries that are null, `{}` or `[]`, at any depth. A value that becomes empty that way stays, as in Flux v1. */
function withoutEmpty(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isJsonMap(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (isEmpty(each) ? [] : [[key, withoutEmpty(each)]])));
}

function isEmpty(value: JsonValue): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonMap(value) && Object.keys(value).length === 0;
}

function unlessEmpty(map: JsonMap): JsonMap | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

function without(map: JsonMap, isLeftOut: (key: string) => boolean): JsonMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !isLeftOut(key)));
}

function mapOf(value: JsonValue | undefined): JsonMap {
  return isJsonMap(value) ? value : {};
}

function badExport(number: number, why: string): FluxError {
  return new FluxError(`invalid export from the daemon: document ${number}: ${why}`, { code: 'cli/bad-export' });
}
