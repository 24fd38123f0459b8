import { parseResourcePath } from '../../../src/sim/kubernetes/route.ts';
import type { Recorded } from './api-proxy.ts';
import type { Fault } from './fault.ts';

/** As in a Role: `*` means all. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Of what the API server does not serve itself; only a ClusterRole has those. */
export interface PathRule {
  readonly nonResourceURLs: readonly string[];
  readonly verbs: readonly string[];
}

/** What somebody may do in the whole cluster, and in single namespaces. */
export interface Rights {
  readonly cluster?: readonly (Rule | PathRule)[];
  readonly namespaces?: Readonly<Record<string, readonly Rule[]>>;
}

export const EVERYTHING: Rule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };

/** The answer of an API server with RBAC to a request of somebody who has no right to it; undefined when it is allowed. */
export function refusalOf(request: Pick<Recorded, 'method' | 'path' | 'watch'>, rights: Rights, user: string): Fault | undefined {
  const route = parseResourcePath(request.path);
  // What is served is told to everybody who is known.
  if (!route) return undefined;
  const { group, plural, name, subresource } = route;
  // Kubernetes counts a Namespace itself as being in it.
  const namespace = route.namespace ?? (group === '' && plural === 'namespaces' ? name : undefined);
  const verb = verbOf(request, name);
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const rules = [...(rights.cluster ?? []), ...(namespace === undefined ? [] : (rights.namespaces?.[namespace] ?? []))];
  const covers = (list: readonly string[], what: string) => list.includes('*') || list.includes(what);
  const grants = (rule: Rule | PathRule) =>
    'resources' in rule && covers(rule.apiGroups, group) && covers(rule.resources, resource) && covers(rule.verbs, verb);
  if (rules.some(grants)) return undefined;
  const subject = `${plural}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` "${name}"`}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${subject} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  const details = { ...(name === undefined ? {} : { name }), group, kind: plural };
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Forbidden',
    details,
    code: 403,
  };
  return { kind: 'answer', status: 403, body };
}

/** As RBAC calls what a request does. */
export function verbOf({ method, watch }: Pick<Recorded, 'method' | 'watch'>, name: string | undefined): string {
  if (method === 'POST') return 'create';
  if (method !== 'GET') return method.toLowerCase();
  return name !== undefined ? 'get' : watch ? 'watch' : 'list';
}
