import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import { kindName } from '../discovery/api-resource.ts';
import { isOurs, type Self } from '../prune/self.ts';
import type { Target } from '../scope/scope.ts';

/**
 * Warnings about objects that grant more power than their file suggests (S-093). They are applied anyway, since users with push access
 * are trusted with all rights of Flux, but they should not go unnoticed.
 */
export function escalationWarning(target: Target, self: Self | undefined): FluxError | undefined {
  const why = powerOf(target, self);
  if (why === undefined) return undefined;
  return new FluxError(`${kindName(target.resource)} ${target.name} is security-sensitive: ${why}`, {
    code: 'cluster/escalation',
    fault: 'user',
    help: 'It is applied. Check in the history of its file who added it, and whether it is intended.',
  });
}

const RBAC = 'rbac.authorization.k8s.io';
/** https://kubernetes.io/docs/concepts/security/rbac-good-practices/#kubernetes-rbac-privilege-escalation-risks */
const ESCALATING = ['escalate', 'bind', 'impersonate'];
const ALL_USERS = new Set(['system:anonymous', 'system:unauthenticated', 'system:authenticated']);

function powerOf(target: Target, self: Self | undefined): string | undefined {
  const { resource, namespace, name, manifest } = target;
  const { object } = manifest;
  const place = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (self && isOurs({ resource, live: place }, self)) return 'this Flux itself needs it';
  switch (`${resource.group}/${resource.kind}`) {
    case '/Namespace':
      return isFields(object.metadata.labels) && object.metadata.labels['pod-security.kubernetes.io/enforce'] === 'privileged'
        ? 'its pods may be privileged'
        : undefined;
    case '/Secret':
      if (object.type === 'kubernetes.io/service-account-token') return 'it asks for a token of a service account';
      return self && namespace === self.namespace ? 'it is a Secret beside this Flux' : undefined;
    case `${RBAC}/Role`:
    case `${RBAC}/ClusterRole`:
      return reserved(name) ?? firstOf(object.rules, powerOfRule);
    case `${RBAC}/RoleBinding`:
    case `${RBAC}/ClusterRoleBinding`:
      return (
        reserved(name) ??
        (isFields(object.roleRef) && object.roleRef.name === 'cluster-admin' ? 'it binds cluster-admin' : undefined) ??
        firstOf(object.subjects, (subject) => powerOfSubject(subject, namespace, self))
      );
    case 'admissionregistration.k8s.io/MutatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/ValidatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/MutatingAdmissionPolicy':
      return 'it sees, changes or refuses what others write';
    case 'apiregistration.k8s.io/APIService':
      return 'it answers for the API server, and is sent the credentials of those who ask';
    default:
      return undefined;
  }
}

function reserved(name: string): string | undefined {
  return name.startsWith('system:') ? 'its name is reserved for Kubernetes itself' : undefined;
}

function powerOfRule(rule: Readonly<Record<string, unknown>>): string | undefined {
  const has = (list: unknown, what: string) => Array.isArray(list) && list.includes(what);
  const { verbs, resources, apiGroups } = rule;
  const verb = ESCALATING.find((each) => has(verbs, each));
  if (verb !== undefined) return `it allows to ${verb}`;
  if (!has(verbs, '*')) return undefined;
  if (has(resources, '*') && has(apiGroups, '*')) return 'it allows everything';
  const ofRoles = ['*', 'roles', 'clusterroles'].some((each) => has(resources, each));
  return ofRoles && (has(apiGroups, RBAC) || has(apiGroups, '*')) ? 'it allows to escalate' : undefined;
}

/** The subjects of a binding; one without a namespace is in the binding's. */
function powerOfSubject(
  subject: Readonly<Record<string, unknown>>,
  bindingNamespace: string | undefined,
  self: Self | undefined,
): string | undefined {
  const { kind, name, namespace = bindingNamespace } = subject;
  if (ALL_USERS.has(String(name))) return 'it gives rights to all users';
  if (name === 'system:serviceaccounts') return 'it gives rights to every service account';
  if (name === 'system:masters') return 'it names the group that is cluster-admin';
  if (!self) return undefined;
  const isSelf =
    kind === 'ServiceAccount'
      ? name === self.serviceAccount && namespace === self.namespace
      : name === `system:serviceaccount:${self.namespace}:${self.serviceAccount}` ||
        name === `system:serviceaccounts:${self.namespace}`;
  return isSelf ? 'it gives rights to the service account of this Flux' : undefined;
}

/** The first result for the records in an unvalidated list. */
function firstOf(list: unknown, ask: (each: Readonly<Record<string, unknown>>) => string | undefined): string | undefined {
  for (const each of Array.isArray(list) ? list : []) {
    const answer = isFields(each) ? ask(each) : undefined;
    if (answer !== undefined) return answer;
  }
  return undefined;
}
