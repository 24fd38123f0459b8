import { isFields, type KubeObject } from '../../resource/index.ts';
import type { LiveObject } from './live.ts';

/**
 * The manager that holds `spec.replicas` through the `scale` subresource, according to managedFields: the controller of a
 * HorizontalPodAutoscaler, or a user with `kubectl scale`. We then neither send our number nor treat theirs as drift. Of several
 * managers, one other than kubectl is returned, since a controller takes precedence over a user.
 */
export function scaleHolder(live: Pick<LiveObject, 'managedFields'>): string | undefined {
  const holders = (live.managedFields ?? []).flatMap(({ subresource, fieldsV1, manager = 'an unnamed manager' }) => {
    const spec = subresource === 'scale' ? fieldsV1?.['f:spec'] : undefined;
    return isFields(spec) && Object.hasOwn(spec, 'f:replicas') ? [manager] : [];
  });
  return holders.find((manager) => !isKubectl(manager)) ?? holders[0];
}

export function replicasHeldByScale(live: Pick<LiveObject, 'managedFields'>): boolean {
  return scaleHolder(live) !== undefined;
}

/** `kubectl scale` writes as `kubectl`. */
export function isKubectl(manager: string): boolean {
  return /^kubectl(-|$)/.test(manager);
}

/** The number of replicas in an object's spec, if valid. */
export function replicasOf(object: KubeObject): number | undefined {
  return isFields(object.spec) && typeof object.spec.replicas === 'number' ? object.spec.replicas : undefined;
}
