import type { ApiProxy } from './api-proxy.ts';
import type { Endpoint, KubeClient } from './kube-client.ts';
import { type Rights, refusalOf } from './rights.ts';

/** Somebody with limited rights, for a daemon to be. */
export interface Account {
  readonly namespace: string;
  /** As API servers name it. */
  readonly user: string;
  /** Of the ServiceAccount `flux` in that namespace; where no API server checks it, it is not signed. */
  readonly token: string;
  /** From now on these rights and no others. */
  grant(rights: Rights): Promise<void>;
  readonly endpoint: Endpoint;
  /** Where no API server checks rights: the proxy does. */
  readonly intercept?: ApiProxy['intercept'];
}

const RBAC = 'apis/rbac.authorization.k8s.io/v1';

/** A ServiceAccount with a token, and Roles of RBAC. They go with the account's namespace, and by `remove`. */
export async function createServiceAccount(
  kube: KubeClient,
  endpoint: Endpoint,
  namespace: string,
): Promise<Account & { remove(): Promise<void> }> {
  const accounts = `api/v1/namespaces/${namespace}/serviceaccounts`;
  await kube.create(accounts, { metadata: { name: 'flux' } });
  const { status } = await kube.create(`${accounts}/flux/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  });
  let made: string[] = [];

  async function remove(): Promise<void> {
    for (const path of made.splice(0)) if (await kube.find(path)) await kube.delete(path);
  }

  async function create(collection: string, object: object): Promise<void> {
    made = [...made, `${collection}/${namespace}`];
    await kube.create(collection, { ...object, metadata: { name: namespace } });
  }

  const subjects = [{ kind: 'ServiceAccount', name: 'flux', namespace }];
  const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: namespace });
  return {
    namespace,
    user: `system:serviceaccount:${namespace}:flux`,
    token: status.token,
    endpoint: {
      server: endpoint.server,
      tls: endpoint.tls.ca ? { ca: endpoint.tls.ca } : { rejectUnauthorized: false },
      headers: { authorization: `Bearer ${status.token}` },
    },
    remove,
    async grant({ cluster, namespaces = {} }) {
      await remove();
      if (cluster) {
        await create(`${RBAC}/clusterroles`, { rules: cluster });
        await create(`${RBAC}/clusterrolebindings`, { subjects, roleRef: roleRef('ClusterRole') });
      }
      for (const [name, rules] of Object.entries(namespaces)) {
        await create(`${RBAC}/namespaces/${name}/roles`, { rules });
        await create(`${RBAC}/namespaces/${name}/rolebindings`, { subjects, roleRef: roleRef('Role') });
      }
    },
  };
}

/** The same where the API server lets everybody do everything: the daemon's proxy refuses in its place. */
export function createCheckedAccount(endpoint: Endpoint, namespace: string): Account {
  const user = `system:serviceaccount:${namespace}:flux`;
  let granted: Rights = {};
  const claims = { sub: user, 'kubernetes.io': { namespace, serviceaccount: { name: 'flux' } } };
  return {
    namespace,
    user,
    token: `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`,
    endpoint,
    intercept: (request) => refusalOf(request, granted, user),
    async grant(rights) {
      granted = rights;
    },
  };
}
