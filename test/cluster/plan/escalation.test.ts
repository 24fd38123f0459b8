import { describe, expect, test } from 'vitest';
import { escalationWarning } from '../../../src/cluster/plan/escalation.ts';
import { manifest, startWorld } from '../world.ts';

const SELF = { namespace: 'flux', serviceAccount: 'flux', pod: 'flux-7d9f8c6b5d-x2x4z', secrets: new Set<string>() };
const RBAC = 'rbac.authorization.k8s.io';

type Json = Readonly<Record<string, unknown>>;

interface Given {
  readonly group?: string;
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly metadata?: Json;
  readonly fields?: Json;
}

function warningOf(
  { group = '', kind, name = 'x', namespace, metadata = {}, fields = {} }: Given,
  self: typeof SELF | 'outside' = SELF,
) {
  const object = { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind, metadata: { name, ...metadata }, ...fields };
  const plural = `${kind.toLowerCase()}s`;
  const resource = { group, version: 'v1', kind, plural, namespaced: namespace !== undefined, verbs: ['patch'] };
  return escalationWarning(
    { id: 'x', key: 'x', resource, namespace, name, manifest: manifest(object) },
    self === 'outside' ? undefined : self,
  );
}

const role = (kind: string, name: string, ...rules: readonly Json[]): Given => ({
  group: RBAC,
  kind,
  name,
  ...(kind === 'Role' ? { namespace: 'shop' } : {}),
  fields: { rules },
});
const rule = (verbs: readonly string[], resources = ['roles'], apiGroups: readonly string[] = [RBAC]) => ({
  verbs,
  resources,
  apiGroups,
});
const binding = (
  kind: string,
  subject: Json,
  roleRef: Json = { kind: 'ClusterRole', name: 'view' },
  namespace = 'shop',
): Given => ({
  group: RBAC,
  kind,
  ...(kind === 'RoleBinding' ? { namespace } : {}),
  fields: { subjects: [{ kind: 'User', name: 'ann' }, subject], roleRef },
});
const ours = { kind: 'ServiceAccount', name: 'flux', namespace: 'flux' };
const group = (name: string) => ({ kind: 'Group', name });
const admin = { kind: 'ClusterRole', name: 'cluster-admin' };

const POWERFUL: readonly (readonly [string, Given, string])[] = [
  ...['RoleBinding', 'ClusterRoleBinding'].flatMap((kind): (readonly [string, Given, string])[] => [
    [`${kind} of our service account`, binding(kind, ours), 'to the service account of this Flux'],
    [
      `${kind} of our user`,
      binding(kind, { kind: 'User', name: 'system:serviceaccount:flux:flux' }),
      'to the service account of this Flux',
    ],
    [
      `${kind} of all service accounts beside us`,
      binding(kind, group('system:serviceaccounts:flux')),
      'to the service account of this Flux',
    ],
    [`${kind} of all service accounts`, binding(kind, group('system:serviceaccounts')), 'to every service account'],
    [`${kind} of all users with an account`, binding(kind, group('system:authenticated')), 'to all users'],
    [`${kind} of all users`, binding(kind, group('system:unauthenticated')), 'to all users'],
    [`${kind} of anonymous users`, binding(kind, { kind: 'User', name: 'system:anonymous' }), 'to all users'],
    [`${kind} of the masters`, binding(kind, group('system:masters')), 'cluster-admin'],
    [`${kind} of cluster-admin`, binding(kind, { kind: 'User', name: 'bob' }, admin), 'cluster-admin'],
  ]),
  [
    'a binding beside us that leaves out the namespace',
    binding('RoleBinding', { kind: 'ServiceAccount', name: 'flux' }, {}, 'flux'),
    'of this Flux',
  ],
  ...['Role', 'ClusterRole'].flatMap((kind): (readonly [string, Given, string])[] => [
    [`${kind} that may escalate`, role(kind, 'a', rule(['get']), rule(['get', 'escalate'])), 'escalate'],
    [`${kind} that may bind`, role(kind, 'a', rule(['bind'])), 'bind'],
    [`${kind} that may impersonate`, role(kind, 'a', rule(['impersonate'], ['users'], [''])), 'impersonate'],
    [`${kind} that may do everything`, role(kind, 'a', rule(['*'], ['*'], ['*'])), 'everything'],
    [`${kind} that may do everything to roles`, role(kind, 'a', rule(['*'], ['clusterroles'], [RBAC])), 'escalate'],
    [`${kind} with a name of Kubernetes`, role(kind, 'system:node', rule(['get'])), 'reserved for Kubernetes'],
  ]),
  ['a mutating webhook', { group: 'admissionregistration.k8s.io', kind: 'MutatingWebhookConfiguration' }, 'others write'],
  ['a validating webhook', { group: 'admissionregistration.k8s.io', kind: 'ValidatingWebhookConfiguration' }, 'others write'],
  ['a mutating policy', { group: 'admissionregistration.k8s.io', kind: 'MutatingAdmissionPolicy' }, 'others write'],
  ['an aggregated API', { group: 'apiregistration.k8s.io', kind: 'APIService' }, 'credentials'],
  ['our namespace', { kind: 'Namespace', name: 'flux' }, 'needs it'],
  ['our service account', { kind: 'ServiceAccount', name: 'flux', namespace: 'flux' }, 'needs it'],
  ['our Deployment', { group: 'apps', kind: 'Deployment', name: 'flux', namespace: 'flux' }, 'needs it'],
  ['a Lease beside us', { group: 'coordination.k8s.io', kind: 'Lease', namespace: 'flux' }, 'needs it'],
  ['a memory beside us', { kind: 'ConfigMap', name: 'flux-0123456789ab', namespace: 'flux' }, 'needs it'],
  ['a Secret beside us', { kind: 'Secret', namespace: 'flux' }, 'beside this Flux'],
  ['a token', { kind: 'Secret', namespace: 'shop', fields: { type: 'kubernetes.io/service-account-token' } }, 'token'],
  [
    'a namespace of privileged pods',
    { kind: 'Namespace', metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
    'privileged',
  ],
];

describe('S-093: what gives more power than its file seems to say', () => {
  test('is 40 cases', () => expect(POWERFUL.length).toBeGreaterThanOrEqual(40));

  test.for(POWERFUL)('%s is flagged', ([, given, why]) => {
    expect(warningOf(given)).toMatchObject({ code: 'cluster/escalation', message: expect.stringContaining(why) });
  });

  test.for<[string, Given]>([
    ['a ConfigMap', { kind: 'ConfigMap', namespace: 'flux' }],
    ['a Secret elsewhere', { kind: 'Secret', namespace: 'shop' }],
    ['another service account', { kind: 'ServiceAccount', name: 'web', namespace: 'flux' }],
    ['a service account of our name elsewhere', { kind: 'ServiceAccount', name: 'flux', namespace: 'shop' }],
    ['a namespace', { kind: 'Namespace', metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }],
    ['a Role that reads', role('Role', 'a', rule(['get', 'list', 'watch'], ['*'], ['*']))],
    ['a Role for everything of one group', role('Role', 'a', rule(['*'], ['*'], ['apps']))],
    ['a binding of another service account', binding('RoleBinding', { kind: 'ServiceAccount', name: 'flux', namespace: 'shop' })],
    ['a binding of a person', binding('ClusterRoleBinding', { kind: 'User', name: 'bob' })],
    ['another group’s ClusterRole', { group: 'acme.io', kind: 'ClusterRole', fields: { rules: [rule(['escalate'])] } }],
    [
      'fields that are not what they should be',
      { group: RBAC, kind: 'ClusterRoleBinding', fields: { subjects: 'all', roleRef: 7 } },
    ],
    [
      'rules that are not what they should be',
      { group: RBAC, kind: 'ClusterRole', fields: { rules: [null, 1, { verbs: '*' }] } },
    ],
  ])('%s is not', ([, given]) => {
    expect(warningOf(given)).toBeUndefined();
  });

  test('outside of the cluster nothing is ours', () => {
    expect(warningOf({ kind: 'Namespace', name: 'flux' }, 'outside')).toBeUndefined();
    expect(warningOf(binding('ClusterRoleBinding', ours), 'outside')).toBeUndefined();
    expect(warningOf(binding('ClusterRoleBinding', ours, admin), 'outside')).toBeDefined();
  });

  test('it is applied all the same, and told with the sync that writes it, and by a diff', async () => {
    const { cluster, plan } = await startWorld();
    const token = manifest({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'token', namespace: 'shop' },
      type: 'kubernetes.io/service-account-token',
    });
    const [entry] = await cluster.diff(await plan([token], { preview: true }));
    expect(entry?.warnings).toMatchObject([{ code: 'cluster/escalation' }]);
    const [change] = await cluster.apply(await plan([token]));
    expect(change).toMatchObject({ outcome: 'created', warnings: [{ code: 'cluster/escalation' }] });
    const [again] = await cluster.apply(await plan([token]));
    expect(again).toMatchObject({ outcome: 'unchanged' });
    expect(again?.warnings).toBeUndefined();
  });
});
