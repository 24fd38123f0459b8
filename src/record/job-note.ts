import * as z from 'zod';
import { goJson } from '../base/index.ts';

/** A commit's note on `refs/notes/<notes-ref>`: the job that made the commit, its spec and its result. */
export interface JobNote {
  readonly jobId: string;
  readonly spec: unknown;
  /** Null for policy changes (Flux v1). */
  readonly result: unknown;
}

const resultSchema = z.record(
  z.string(),
  z.object({
    Status: z.enum(['success', 'failed', 'skipped', 'ignored', 'unknown']),
    Error: z.string().exactOptional(),
    PerContainer: z.array(z.object({ Container: z.string(), Current: z.string(), Target: z.string() })).nullable(),
  }),
);

/** A job as its note records it. */
export interface RecordedJob extends JobNote {
  readonly result: Readonly<z.infer<typeof resultSchema>> | null;
}

const noteSchema = z.object({ jobID: z.string(), spec: z.unknown(), result: resultSchema.nullish() });

/** One line of JSON in Flux v1's key order and escaping, so that either daemon reads the other's notes. */
export function formatJobNote({ jobId, spec, result }: JobNote): string {
  return goJson({ jobID: jobId, spec, result });
}

/**
 * Parses a note; undefined for anything that is not a note of ours or of Flux v1. Anyone with push access can write notes, so the result
 * is validated; the spec is passed on unchanged.
 */
export function parseJobNote(text: string): RecordedJob | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const note = noteSchema.safeParse(value);
  return note.success ? { jobId: note.data.jobID, spec: note.data.spec, result: note.data.result ?? null } : undefined;
}
