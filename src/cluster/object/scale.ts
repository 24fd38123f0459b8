import { isFields } from '../../resource/index.ts';
import type { LiveObject } from './live.ts';

/**
 * True when somebody holds `spec.replicas` through the `scale` subresource: a HorizontalPodAutoscaler, or a person with
 * `kubectl scale`. The number is theirs then: we neither send ours nor call theirs drift. The API server itself tells
 * who wrote it, in managedFields.
 */
export function replicasHeldByScale(live: Pick<LiveObject, 'managedFields'>): boolean {
  return (live.managedFields ?? []).some(({ subresource, fieldsV1 }) => {
    const spec = subresource === 'scale' ? fieldsV1?.['f:spec'] : undefined;
    return isFields(spec) && Object.hasOwn(spec, 'f:replicas');
  });
}
