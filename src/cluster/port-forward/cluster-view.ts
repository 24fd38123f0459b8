import { FluxError } from '../../base/index.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { type ListOptions, type LiveObject, listMetadata } from '../object/live.ts';
import { type ClientSource, loadForClient, openTransport } from './connection.ts';

/** A cluster with the user's own rights. Every method throws FluxErrors. */
export interface ClusterView {
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
  /** The object at a path; undefined if there is none. */
  get(path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Only the metadata of the objects of a kind, so that Secrets are not read; none if the kind is not served. */
  metadata(
    kind: Kind,
    options: Pick<ListOptions, 'fieldSelector' | 'labelSelector' | 'namespace'>,
  ): Promise<readonly LiveObject[]>;
  /** `v1.34.4`, and the server's time in milliseconds since the epoch, to the second, if known. */
  version(): Promise<{ readonly version: string; readonly timeMs?: number }>;
  /** Whether a user may do something (Kubernetes, SubjectAccessReview), which requires a right itself. */
  may(user: string, attributes: ResourceAttributes): Promise<boolean>;
  close(): void;
}

export type Kind = Pick<ApiResource, 'group' | 'version' | 'kind' | 'plural'>;

export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** @throws FluxError `cluster/no-config`, `cluster/bad-config`. */
export async function openClusterView(source: ClientSource): Promise<ClusterView> {
  const kubeconfig = await loadForClient(source);
  const transport = openTransport(kubeconfig, source);
  return {
    context: kubeconfig.config.getCurrentContext(),
    server: kubeconfig.server,
    async get(path, query) {
      try {
        return (await transport.request({ path, attempts: 1, ...(query ? { query } : {}) })).body;
      } catch (error) {
        if (error instanceof FluxError && error.fault === 'missing') return undefined;
        throw error;
      }
    },
    async metadata(kind, options) {
      try {
        return await listMetadata(transport, { ...kind, namespaced: true, verbs: [] }, options);
      } catch (error) {
        if (error instanceof FluxError && error.fault === 'missing') return [];
        throw error;
      }
    },
    async version() {
      const { body, headers } = await transport.request({ path: '/version', attempts: 1 });
      const timeMs = Date.parse(String(headers.date ?? ''));
      return { version: textAt(body, 'gitVersion'), ...(Number.isNaN(timeMs) ? {} : { timeMs }) };
    },
    async may(user, resourceAttributes) {
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, groups: groupsOf(user), resourceAttributes },
      };
      const headers = { 'content-type': 'application/json' };
      const { body } = await transport.request({
        method: 'POST',
        path: REVIEWS,
        headers,
        body: JSON.stringify(review),
        attempts: 1,
      });
      return recordAt(body, 'status').allowed === true;
    },
    close: () => transport.close(),
  };
}

/** The groups of a service account (Kubernetes, "Service account identities"), which a review does not add. */
function groupsOf(user: string): readonly string[] {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(user) ?? [];
  const accounts = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return [...accounts, 'system:authenticated'];
}

function textAt(value: unknown, key: string): string {
  const found = recordOf(value)[key];
  return typeof found === 'string' ? found : '';
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  return recordOf(recordOf(value)[key]);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
