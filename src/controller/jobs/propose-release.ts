import type { Cancellable } from '../../base/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import type { Proposals } from '../pull-requests/proposals.ts';
import { newest, type PlanOptions, planOn, withoutCommit } from './apply-update.ts';
import type { JobResult } from './jobs.ts';
import { retryUpdate } from './retry-update.ts';
import { requireVerifiedHead } from './unverified-head.ts';

/** Whether an update is a release of images, which may be proposed; a rollback and a change of policies are made at once. */
export function isRelease({ type }: UpdateSpec): boolean {
  return type === 'image' || type === 'containers';
}

/**
 * Proposes a release on a branch that people merge. The job ends without a revision, since none of the followed branch has the release:
 * fluxctl of Flux v1 would wait for it to be synced.
 */
export async function proposeRelease(
  { jobId, spec, proposals }: { readonly jobId: string; readonly spec: UpdateSpec; readonly proposals: Proposals },
  options: PlanOptions,
  cancel: Cancellable = {},
): Promise<JobResult> {
  const { source, clock, log } = options;
  const onRetry = (error: unknown) => log.info({ jobId, err: error }, 'retrying release');
  return retryUpdate(attempt, { clock, onRetry }, cancel);

  async function attempt(): Promise<JobResult> {
    source.requireWritable();
    const head = await newest(source, cancel);
    requireVerifiedHead(source);
    const plan = await planOn(head, spec, options, cancel);
    if (plan.edits.length === 0) return withoutCommit(spec, plan);
    const { result, message } = plan;
    const { User: author } = plan.spec.cause;
    const pullRequests = await proposals.release(head, { jobId, result, message, author }, cancel);
    log.info({ jobId, pullRequests }, 'release proposed');
    return { spec: plan.spec, result, pullRequests };
  }
}
