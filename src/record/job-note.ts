import { goJson } from '../base/index.ts';

/** What a commit's note on `refs/notes/<notes-ref>` says: the job that made it, what was asked, what came of it. */
export interface JobNote<Spec, Result> {
  readonly jobId: string;
  readonly spec: Spec;
  /** Null for policy changes (Flux v1). */
  readonly result: Result | null;
}

/** One line of JSON in Flux v1's key order and escaping, so that either daemon reads the other's notes. */
export function formatJobNote({ jobId, spec, result }: JobNote<unknown, unknown>): string {
  return goJson({ jobID: jobId, spec, result });
}

/**
 * Reads a note back; undefined for anything that is not one of ours or Flux v1's. Notes are outside data (anybody who can push
 * can write them), so nothing beyond the two keys is believed.
 */
export function parseJobNote(text: string): { readonly jobId: string; readonly spec: unknown; readonly result: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('jobID' in value) || typeof value.jobID !== 'string') return undefined;
  const { spec, result } = value as { readonly spec?: unknown; readonly result?: unknown };
  return { jobId: value.jobID, spec: spec ?? null, result: result ?? null };
}
