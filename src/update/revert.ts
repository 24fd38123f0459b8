import { FluxError } from '../base/index.ts';
import { hasPolicy, type Policies, policiesOf } from '../policy/index.ts';
import type { ResourceId } from '../resource/index.ts';
import type { UpdateContext } from './context.ts';
import { holdOfWorkload, suspensionOf } from './decide.ts';
import { describeHold } from './decision.ts';
import type { Planned } from './edit.ts';
import { type PutBack, planPutBack } from './put-back.ts';
import { rejection, sortedResult } from './select.ts';
import type { AutomatedSpec, WorkloadResult } from './spec.ts';

/** Whether a failed update of the workload by automation is reverted; `byDefault` is that of the daemon. */
export function revertsOnFailure(inGit: Policies, byDefault: boolean): boolean {
  const text = inGit.get('revert-on-failure');
  return hasPolicy(inGit, 'automated') && (text === undefined ? byDefault : text === 'true');
}

/**
 * Plans the revert of an automated update: the images before, and bans of those that failed. It never undoes a change of a person: a
 * workload that is held, no longer automated, or has another image by now is left as it is.
 * @throws FluxError as `planPutBack` does
 */
export async function planRevert({ Changes }: AutomatedSpec, context: UpdateContext): Promise<Planned> {
  const wanted = new Map<ResourceId, PutBack[]>();
  const refused = new Map<ResourceId, WorkloadResult>();
  for (const {
    WorkloadID: id,
    Container: { Name, Image },
    ImageID,
    Digest,
  } of Changes) {
    const refusal = refusalOf(policiesOf(context.manifests.get(id)?.object.metadata.annotations), context);
    if (refusal === undefined)
      wanted.set(id, [
        ...(wanted.get(id) ?? []),
        { container: Name, bad: Image, good: ImageID, ...(Digest === undefined ? {} : { failed: Digest }) },
      ]);
    else refused.set(id, rejection('skipped', refusal));
  }
  const planned = await planEach(wanted, refused, context);
  return { ...planned, result: sortedResult(new Map([...refused, ...Object.entries(planned.result)])) };
}

/** One workload that cannot be edited does not keep the others from being reverted: it is among `failed` then. */
async function planEach(
  wanted: ReadonlyMap<ResourceId, readonly PutBack[]>,
  failed: Map<ResourceId, WorkloadResult>,
  context: UpdateContext,
): Promise<Planned> {
  try {
    return await planPutBack(wanted, context);
  } catch (error) {
    if (!(error instanceof FluxError) || wanted.size < 2) throw error;
  }
  const possible = new Map<ResourceId, readonly PutBack[]>();
  for (const [id, images] of wanted) {
    try {
      await planPutBack(new Map([[id, images]]), context);
      possible.set(id, images);
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      failed.set(id, rejection('failed', error.message));
    }
  }
  return planPutBack(possible, context);
}

function refusalOf(inGit: Policies, { timing }: Pick<UpdateContext, 'timing'>): string | undefined {
  const hold = holdOfWorkload(inGit) ?? suspensionOf({ inGit, timing });
  if (hold) return describeHold(hold);
  if (!hasPolicy(inGit, 'automated')) return describeHold({ kind: 'not-automated' });
  return inGit.get('revert-on-failure') === 'false' ? 'reverts are turned off' : undefined;
}
