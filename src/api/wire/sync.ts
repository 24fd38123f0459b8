import * as z from 'zod';

export const errorSchema = z.object({ code: z.string(), message: z.string(), help: z.string().optional() });

export const placeSchema = z.object({
  file: z.string(),
  document: z.number(),
  /** 1 for what a unit renders. */
  line: z.number(),
  /** The unit that renders it; absent for what is written in the file. */
  unit: z.string().optional(),
  item: z.number().optional(),
  /** What renders the unit, such as commands; a newer daemon may know more. */
  renderer: z.string().optional(),
  /** Where what is rendered comes from in the repository, as far as that is known. */
  origin: z.object({ file: z.string() }).optional(),
});

export type PlaceWire = z.infer<typeof placeSchema>;

/** The name of the source of an entry; absent if the daemon has one. */
export const sourceNameSchema = z.string().optional();

const changeSchema = z.object({
  id: z.string(),
  source: sourceNameSchema,
  /** created, configured, deleted, skipped, held or failed; a newer daemon may know more. */
  outcome: z.string(),
  place: placeSchema.optional(),
  reason: z.string().optional(),
  error: errorSchema.optional(),
});

export const fileProblemSchema = z.object({
  ...placeSchema.partial().shape,
  column: z.number().optional(),
  id: z.string().optional(),
  source: sourceNameSchema,
  error: errorSchema,
});

/** What of the branch, or of the tag that is followed, is not synced, because a commit or the tag has no valid signature. */
export const unverifiedSchema = z.object({
  head: z.string(),
  /** The first commit that was refused, or that of the tag that was. */
  commit: z.string(),
  /** The tag whose own signature was refused; absent if a commit's was. */
  tag: z.string().optional(),
  /** What is wrong with it, as the end of a sentence. */
  why: z.string(),
  /** Of the signature; may be empty. */
  key: z.string(),
  signer: z.string(),
  /** Number of commits that wait, itself included. */
  commits: z.number(),
});
export type UnverifiedWire = z.infer<typeof unverifiedSchema>;

/** `POST /api/v1/syncs` and `GET /api/v1/syncs/{id}`: one sync, from queued to done. Times are RFC 3339 in UTC. */
export const syncReportSchema = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'done']),
  revision: z.string().optional(),
  /** The revision of the sync tag before. */
  previous: z.string().optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  /** Number of objects by outcome, including unchanged ones. */
  counts: z.record(z.string(), z.number()),
  /** All but unchanged objects. */
  changes: z.array(changeSchema),
  /** Refused files and documents. */
  errors: z.array(fileProblemSchema),
  warnings: z.array(fileProblemSchema),
  /** The syncs that it consists of, if the daemon has several sources. */
  sources: z.array(z.object({ name: z.string(), revision: z.string().optional() })).optional(),
  /** Set if the sync failed as a whole. */
  failure: errorSchema.optional(),
  /** Set if the revision is not the head of the branch, which is not verified. */
  unverified: unverifiedSchema.optional(),
});
export type SyncReportWire = z.infer<typeof syncReportSchema>;

/** `GET /api/v1/health`: the health of the objects that the last sync applied, by the rules of kstatus. */
export const healthSchema = z.object({
  revision: z.string(),
  /** No object is in progress any more. */
  settled: z.boolean(),
  /** Number of objects by state, including current ones. */
  counts: z.record(z.string(), z.number()),
  /** All but current objects. */
  objects: z.array(
    z.object({
      id: z.string(),
      /** inProgress, failed, terminating, missing or unknown; a newer daemon may know more. */
      state: z.string(),
      message: z.string(),
    }),
  ),
});
export type HealthWire = z.infer<typeof healthSchema>;

/** An error under `/api/v1`: problem details (RFC 9457) with our code and help. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  /** The requested path, without the query. */
  instance: z.string().optional(),
  code: z.string(),
  help: z.string().optional(),
});
export type ProblemWire = z.infer<typeof problemSchema>;
