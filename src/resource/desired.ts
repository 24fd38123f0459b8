import type { FluxError } from '../base/index.ts';
import type { Dependent } from './dependency.ts';
import type { ResourceId } from './id.ts';
import type { Manifest } from './manifest.ts';

/** An error or warning for a file, document or object, with its location as far as known. Numbers count from 1. */
export interface Problem {
  /** Path relative to the repository root. */
  readonly file?: string;
  /** The unit that renders it, whose config file is `file`; absent for what is written in the file. */
  readonly unit?: string;
  readonly document?: number;
  readonly item?: number;
  readonly line?: number;
  readonly column?: number;
  readonly id?: ResourceId;
  readonly error: FluxError;
}

/** What one revision of the repository wants. */
export interface DesiredState {
  readonly manifests: readonly Manifest[];
  /** Rejected files, documents and objects; valid ones are in `manifests`. */
  readonly errors: readonly Problem[];
  /** Read, but worth a line: a key given twice, a document without kind. */
  readonly warnings: readonly Problem[];
  /** Names of the units whose output is among them, and of those that failed; absent if all manifests are files. */
  readonly units?: readonly string[];
  /** The parts that are applied after others; none of them depends on itself. Absent if there are none. */
  readonly dependents?: readonly Dependent[];
  /** Set if the same revision may render differently later: what failed is tried again after a while. */
  readonly unsettled?: true;
}
