import { FluxError } from '../base/index.ts';
import { canonicalName, tryParseImageRef } from '../image/index.ts';
import { planAutomated } from './automated.ts';
import { planContainers } from './containers-release.ts';
import type { UpdateContext } from './context.ts';
import type { Planned } from './edit.ts';
import { automatedMessage, containersMessage, policyMessage, releaseMessage, revertMessage, rollbackMessage } from './message.ts';
import { planPolicies } from './policies.ts';
import { planRelease } from './release.ts';
import { planRevert } from './revert.ts';
import { planRollback } from './rollback.ts';
import type { UpdateResult, UpdateSpec } from './spec.ts';

/** An update planned on one revision, not yet committed. */
export interface UpdatePlan extends Planned {
  /** The update as it is recorded: a rollback is one of containers. */
  readonly spec: UpdateSpec;
  /** Flux v1's commit message, without skip text and trailers. */
  readonly message: string;
  /** The new image references, distinct and sorted. */
  readonly changedImages: readonly string[];
}

/**
 * Plans an update: the result for each workload, and the edited files. Dry runs and executed updates share it. Without edits there is
 * nothing to commit; the caller decides whether that is an error (it is for releases, but not for policies).
 * @throws FluxError if the update as a whole is rejected (`update/bad-spec`, `update/image-missing`, `update/image-unused`,
 * `update/registry-failed`, `update/registry-barred`, `update/unsatisfiable`, `update/no-changes`, `update/not-a-workload`, `policy/bad-tag-pattern`, `policy/bad-name`, `policy/no-container`,
 * `resource/bad-id`), or if a file cannot be edited in an all-or-nothing update, of policies or selected containers
 * (`update/edit-failed`).
 */
export async function planUpdate(spec: UpdateSpec, context: UpdateContext): Promise<UpdatePlan> {
  if (spec.type !== 'rollback') return completed(spec, await planSpec(spec, context), context);
  const { containers, ...planned } = await planRollback(spec.spec, context);
  return completed({ type: 'containers', cause: spec.cause, spec: containers }, planned, context);
}

function completed(spec: RecordedSpec, planned: Planned, context: UpdateContext): UpdatePlan {
  const changedImages = targetsOf(planned.result);
  return { ...planned, spec, changedImages, message: messageFor(spec, planned.result, changedImages, context) };
}

type RecordedSpec = Exclude<UpdateSpec, { readonly type: 'rollback' }>;

function planSpec(spec: RecordedSpec, context: UpdateContext): Promise<Planned> {
  switch (spec.type) {
    case 'image':
      return planRelease(spec.spec, context);
    case 'containers':
      return planContainers(spec.spec, context);
    case 'policy':
      return planPolicies(spec.spec, context);
    case 'auto':
      return spec.spec.Revert ? planRevert(spec.spec, context) : planAutomated(spec.spec, context);
    case 'sync':
      throw new FluxError('sync changes no files', { code: 'update/bad-spec' });
  }
}

function messageFor(
  spec: RecordedSpec,
  result: UpdateResult,
  images: readonly string[],
  { images: known }: Pick<UpdateContext, 'images'>,
): string {
  const personal = spec.cause.Message;
  if (spec.type === 'policy') return policyMessage(spec.spec, personal);
  if (spec.type === 'containers' && spec.spec.Rollback) return rollbackMessage(spec.spec, result, personal);
  if (personal !== '') return personal;
  if (spec.type === 'image') return releaseMessage(spec.spec);
  if (spec.type === 'containers') return containersMessage(spec.spec, result);
  if (spec.spec.Revert) return revertMessage(spec.spec.Revert, result);
  return automatedMessage(images, (image) => {
    const ref = tryParseImageRef(image);
    return ref && known.repository(canonicalName(ref))?.images.get(ref.tag)?.origin;
  });
}

function targetsOf(result: UpdateResult): readonly string[] {
  const targets = Object.values(result)
    .filter(({ Status }) => Status === 'success')
    .flatMap(({ PerContainer }) => (PerContainer ?? []).map(({ Target }) => Target));
  return [...new Set(targets)].sort();
}
