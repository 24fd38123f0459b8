import { isFields, type KubeObject } from '../../resource/index.ts';
import type { LiveObject } from './live.ts';

/**
 * Who holds `spec.replicas` through the `scale` subresource: the controller of a HorizontalPodAutoscaler, or a person with
 * `kubectl scale`. The number is theirs then: we neither send ours nor call theirs drift. The API server itself tells who wrote
 * it, in managedFields. Of several the one that is not kubectl, since a person's word weighs less than a controller's.
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

/** The number of replicas that an object asks for, where it is one. */
export function replicasOf(object: KubeObject): number | undefined {
  return isFields(object.spec) && typeof object.spec.replicas === 'number' ? object.spec.replicas : undefined;
}
