import { z } from 'zod';
import type { RecordedJob } from '../../record/index.ts';
import type { ResourceId } from '../../resource/index.ts';

/** The spec of an automated update in a note; anyone with push access may have written it. */
const automated = z.object({
  type: z.literal('auto'),
  spec: z.object({
    Changes: z.array(
      z.object({
        WorkloadID: z.string(),
        Container: z.object({ Name: z.string(), Image: z.string() }),
        ImageID: z.string(),
        WasReady: z.boolean().optional(),
      }),
    ),
    Revert: z.object({ Commit: z.string(), Reasons: z.record(z.string(), z.string()) }).optional(),
  }),
});

export type Changes = z.infer<typeof automated>['spec']['Changes'];

/** The spec of the job that a note records; undefined unless automation made it. */
export function automatedJob(job: RecordedJob | undefined): z.infer<typeof automated>['spec'] | undefined {
  const parsed = automated.safeParse(job?.spec);
  return parsed.success ? parsed.data.spec : undefined;
}

/** The part of a reason that Kubernetes names; a message of the program follows it. */
const UP_TO_POD = /^container [^"]*?\(pod [^)"]*\)/;

/** Why a job reverted an update of the workload, without the message of the program; undefined if it did not. */
export function revertReason(job: RecordedJob | undefined, workload: ResourceId): string | undefined {
  const reasons = automatedJob(job)?.Revert?.Reasons ?? {};
  const reason = Object.hasOwn(reasons, workload) ? reasons[workload] : undefined;
  return reason === undefined ? undefined : (UP_TO_POD.exec(reason)?.[0] ?? 'its container failed');
}
