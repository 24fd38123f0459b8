import { type Fields, isFields, valueAt } from './fields.ts';
import { CLUSTER_SCOPE, formatResourceId, parseResourceId, type ResourceId } from './id.ts';
import { podSpecOf, podSpecPath } from './workload.ts';

/** How one object needs another: it reads it, sends requests to it, or sets its number of replicas. */
export type UseType = 'uses' | 'routes' | 'scales';

/** What an object names in its fields. */
export interface Use {
  readonly type: UseType;
  /** Whether there is such an object is not known. */
  readonly id: ResourceId;
}

/** Uses of one object that are looked at; more are rare. */
const MAX_USES = 200;

/**
 * What an object uses in its namespace: ConfigMaps, Secrets, claims and the ServiceAccount of its pods, the Services behind an Ingress or a
 * route of the Gateway API, and what an autoscaler scales. Each once.
 */
export function usesOf(id: ResourceId, object: Fields): readonly Use[] {
  const { namespace } = parseResourceId(id);
  if (namespace === CLUSTER_SCOPE) return [];
  const found = new Map<ResourceId, Use>();
  for (const [type, kind, name] of named(object)) {
    if (typeof kind !== 'string' || typeof name !== 'string' || kind === '' || name === '' || found.size === MAX_USES) continue;
    const used = formatResourceId({ namespace, kind, name });
    if (used !== id && !found.has(used)) found.set(used, { type, id: used });
  }
  return [...found.values()];
}

/** The labels by which a Service chooses pods; undefined for other objects, and for one that chooses none. */
export function serviceSelector({ apiVersion, kind, spec }: Fields): Labels | undefined {
  if (kind !== 'Service' || apiVersion !== 'v1' || !isFields(spec)) return undefined;
  const labels = labelsOf(spec.selector);
  return labels.size === 0 ? undefined : labels;
}

/** The labels of the pods of a workload; undefined for an object without pods. */
export function podLabels(object: Fields): Labels | undefined {
  const path = podSpecPath(object);
  return path && labelsOf(valueAt(object, [...path.slice(0, -1), 'metadata', 'labels']));
}

export type Labels = ReadonlyMap<string, string>;

function labelsOf(value: unknown): Labels {
  if (!isFields(value)) return new Map();
  return new Map(Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : [])));
}

type Named = readonly [type: UseType, kind: unknown, name: unknown];

function* named(object: Fields): Generator<Named> {
  const pods = podSpecOf(object);
  if (pods) yield* ofPods(pods);
  const { kind, spec } = object;
  if (!isFields(spec)) return;
  if (kind === 'StatefulSet') yield ['uses', 'Service', spec.serviceName];
  if (kind === 'Ingress') yield* ofIngress(spec);
  if (isFields(spec.scaleTargetRef)) yield ['scales', spec.scaleTargetRef.kind ?? 'Deployment', spec.scaleTargetRef.name];
  for (const rule of recordsIn(spec.rules))
    for (const { kind = 'Service', name, namespace } of recordsIn(rule.backendRefs))
      if (namespace === undefined) yield ['routes', kind, name];
}

function* ofPods(spec: Fields): Generator<Named> {
  for (const container of [...recordsIn(spec.initContainers), ...recordsIn(spec.containers)]) {
    for (const source of recordsIn(container.envFrom)) yield* configOf(source.configMapRef, source.secretRef);
    for (const { valueFrom } of recordsIn(container.env))
      if (isFields(valueFrom)) yield* configOf(valueFrom.configMapKeyRef, valueFrom.secretKeyRef);
  }
  for (const volume of recordsIn(spec.volumes)) {
    yield* ofVolume(volume);
    if (isFields(volume.projected)) for (const source of recordsIn(volume.projected.sources)) yield* ofVolume(source);
  }
  for (const secret of recordsIn(spec.imagePullSecrets)) yield ['uses', 'Secret', secret.name];
  // Every namespace has the default one, and every pod without another uses it.
  if (spec.serviceAccountName !== 'default') yield ['uses', 'ServiceAccount', spec.serviceAccountName];
}

/** A source of a projected volume names a Secret as `name`, a volume as `secretName`. */
function* ofVolume({ configMap, secret, persistentVolumeClaim }: Fields): Generator<Named> {
  yield* configOf(configMap, isFields(secret) ? { name: secret.secretName ?? secret.name } : undefined);
  if (isFields(persistentVolumeClaim)) yield ['uses', 'PersistentVolumeClaim', persistentVolumeClaim.claimName];
}

function* configOf(configMap: unknown, secret: unknown): Generator<Named> {
  if (isFields(configMap)) yield ['uses', 'ConfigMap', configMap.name];
  if (isFields(secret)) yield ['uses', 'Secret', secret.name];
}

/** `networking.k8s.io/v1`. */
function* ofIngress(spec: Fields): Generator<Named> {
  const paths = recordsIn(spec.rules).flatMap(({ http }) => (isFields(http) ? recordsIn(http.paths) : []));
  for (const backend of [spec.defaultBackend, ...paths.map((path) => path.backend)])
    if (isFields(backend) && isFields(backend.service)) yield ['routes', 'Service', backend.service.name];
  for (const { secretName } of recordsIn(spec.tls)) yield ['uses', 'Secret', secretName];
}

function recordsIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
