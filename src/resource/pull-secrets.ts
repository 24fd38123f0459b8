import type { PullSecrets } from '../image/index.ts';
import { isFields } from './fields.ts';
import { CLUSTER_SCOPE, parseResourceId, type ResourceId } from './id.ts';
import type { KubeObject } from './object.ts';
import { podSpecOf } from './workload.ts';

/** By what the pods of a workload pull their images; empty for an object without a namespace. */
export function pullSecretsOf(id: ResourceId, object: KubeObject): readonly PullSecrets[] {
  const { namespace } = parseResourceId(id);
  if (namespace === CLUSTER_SCOPE) return [];
  const { imagePullSecrets, serviceAccountName } = podSpecOf(object) ?? {};
  const serviceAccount = typeof serviceAccountName === 'string' && serviceAccountName !== '' ? serviceAccountName : 'default';
  return [{ namespace, secrets: namesIn(imagePullSecrets), serviceAccount }];
}

function namesIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => (isFields(entry) && typeof entry.name === 'string' ? [entry.name] : []));
}
