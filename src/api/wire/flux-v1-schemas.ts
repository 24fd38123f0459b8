import * as z from 'zod';
import type { ChangeWire, GitConfigWire, JobStatusWire, PublicKeyWire } from './legacy.ts';
import type { ControllerStatusWire, ImageStatusWire } from './listing.ts';

// Flux v1's types as schemas, for the OpenAPI document: the compiler checks them against the types, and the tests against real
// responses. A `null` list is an empty one.

const image = z.object({
  ID: z.string(),
  Digest: z.string().exactOptional(),
  ImageID: z.string().exactOptional(),
  Labels: z.object({
    'org.label-schema.build-date': z.string().exactOptional(),
    'org.opencontainers.image.created': z.string().exactOptional(),
  }),
  CreatedAt: z.string().exactOptional(),
  LastFetched: z.string().exactOptional(),
  Banned: z.literal(true).exactOptional(),
});

const workloadStatus: z.ZodType<ControllerStatusWire> = z.object({
  ID: z.string(),
  Containers: z.array(z.object({ Name: z.string(), Current: image, LatestFiltered: image })),
  ReadOnly: z.string(),
  Status: z.string(),
  Rollout: z.object({
    Desired: z.number(),
    Updated: z.number(),
    Ready: z.number(),
    Available: z.number(),
    Outdated: z.number(),
    Messages: z.array(z.string()).nullable(),
  }),
  SyncError: z.string(),
  Antecedent: z.string(),
  Labels: z.record(z.string(), z.string()).nullable(),
  Automated: z.boolean(),
  Locked: z.boolean(),
  Ignore: z.boolean(),
  Policies: z.record(z.string(), z.string()),
});

export const workloadListSchema = z.array(workloadStatus).nullable();

const imageStatus: z.ZodType<ImageStatusWire> = z.object({
  ID: z.string(),
  Containers: z
    .array(
      z.object({
        Name: z.string().exactOptional(),
        Current: image,
        LatestFiltered: image,
        Available: z.array(image).exactOptional(),
        AvailableError: z.string().exactOptional(),
        AvailableImagesCount: z.number().exactOptional(),
        NewAvailableImagesCount: z.number().exactOptional(),
        FilteredImagesCount: z.number().exactOptional(),
        NewFilteredImagesCount: z.number().exactOptional(),
        NotUpdated: z.string().exactOptional(),
      }),
    )
    .nullable(),
});

export const imageListSchema = z.array(imageStatus).nullable();

const cause = z.object({ Message: z.string(), User: z.string() });
const containerUpdate = z.object({ Container: z.string(), Current: z.string(), Target: z.string() });
const imageSpec = z.object({
  ServiceSpecs: z.array(z.string()),
  ImageSpec: z.string(),
  Kind: z.string(),
  Excludes: z.array(z.string()).nullable(),
  Force: z.boolean(),
  TagFilter: z.string().exactOptional(),
  PinDigest: z.boolean().exactOptional(),
  SkipVerify: z.boolean().exactOptional(),
});
const containersSpec = z.object({
  Kind: z.string(),
  ContainerSpecs: z.record(
    z.string(),
    z.array(z.object({ Container: z.string(), Current: z.string().exactOptional(), Target: z.string() })),
  ),
  SkipMismatches: z.boolean(),
  Force: z.boolean(),
  SkipVerify: z.boolean().exactOptional(),
  RequireAll: z.literal(true).exactOptional(),
  Bans: z.record(z.string(), z.record(z.string(), z.string())).exactOptional(),
  Rollback: z.literal(true).exactOptional(),
});
const rollbackSpec = z.object({
  Kind: z.string(),
  Workload: z.string(),
  Container: z.string(),
  To: z.string(),
  Force: z.boolean(),
  SkipVerify: z.boolean().exactOptional(),
  Expected: z.array(containerUpdate).exactOptional(),
});
const policies = z.record(z.string(), z.string()).nullable();
export const policySpecSchema = z.record(z.string(), z.object({ add: policies, remove: policies }));
const automatedSpec = z.object({
  Changes: z.array(
    z.object({
      WorkloadID: z.string(),
      Container: z.object({ Name: z.string(), Image: z.string() }),
      ImageID: z.string(),
      WasReady: z.boolean().exactOptional(),
      Digest: z.string().exactOptional(),
    }),
  ),
  Revert: z.object({ Commit: z.string(), Reasons: z.record(z.string(), z.string()) }).exactOptional(),
});

const asked = [
  z.object({ type: z.literal('image'), cause, spec: imageSpec }),
  z.object({ type: z.literal('containers'), cause, spec: containersSpec }),
  z.object({ type: z.literal('rollback'), cause, spec: rollbackSpec }),
  z.object({ type: z.literal('policy'), cause, spec: policySpecSchema }),
  z.object({ type: z.literal('sync'), cause, spec: z.object({}) }),
] as const;
/** Updates that clients may request; only the daemon itself makes automated ones. */
export const updateRequestSchema = z.discriminatedUnion('type', asked);
const updateSpec = z.discriminatedUnion('type', [...asked, z.object({ type: z.literal('auto'), cause, spec: automatedSpec })]);

export const jobStatusSchema: z.ZodType<JobStatusWire> = z.object({
  Result: z.object({
    revision: z.string().exactOptional(),
    spec: updateSpec.exactOptional(),
    result: z
      .record(
        z.string(),
        z.object({
          Status: z.enum(['success', 'failed', 'skipped', 'ignored', 'unknown']),
          Error: z.string().exactOptional(),
          PerContainer: z.array(containerUpdate).nullable(),
        }),
      )
      .exactOptional(),
    pullRequests: z
      .array(z.object({ branch: z.string(), name: z.string().exactOptional(), url: z.string().exactOptional() }))
      .exactOptional(),
  }),
  Err: z.string(),
  StatusString: z.enum(['queued', 'running', 'failed', 'succeeded']),
});

const fingerprint = z.object({ hash: z.string(), randomart: z.string() });
export const publicKeySchema: z.ZodType<PublicKeyWire> = z.object({
  key: z.string(),
  fingerprints: z.object({ md5: fingerprint, sha256: fingerprint }).nullable(),
});

export const repositorySchema: z.ZodType<GitConfigWire> = z.object({
  remote: z.object({ url: z.string(), branch: z.string(), path: z.string() }),
  publicSSHKey: publicKeySchema,
  status: z.string(),
  errors: z.string(),
});

export const notificationSchema: z.ZodType<ChangeWire> = z.union([
  z.object({ Kind: z.literal('git'), Source: z.object({ URL: z.string(), Branch: z.string() }) }),
  z.object({
    Kind: z.literal('image'),
    Source: z.object({ Name: z.object({ Domain: z.string(), Image: z.string() }) }),
  }),
]);

export const errorBodySchema = z.object({
  type: z.enum(['user', 'missing', 'server']),
  help: z.string(),
  error: z.string().exactOptional(),
});
