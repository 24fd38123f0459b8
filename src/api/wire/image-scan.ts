import * as z from 'zod';
import { errorSchema } from './sync.ts';

/** `GET /api/v1/images/scans`: the scan state of each image repository in use. Times are RFC 3339 in UTC. */
export const imageScansSchema = z.object({
  repositories: z.array(
    z.object({
      /** Canonical name, `index.docker.io/library/alpine`. */
      name: z.string(),
      /** Number of tags in the last complete list. */
      tags: z.number(),
      /** When that list was read; absent before the first. */
      scannedAt: z.string().optional(),
      /** Milliseconds between the last two lists; absent before the second. */
      intervalMs: z.number().optional(),
      scanning: z.boolean(),
      /** Time of the next scan; absent during a scan, or if it is not known. */
      nextAt: z.string().optional(),
      /** Until when the registry host has asked to back off. */
      rateLimitedUntil: z.string().optional(),
      /** Why the last scan failed, or why there is none. */
      error: errorSchema.optional(),
    }),
  ),
  /** The hosts of all repositories; absent from an older daemon. */
  hosts: z
    .array(
      z.object({
        name: z.string(),
        /** Number of repositories, and of those whose last scan failed. */
        repositories: z.number(),
        failed: z.number(),
        /** Until when the host has asked to back off. */
        rateLimitedUntil: z.string().optional(),
        /** The requests that the host still answers, by account; empty if it reports no limit. */
        budgets: z.array(
          z.object({
            /** User name and source of the credential; absent for anonymous requests. */
            account: z.string().optional(),
            /** Requests in a window. */
            limit: z.number(),
            remaining: z.number(),
            windowSeconds: z.number(),
            /** End of the window; absent if it is rolling, or unknown. */
            resetAt: z.string().optional(),
            /** Whether tag lists count, so that scans are spread over the window. */
            countsLists: z.boolean(),
          }),
        ),
      }),
    )
    .optional(),
  /** Since when the cache of `--registry-cache` has failed, so that scans are not remembered, and why; absent while it works. */
  cacheFailure: z.object({ since: z.string(), error: errorSchema }).optional(),
  /** True with `--registry-disable-scanning`; absent otherwise. */
  disabled: z.literal(true).optional(),
  /** Cursor of the next page; absent on the last. */
  next: z.string().optional(),
});
export type ImageScansWire = z.infer<typeof imageScansSchema>;
