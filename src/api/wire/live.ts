import * as z from 'zod';

export const hiddenSchema = z.enum(['values', 'all']);

/** `GET /api/v1/manifest`: an object of the repository. */
export const manifestSchema = z.object({
  id: z.string(),
  /** As in Git, with the values of its variables. Of a Secret or a confidential object without values. */
  object: z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional() }),
  }),
  /** What was left out: values, or all but the names of its first fields. */
  hidden: hiddenSchema.exactOptional(),
});
export type ManifestWire = z.infer<typeof manifestSchema>;

const ownerSchema = z.object({
  manager: z.string(),
  /** Apply or Update. */
  operation: z.string(),
  /** Such as scale or status. */
  subresource: z.string().optional(),
  at: z.string().optional(),
});

const fieldSchema = z.object({
  /** `spec.template.spec.containers[name=web].image`. */
  path: z.string(),
  /** same, differs, missing, added, default or hidden; a newer daemon may know more. */
  state: z.string(),
  /** Absent if Git does not have the field. */
  desired: z.json().optional(),
  /** Absent if the cluster does not have the field. */
  live: z.json().optional(),
  /** The value is longer than what is sent. */
  isCut: z.boolean().optional(),
  /** The last writer first. */
  owners: z.array(ownerSchema),
});

const eventSchema = z.object({
  /** Normal or Warning. */
  type: z.string(),
  reason: z.string(),
  /** Empty for a hidden object. */
  message: z.string(),
  count: z.number(),
  /** The component that reports it. */
  from: z.string(),
  at: z.string().optional(),
});

/** `GET /api/v1/live/object`: an object of the repository beside the one in the cluster. Times are RFC 3339 in UTC. */
export const liveObjectSchema = z.object({
  id: z.string(),
  /** Whether the cluster has it. */
  exists: z.boolean(),
  hidden: hiddenSchema.optional(),
  /** Sorted by path. */
  fields: z.array(fieldSchema),
  /** Whether there are more fields; without any, the object is too large to be compared. */
  isCut: z.boolean(),
  /** Newest first; absent if they could not be read. */
  events: z.array(eventSchema).optional(),
  /** Why the Events could not be read. */
  noEvents: z.string().optional(),
});
export type LiveObjectWire = z.infer<typeof liveObjectSchema>;
