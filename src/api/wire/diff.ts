import * as z from 'zod';
import { errorSchema, fileProblemSchema, placeSchema } from './sync.ts';

/** Body limit of `POST /api/v1/diffs` in bytes, enough for the manifests of a large repository. */
export const MAX_DIFF_BYTES = 16 * 1024 * 1024;

/** A path below a directory. It is displayed and compared, but never opened. */
const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'is not a path below a directory');

/** `POST /api/v1/diffs`: a revision (the head of the branch by default), or files in place of the repository's. */
export const diffRequestSchema = z.union([
  z.strictObject({ revision: z.string().min(1).max(250).exactOptional() }),
  z.strictObject({ files: z.array(z.strictObject({ path: pathSchema, content: z.string() })).max(100_000) }),
]);
export type DiffRequestWire = z.infer<typeof diffRequestSchema>;

const fieldSchema = z.object({
  /** `spec.template.spec.containers[name=web].image`. */
  path: z.string(),
  /** Absent for a new field. */
  from: z.json().optional(),
  /** Absent for a removed field. */
  to: z.json().optional(),
});

const entrySchema = z.object({
  id: z.string(),
  /** create, change, prune, held, skip or failed; a newer daemon may know more. */
  action: z.string(),
  place: placeSchema.optional(),
  reason: z.string().optional(),
  error: errorSchema.optional(),
  /** For create and change; absent if the dry run failed. Values of Secrets are masked. */
  fields: z.array(fieldSchema).optional(),
});

/** The changes that a sync would make. */
export const diffReportSchema = z.object({
  /** Absent if files were compared. */
  revision: z.string().optional(),
  /** Number of objects by action, including unchanged ones. */
  counts: z.record(z.string(), z.number()),
  /** All but unchanged objects. */
  entries: z.array(entrySchema),
  /** Refused files and documents. */
  errors: z.array(fileProblemSchema),
  warnings: z.array(fileProblemSchema),
});
export type DiffReportWire = z.infer<typeof diffReportSchema>;
