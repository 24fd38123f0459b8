import { type Clock, FluxError, readWithin } from '../../base/index.ts';
import type { LiveObjectReport, ShownManifest } from '../../change/index.ts';
import { mostConfidential, parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { isPathSegment } from '../discovery/api-resource.ts';
import type { Directory } from '../discovery/discovery.ts';
import { confidentialLive } from '../object/confidential.ts';
import { metadataOf } from '../object/live.ts';
import { optional } from '../object/optional-facts.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';
import { findKind } from '../scope/scope.ts';
import { compareLive } from './compare-live.ts';
import { liveEvents } from './live-events.ts';
import { type Permit, permittedReads } from './permitted-reads.ts';
import { hiddenBy } from './shown-manifest.ts';

/** An object of Git that a person looks at. */
export interface LiveQuestion {
  readonly id: ResourceId;
  /** As it may be shown. */
  readonly desired: ShownManifest;
  readonly permit: Permit;
}

export interface LiveDeps {
  readonly transport: Pick<Transport, 'request'>;
  readonly allowed: AllowedNamespaces;
  /** The kinds that the API server serves. */
  readonly directory: (signal: AbortSignal | undefined) => Promise<Directory>;
  readonly clock: Pick<Clock, 'deadline'>;
}

/**
 * Reads one object of Git from the cluster, and compares it. Each read of the cluster needs a right of the person who looks.
 * @throws FluxError `cluster/unknown-kind`, `cluster/not-allowed`, `cluster/forbidden`, those of `permit` …
 */
export async function liveObject(
  { id, desired, permit }: LiveQuestion,
  { transport, allowed, directory, clock }: LiveDeps,
  signal?: AbortSignal,
): Promise<LiveObjectReport> {
  const { object } = desired;
  const found = findKind(object, { directory: await directory(signal), defined: new Map() });
  if (!found)
    throw new FluxError(`the cluster does not serve ${object.apiVersion} ${object.kind}`, {
      code: 'cluster/unknown-kind',
      fault: 'missing',
      help: 'The object cannot be in the cluster before its CustomResourceDefinition is.',
    });
  const { resource } = found;
  const inside = resource.namespaced ? parseResourceId(id).namespace : undefined;
  const { name } = object.metadata;
  if (!isPathSegment(name) || (inside !== undefined && !isPathSegment(inside)) || !allowed.allows(resource, inside, name))
    throw new FluxError(`${id} is outside of --k8s-allow-namespace`, { code: 'cluster/not-allowed', fault: 'user' });
  const reads = permittedReads(transport, permit, signal);
  const live = await reads.get(resource, inside, name);
  const hidden = mostConfidential(desired.hidden, hiddenBy(object, live && confidentialLive(metadataOf(live))));
  const events = await readWithin(clock, signal, (within) =>
    liveEvents(
      permittedReads(transport, permit, within),
      resource,
      { namespace: inside, name },
      { isHidden: hidden !== undefined },
    ),
  );
  return {
    exists: live !== undefined,
    ...optional('hidden', hidden),
    ...compareLive(object, live, hidden),
    events,
  };
}
