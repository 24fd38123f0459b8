import * as z from 'zod';
import { errorSchema } from './sync.ts';

/** `GET /api/v1/images/scans`: what the scanner knows of each image repository in use. Times are RFC 3339 in UTC. */
export const imageScansSchema = z.object({
  repositories: z.array(
    z.object({
      /** Canonical name, `index.docker.io/library/alpine`. */
      name: z.string(),
      /** Tags of the last complete list. */
      tags: z.number(),
      /** When that list was read; absent before the first. */
      scannedAt: z.string().optional(),
      scanning: z.boolean(),
      /** When it is looked at next; absent while it is being scanned. */
      nextAt: z.string().optional(),
      /** The registry host asked to be left alone until then. */
      rateLimitedUntil: z.string().optional(),
      /** Why the last scan failed. */
      error: errorSchema.optional(),
    }),
  ),
  /** With `--registry-disable-scanning` no registry is asked; absent otherwise. */
  disabled: z.literal(true).optional(),
  /** Cursor of the next page; absent on the last. */
  next: z.string().optional(),
});
export type ImageScansWire = z.infer<typeof imageScansSchema>;
