import { randomUUID } from 'node:crypto';
import { asFluxError, FluxError } from '../../base/index.ts';
import { isFields, type KubeObject } from '../../resource/index.ts';
import type { ApiRequest, ApiResponse } from '../connection/transport.ts';
import { kindName, objectPath } from '../discovery/api-resource.ts';
import type { Target } from '../scope/scope.ts';
import type { Draft } from './draft.ts';

/** The shortest limit of names is that of CronJobs, 52: shorter names grow by the suffix, longer ones keep their length. */
const GROWS = 43;
const SUFFIX = 9;

export interface TrialDeps {
  /** Sends a request when a slot is free. */
  readonly request: (build: () => ApiRequest) => Promise<ApiResponse>;
  readonly manager: string;
  /** Sanitises a rejection for display. */
  readonly shown: (error: FluxError) => FluxError;
}

/**
 * Checks by a dry run under an unused name that the API server, with all webhooks and quotas, would create the object, before the existing
 * one is deleted (https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).
 * @throws FluxError with the code of the rejection.
 */
export async function tryCreation({ resource, namespace, name }: Target, draft: Draft, deps: TrialDeps): Promise<void> {
  const unused = unusedName(name);
  for (;;) {
    try {
      await deps.request(() => ({
        method: 'PATCH',
        path: objectPath(resource, namespace, unused),
        query: { fieldManager: deps.manager, force: 'true', fieldValidation: 'Strict', dryRun: 'All' },
        unfenced: true,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: JSON.stringify(beside(draft.current().body, unused)),
      }));
      return;
    } catch (thrown) {
      const error = asFluxError(thrown, { code: 'cluster/apply-failed' });
      if (draft.mend(error)) continue;
      const { message } = deps.shown(error);
      throw new FluxError(
        `${kindName(resource)} ${name}: not deleted to be recreated, because a dry run of its creation (as ${unused}) was rejected: ${message}`,
        {
          code: error.code,
          fault: error.fault,
          help: 'The object stays unchanged. Fix what the error names. If the object itself occupies what its replacement needs (a host name, an address, the rest of a quota), delete it; the next sync creates it again.',
        },
      );
    }
  }
}

/** An unused name of the same form, no longer than the name if that is long. */
function unusedName(name: string): string {
  const kept = name.length <= GROWS ? name : name.slice(0, Math.max(GROWS, name.length - SUFFIX)).replace(/[-.]+$/, '');
  return `${kept}-${randomUUID().slice(0, SUFFIX - 1)}`;
}

/** The same object beside the one that stands: without the addresses and ports of the node that only one Service can have. */
function beside(body: KubeObject, name: string): KubeObject {
  const renamed = { ...body, metadata: { ...body.metadata, name } };
  const { spec } = body;
  if (body.apiVersion !== 'v1' || body.kind !== 'Service' || !isFields(spec)) return renamed;
  const { clusterIP, clusterIPs, healthCheckNodePort: _, ports, ...rest } = spec;
  const headless = clusterIP === 'None' || (Array.isArray(clusterIPs) && clusterIPs.includes('None'));
  return {
    ...renamed,
    spec: {
      ...rest,
      ...(headless ? { clusterIP: 'None' } : {}),
      ...(Array.isArray(ports) ? { ports: ports.map(withoutNodePort) } : ports === undefined ? {} : { ports }),
    },
  };
}

function withoutNodePort(port: unknown): unknown {
  if (!isFields(port)) return port;
  const { nodePort: _, ...rest } = port;
  return rest;
}
