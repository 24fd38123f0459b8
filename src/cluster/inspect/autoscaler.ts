import type { AutoscalerFacts } from '../../change/index.ts';
import { type ApiResource, builtIn } from '../discovery/api-resource.ts';
import { fieldsOf, numberOf, textOf } from '../object/fields.ts';
import type { Reads } from './reads.ts';

const AUTOSCALER = builtIn('HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'autoscaling', 'v2');
/** Number of autoscalers of a namespace that are looked at. */
const MAX_AUTOSCALERS = 50;

/** The HorizontalPodAutoscaler that scales an object. */
export async function readAutoscaler(
  reads: Reads,
  { kind, group }: ApiResource,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<AutoscalerFacts | undefined> {
  const all = await reads.list(AUTOSCALER, namespace, { limit: String(MAX_AUTOSCALERS) }, signal);
  const found = all.find(({ spec }) => {
    const target = fieldsOf(fieldsOf(spec).scaleTargetRef);
    return target.kind === kind && target.name === name && textOf(target.apiVersion).startsWith(group);
  });
  if (!found) return undefined;
  const { minReplicas, maxReplicas } = fieldsOf(found.spec);
  return {
    name: textOf(fieldsOf(found.metadata).name),
    min: numberOf(minReplicas, 1),
    max: numberOf(maxReplicas),
    wanted: numberOf(fieldsOf(found.status).desiredReplicas),
  };
}
