import type { Resource } from './catalog.ts';
import { asObject, asString, at, isObject, type JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { badRequest } from './status.ts';

const BUILT_IN = { spec: 'spec.replicas', status: 'status.replicas' };

/** An object as `autoscaling/v1 Scale`. */
export function scaleOf(resource: Resource, object: KubeObject): JsonObject {
  const paths = resource.custom?.scale ?? BUILT_IN;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metaOf(object);
  const number = (path: string) => Number(at(object, ...path.split('.')) ?? 0);
  const labels = asObject(at(object, 'spec', 'selector', 'matchLabels'));
  const custom = resource.custom?.scale?.selector;
  const selector = resource.custom
    ? (asString(custom === undefined ? undefined : at(object, ...custom.split('.'))) ?? '')
    : Object.entries(labels)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: number(paths.spec) },
    status: { replicas: number(paths.status), ...(selector === '' ? {} : { selector }) },
  };
}

/** The object with the replicas of the scale. */
export function withScale(resource: Resource, object: KubeObject, scale: JsonObject): KubeObject {
  const replicas = at(scale, 'spec', 'replicas') ?? 0;
  if (typeof replicas !== 'number')
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas is not a number');
  const version = at(scale, 'metadata', 'resourceVersion');
  const path = (resource.custom?.scale ?? BUILT_IN).spec.split('.');
  const changed = setAt(object, path, replicas);
  const metadata = { ...asObject(object.metadata), ...(typeof version === 'string' ? { resourceVersion: version } : {}) };
  return { ...changed, metadata };
}

function setAt(object: JsonObject, [step, ...rest]: readonly string[], value: number): JsonObject {
  if (step === undefined) return object;
  const child = object[step];
  return { ...object, [step]: rest.length === 0 ? value : setAt(isObject(child) ? child : {}, rest, value) };
}
