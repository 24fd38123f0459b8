import { type RecordedJob, readRecordedAutomation } from '../../record/index.ts';
import type { ResourceId } from '../../resource/index.ts';

/** The part of a reason that Kubernetes names; a message of the program follows it. */
const UP_TO_POD = /^container [^"]*?\(pod [^)"]*\)/;

/** Why a job reverted an update of the workload, without the message of the program; undefined if it did not. */
export function revertReason(job: RecordedJob | undefined, workload: ResourceId): string | undefined {
  const reasons = readRecordedAutomation(job?.spec)?.Revert?.Reasons ?? {};
  const reason = Object.hasOwn(reasons, workload) ? reasons[workload] : undefined;
  return reason === undefined ? undefined : (UP_TO_POD.exec(reason)?.[0] ?? 'its container failed');
}
