import { readWithin } from '../../base/index.ts';
import type { LiveObjectReport } from '../../change/index.ts';
import { optional } from '../object/optional-facts.ts';
import { compareLive } from './compare-live.ts';
import { liveEvents } from './live-events.ts';
import { type LiveDeps, type LiveQuestion, locate } from './locate.ts';
import { permittedReads } from './permitted-reads.ts';
import { hiddenOf } from './shown-manifest.ts';

/**
 * Reads one object of Git from the cluster, and compares it. Each read of the cluster needs a right of the person who looks.
 * @throws FluxError `cluster/unknown-kind`, `cluster/not-allowed`, `cluster/forbidden`, those of `permit` …
 */
export async function liveObject(
  { id, desired, permit }: LiveQuestion,
  { transport, allowed, directory, clock }: LiveDeps,
  signal?: AbortSignal,
): Promise<LiveObjectReport> {
  const { resource, namespace, name } = await locate({ id, desired }, { allowed, directory }, signal);
  const reads = permittedReads(transport, permit, signal);
  const live = await reads.get(resource, namespace, name);
  const hidden = hiddenOf(desired, live);
  const events = await readWithin(clock, signal, (within) =>
    liveEvents(permittedReads(transport, permit, within), resource, { namespace, name }, { isHidden: hidden !== undefined }),
  );
  return {
    exists: live !== undefined,
    ...optional('hidden', hidden),
    ...compareLive(desired.object, live, hidden),
    events,
  };
}
