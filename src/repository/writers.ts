import type { Revision } from './revision.ts';

/** The writer of data in Git. `other`: neither fluxd nor Flux v1 writes it in this form. */
export type Writer = 'fluxd' | 'flux-v1' | 'other';

/** The writers of the sync tag and of the job notes. */
export interface Writers {
  /** Absent if there is no such tag, or it does not refer to a commit. */
  readonly syncTag?: {
    readonly name: string;
    readonly revision: Revision;
    readonly by: Writer;
    /** Milliseconds since the epoch; absent for a lightweight tag. */
    readonly setAt?: number;
    /** Whether sync records existed before this tag was set. */
    readonly afterRecords: boolean;
  };
  /** Number of job notes on commits of fluxd and of Flux v1; `ref` is the full name. */
  readonly jobNotes: { readonly ref: string; readonly fluxd: number; readonly fluxV1: number };
}
