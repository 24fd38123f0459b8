import { type Clock, FluxError } from '../../base/index.ts';
import type { ShownManifest } from '../../change/index.ts';
import { parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, isPathSegment } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { findKind } from '../scope/scope.ts';
import type { Permit } from './permitted-reads.ts';

/** An object of Git that a person looks at. */
export interface LiveQuestion {
  readonly id: ResourceId;
  /** As it may be shown. */
  readonly desired: ShownManifest;
  readonly permit: Permit;
}

export interface LiveDeps {
  readonly transport: Pick<Transport, 'request' | 'stream'>;
  readonly allowed: AllowedNamespaces;
  /** The kinds that the API server serves. */
  readonly directory: (signal: AbortSignal | undefined) => Promise<Directory>;
  readonly clock: Pick<Clock, 'deadline'>;
}

/** Where the API server has an object of Git. */
export interface Located {
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** @throws FluxError `cluster/unknown-kind`, `cluster/not-allowed`. */
export async function locate(
  { id, desired: { object } }: Pick<LiveQuestion, 'id' | 'desired'>,
  { allowed, directory }: Pick<LiveDeps, 'allowed' | 'directory'>,
  signal: AbortSignal | undefined,
): Promise<Located> {
  const found = findKind(object, { directory: await directory(signal), defined: new Map() });
  if (!found)
    throw new FluxError(`the cluster does not serve ${object.apiVersion} ${object.kind}`, {
      code: 'cluster/unknown-kind',
      fault: 'missing',
      help: 'The object cannot be in the cluster before its CustomResourceDefinition is.',
    });
  const { resource } = found;
  const namespace = resource.namespaced ? parseResourceId(id).namespace : undefined;
  const { name } = object.metadata;
  if (
    !isPathSegment(name) ||
    (namespace !== undefined && !isPathSegment(namespace)) ||
    !allowed.allows(resource, namespace, name)
  )
    throw new FluxError(`${id} is outside of --k8s-allow-namespace`, { code: 'cluster/not-allowed', fault: 'user' });
  return { resource, namespace, name };
}
