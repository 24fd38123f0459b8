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
      scanning: z.boolean(),
      /** Time of the next scan; absent during a scan. */
      nextAt: z.string().optional(),
      /** Until when the registry host has asked to back off. */
      rateLimitedUntil: z.string().optional(),
      /** Why the last scan failed. */
      error: errorSchema.optional(),
    }),
  ),
  /** True with `--registry-disable-scanning`; absent otherwise. */
  disabled: z.literal(true).optional(),
  /** Cursor of the next page; absent on the last. */
  next: z.string().optional(),
});
export type ImageScansWire = z.infer<typeof imageScansSchema>;
