import { z } from 'zod';
import { FluxError } from '../../base/index.ts';
import type { Transport } from '../connection/transport.ts';

/** A Lease (coordination.k8s.io/v1) as far as an election needs it. */
export interface Lease {
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** For how long after it was seen to change no other candidate may take it, as it says itself. */
  readonly durationMs: number;
  /** RFC 3339 by the holder's clock: for people, and never compared with another clock. */
  readonly acquireTime: string | undefined;
  /** How often it went from one to another. */
  readonly transitions: number;
  readonly resourceVersion: string;
  /** Differs after each renewal. */
  readonly state: string;
}

/** What the holder writes. */
export interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** One Lease on an API server. Of two writers who saw the same state one is refused, with `cluster/conflict`. */
export interface LeaseStore {
  /** Undefined when there is none. */
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
  // Whoever runs the election tries again at its own pace.
  const ours = { attempts: 1, unfenced: true } as const;
  return {
    async read(signal) {
      try {
        return leaseOf((await transport.request({ ...ours, path, signal })).body, path);
      } catch (error) {
        if (error instanceof FluxError && error.code === 'cluster/not-found') return undefined;
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
      // A patch, so that whoever may apply objects needs no other verb for this one; the version makes it a conflict when it is late.
      const body = { metadata: { resourceVersion }, spec };
      const headers = { 'content-type': 'application/merge-patch+json' };
      const request = { ...ours, method: 'PATCH', path, headers, body: JSON.stringify(body), signal } as const;
      return leaseOf((await transport.request(request)).body, path);
    },
  };
}

function leaseOf(body: unknown, path: string): Lease {
  const parsed = leaseSchema.safeParse(body);
  if (!parsed.success)
    throw new FluxError(`${path}: the answer is no Lease`, { code: 'cluster/bad-answer', cause: parsed.error });
  const { metadata, spec } = parsed.data;
  return {
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    acquireTime: spec?.acquireTime,
    transitions: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata.resourceVersion,
    state: JSON.stringify(spec ?? {}),
  };
}
