import { FluxError } from '../base/index.ts';
import { planAutomated } from './automated.ts';
import { planContainers } from './containers-release.ts';
import type { UpdateContext } from './context.ts';
import type { Planned } from './edit.ts';
import { automatedMessage, containersMessage, policyMessage, releaseMessage } from './message.ts';
import { planPolicies } from './policies.ts';
import { planRelease } from './release.ts';
import type { UpdateResult, UpdateSpec } from './spec.ts';

/** An update worked out on one revision; nothing of it is done yet. */
export interface UpdatePlan extends Planned {
  /** Commit message in Flux v1's words, without skip text and trailers. */
  readonly message: string;
  /** The references that containers move to; distinct and sorted. */
  readonly changedImages: readonly string[];
}

/**
 * Works an update out: what becomes of each workload, and the files as they should be. The same for a dry run and for the real
 * thing. No edits means that there is nothing to commit; whether that is an error is for the caller to say (it is for releases,
 * it is not for policies).
 * @throws FluxError when the update as a whole is refused (`update/bad-spec`, `update/image-missing`, `update/unsatisfiable`,
 * `update/no-changes`, `update/not-a-workload`, `policy/bad-tag-pattern`, `policy/bad-name`, `policy/no-container`, `resource/bad-id`), or a file cannot be
 * edited for what must be done as a whole, which policies and chosen containers must (`update/edit-failed`).
 */
export async function planUpdate(spec: UpdateSpec, context: UpdateContext): Promise<UpdatePlan> {
  const planned = await planSpec(spec, context);
  const changedImages = targetsOf(planned.result);
  return { ...planned, changedImages, message: messageFor(spec, planned.result, changedImages) };
}

function planSpec(spec: UpdateSpec, context: UpdateContext): Promise<Planned> {
  switch (spec.type) {
    case 'image':
      return planRelease(spec.spec, context);
    case 'containers':
      return planContainers(spec.spec, context);
    case 'policy':
      return planPolicies(spec.spec, context);
    case 'auto':
      return planAutomated(spec.spec, context);
    case 'sync':
      throw new FluxError('sync changes no files', { code: 'update/bad-spec' });
  }
}

function messageFor(spec: UpdateSpec, result: UpdateResult, images: readonly string[]): string {
  const personal = spec.cause.Message;
  if (spec.type === 'policy') return policyMessage(spec.spec, personal);
  if (personal !== '') return personal;
  if (spec.type === 'image') return releaseMessage(spec.spec);
  if (spec.type === 'containers') return containersMessage(spec.spec, result);
  return automatedMessage(images);
}

function targetsOf(result: UpdateResult): readonly string[] {
  const targets = Object.values(result)
    .filter(({ Status }) => Status === 'success')
    .flatMap(({ PerContainer }) => (PerContainer ?? []).map(({ Target }) => Target));
  return [...new Set(targets)].sort();
}
