import * as z from 'zod';

const text = z.string().catch('');
const NO_CAUSE = { Message: '', User: '' };

const envelope = z
  .object({
    type: text,
    cause: z.object({ Message: text, User: text }).catch(NO_CAUSE),
    spec: z.object({ Revert: z.unknown(), Rollback: z.unknown() }).partial().catch({}),
  })
  .catch({ type: '', cause: NO_CAUSE, spec: {} });

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

/** What any recorded spec says of itself. Anyone with push access may have written it: what is not text is empty. */
export type RecordedSpec = z.infer<typeof envelope>;

export function readRecordedSpec(spec: unknown): RecordedSpec {
  return envelope.parse(spec);
}

/** The recorded spec of an automated update, or of its revert. */
export type RecordedAutomation = z.infer<typeof automated>['spec'];

/** Undefined unless it is the complete spec of automation. */
export function readRecordedAutomation(spec: unknown): RecordedAutomation | undefined {
  const parsed = automated.safeParse(spec);
  return parsed.success ? parsed.data.spec : undefined;
}
