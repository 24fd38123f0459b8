import * as z from 'zod';
import { sourceNameSchema, unverifiedSchema } from './sync.ts';

const resultSchema = z.record(
  z.string(),
  z.object({
    Status: z.string(),
    Error: z.string().optional(),
    PerContainer: z.array(z.object({ Container: z.string(), Current: z.string(), Target: z.string() })).nullable(),
  }),
);
const reasonsSchema = z.array(z.object({ id: z.string(), reason: z.string() }));

const envelope = {
  /** Counts from 1 in each daemon process. */
  id: z.number(),
  source: sourceNameSchema,
  /** The objects concerned. */
  serviceIDs: z.array(z.string()),
  /** RFC 3339 in UTC. */
  startedAt: z.string(),
  endedAt: z.string(),
  logLevel: z.string(),
  /** One line of text for display. */
  message: z.string(),
};

/** The data of one event of `GET /api/v1/events`; the first four are Flux v1's, keys included. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({
    ...envelope,
    type: z.literal('commit'),
    metadata: z.object({ revision: z.string().optional(), spec: z.unknown(), result: resultSchema.optional() }),
  }),
  z.object({
    ...envelope,
    type: z.literal('sync'),
    metadata: z.object({
      /** Newest first. */
      commits: z.array(z.object({ revision: z.string(), message: z.string() })),
      includes: z.record(z.string(), z.boolean()),
      errors: z.array(z.object({ ID: z.string(), Path: z.string(), Error: z.string() })).optional(),
      initialSync: z.boolean().optional(),
    }),
  }),
  z.object({
    ...envelope,
    type: z.literal('release'),
    metadata: z.object({
      Revision: z.string(),
      result: resultSchema,
      error: z.string().optional(),
      spec: z.object({ Type: z.string(), ReleaseImageSpec: z.unknown(), ReleaseContainersSpec: z.unknown() }),
      cause: z.object({ Message: z.string(), User: z.string() }),
    }),
  }),
  z.object({
    ...envelope,
    type: z.literal('autorelease'),
    metadata: z.object({ Revision: z.string(), result: resultSchema, error: z.string().optional(), spec: z.unknown() }),
  }),
  z.object({
    ...envelope,
    type: z.literal('drift_corrected'),
    metadata: z.object({ revision: z.string(), corrections: reasonsSchema }),
  }),
  z.object({
    ...envelope,
    type: z.literal('commit_refused'),
    metadata: unverifiedSchema.extend({ accepted: z.string().optional() }),
  }),
  z.object({
    ...envelope,
    type: z.literal('deletions_held'),
    metadata: z.object({ revision: z.string(), hash: z.string().optional(), deletions: reasonsSchema }),
  }),
]);
export type EventWire = z.infer<typeof eventSchema>;
