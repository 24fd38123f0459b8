import { z } from 'zod';
import { hasCode } from '../../base/index.ts';
import { parseAnswer } from '../connection/parse-answer.ts';
import type { Transport } from '../connection/transport.ts';

/** The fields of a Lease (coordination.k8s.io/v1) for an election. */
export interface Lease {
  /** Empty if it has no holder. */
  readonly holder: string;
  /** Duration after an observed change during which other candidates must not acquire it. */
  readonly durationMs: number;
  /** RFC 3339 by the holder's clock: for display only, never compared with another clock. */
  readonly acquireTime: string | undefined;
  /** Number of changes of the holder. */
  readonly transitions: number;
  readonly resourceVersion: string;
  /** Changes with each renewal. */
  readonly state: string;
}

/** The fields that the holder writes. */
export interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** One Lease on an API server. Of two writers based on the same version, one fails with `cluster/conflict`. */
export interface LeaseStore {
  /** Undefined if there is none. */
  read(signal: AbortSignal): Promise<Lease | undefined>;
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease>;
  replace(spec: LeaseSpec, resourceVersion: string, signal: AbortSignal): Promise<Lease>;
}

const absentText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: absentText,
      leaseDurationSeconds: z.number().positive().nullish(),
      acquireTime: absentText,
      renewTime: absentText,
      leaseTransitions: z.number().int().nonnegative().nullish(),
    })
    .optional(),
});

export function createLeaseStore(transport: Transport, namespace: string, name: string): LeaseStore {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  // The election retries at its own pace.
  const ours = { attempts: 1, unfenced: true } as const;
  return {
    async read(signal) {
      try {
        return leaseOf((await transport.request({ ...ours, path, signal })).body, path);
      } catch (error) {
        if (hasCode(error, 'cluster/not-found')) return undefined;
        throw error;
      }
    },
    async create(spec, signal) {
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
      const headers = { 'content-type': 'application/json' };
      const request = { ...ours, method: 'POST', path: collection, headers, body: JSON.stringify(body), signal } as const;
      return leaseOf((await transport.request(request)).body, path);
    },
    async replace(spec, resourceVersion, signal) {
      // A patch, which needs no other verb than applying objects; the resourceVersion causes a conflict if it is stale.
      const body = { metadata: { resourceVersion }, spec };
      const headers = { 'content-type': 'application/merge-patch+json' };
      const request = { ...ours, method: 'PATCH', path, headers, body: JSON.stringify(body), signal } as const;
      return leaseOf((await transport.request(request)).body, path);
    },
  };
}

function leaseOf(body: unknown, path: string): Lease {
  const { metadata, spec } = parseAnswer(leaseSchema, body, { path, kind: 'Lease' });
  return {
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    acquireTime: spec?.acquireTime,
    transitions: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata.resourceVersion,
    state: JSON.stringify(spec ?? {}),
  };
}
