import * as z from 'zod';

// The fields of Flux v1's responses that fluxctl reads. Other fields pass through unchanged, so that `-o json` shows them, and so that
// responses of a Go fluxd and of newer daemons both parse. Go writes null for an empty list. Parsed objects have the keys in this
// order, which is Go's; keys that are not read are listed only for their position.

const unread = z.unknown().optional();

const imageSchema = z.looseObject({
  ID: z.string(),
  Digest: z.string().optional(),
  ImageID: unread,
  Labels: unread,
  CreatedAt: z.string().optional(),
  LastFetched: unread,
  Banned: z.boolean().optional(),
});

export const workloadsSchema = z
  .array(
    z.looseObject({
      ID: z.string(),
      Containers: z
        .array(z.looseObject({ Name: z.string().optional(), Current: imageSchema, LatestFiltered: imageSchema.optional() }))
        .nullable(),
      ReadOnly: z.string().optional(),
      Status: z.string(),
      Rollout: z.looseObject({
        Desired: z.number(),
        Updated: z.number(),
        Ready: z.number(),
        Available: unread,
        Outdated: z.number(),
        Messages: z.array(z.string()).nullable(),
      }),
      SyncError: z.string().optional(),
      Antecedent: unread,
      Labels: unread,
      Automated: z.boolean(),
      Locked: z.boolean(),
      Ignore: z.boolean(),
      Policies: unread,
    }),
  )
  .nullable();

export const imagesSchema = z
  .array(
    z.looseObject({
      ID: z.string(),
      Containers: z
        .array(
          z.looseObject({
            Name: z.string().optional(),
            Current: imageSchema,
            LatestFiltered: imageSchema.optional(),
            Available: z.array(imageSchema).nullish(),
            AvailableError: z.string().optional(),
            NotUpdated: z.string().optional(),
          }),
        )
        .nullable(),
    }),
  )
  .nullable();

const updateResultSchema = z.record(
  z.string(),
  z.object({
    Status: z.string(),
    Error: z.string().optional(),
    PerContainer: z.array(z.object({ Container: z.string(), Current: z.string(), Target: z.string() })).nullish(),
  }),
);

export const jobStatusSchema = z.object({
  Result: z.object({
    revision: z.string().optional(),
    result: updateResultSchema.nullish(),
    pullRequests: z.array(z.object({ branch: z.string(), name: z.string().optional(), url: z.string().optional() })).optional(),
  }),
  Err: z.string(),
  StatusString: z.enum(['queued', 'running', 'failed', 'succeeded']),
});

const fingerprintSchema = z.object({ hash: z.string(), randomart: z.string() });

export const gitConfigSchema = z.object({
  remote: z.object({ url: z.string(), branch: z.string(), path: z.string() }),
  publicSSHKey: z.object({
    key: z.string(),
    fingerprints: z.record(z.string(), fingerprintSchema).nullable(),
  }),
  status: z.string(),
  errors: z.string(),
});

export type ListedWorkload = NonNullable<z.infer<typeof workloadsSchema>>[number];
export type ListedWorkloadImages = NonNullable<z.infer<typeof imagesSchema>>[number];
export type ListedContainer = NonNullable<ListedWorkloadImages['Containers']>[number];
export type ListedImage = z.infer<typeof imageSchema>;
export type UpdateResult = z.infer<typeof updateResultSchema>;
export type JobStatus = z.infer<typeof jobStatusSchema>;
export type GitConfig = z.infer<typeof gitConfigSchema>;
