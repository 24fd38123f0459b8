import { isFields } from '../../resource/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { LiveObject } from '../object/live.ts';

/** Our identity in the cluster. */
export interface Self {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod?: string;
  /** Globally unique uid of the pod. */
  readonly podUid?: string;
  /** Names of the Secrets there that we keep keys in. */
  readonly secrets: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Read from the token of our own service account, which contains its name, its namespace and its pod (Kubernetes, "Schema for service
 * account private claims"). Undefined for other credentials: then we do not run in that cluster. The token is not verified, because it
 * grants nothing: it only protects objects from deletion.
 */
export function selfOf(headers: Readonly<Record<string, string>>, secrets = NONE): Self | undefined {
  const authorization = headers.Authorization ?? headers.authorization ?? '';
  const claims = claimsOf(authorization.replace(/^Bearer /, ''));
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(claims?.sub)) ?? [];
  if (namespace === undefined || serviceAccount === undefined) return undefined;
  const bound = isFields(claims?.['kubernetes.io']) ? claims['kubernetes.io'].pod : undefined;
  const { name: pod, uid: podUid } = isFields(bound) ? bound : {};
  return {
    namespace,
    serviceAccount,
    secrets,
    ...(typeof pod === 'string' ? { pod } : {}),
    ...(typeof podUid === 'string' ? { podUid } : {}),
  };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload] = token.split('.');
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isFields(claims) ? claims : undefined;
  } catch {
    return undefined; // an opaque token without identity
  }
}

/**
 * True for objects that this process depends on: its namespace, service account, keys, pod and its owners, and the leases and memories
 * there (S-093).
 */
export function isOurs(
  { resource: { group, kind }, live }: { readonly resource: ApiResource; readonly live: LiveObject },
  self: Self,
): boolean {
  if (group === '' && kind === 'Namespace') return live.name === self.namespace;
  if (live.namespace !== self.namespace) return false;
  if (group === 'coordination.k8s.io') return kind === 'Lease';
  if (group === '' && kind === 'ConfigMap') return MEMORY_NAME.test(live.name);
  if (group === '' && kind === 'Secret') return self.secrets.has(live.name);
  if (group === '' && kind === 'ServiceAccount') return live.name === self.serviceAccount;
  if (self.pod === undefined) return false;
  if (group === '' && kind === 'Pod') return live.name === self.pod;
  return group === 'apps' && runs(live.name, self.pod);
}

/** A memory has the name of the Lease. */
const MEMORY_NAME = /^flux-[0-9a-f]{12}$/;

/** A pod's name is its owner's plus one part, or two parts below a Deployment. */
function runs(workload: string, pod: string): boolean {
  return pod.startsWith(`${workload}-`) && pod.slice(workload.length + 1).split('-').length <= 2;
}
