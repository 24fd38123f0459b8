import type { AllFields, FluxError } from '../base/index.ts';
import type { ResourceId } from '../resource/index.ts';
import { countBy } from './count-by.ts';
import type { InGit, NotInGit } from './plan.ts';

/** What happened to one object. */
export type Change = AllFields<WantedChange | UnwantedChange>;

/** What came of it: what `fluxctl sync` counts. */
export type Outcome = Change['outcome'];

/** What happened to an object that the repository wants. */
export type WantedChange = AppliedChange | SkippedChange | HeldChange | FailedChange;

/** An object that is in the cluster as the repository wants it. */
export type AppliedChange = InGit & {
  /** What was read otherwise than it is written, or does not count at the moment. */
  readonly warnings?: readonly FluxError[];
} & (
    | {
        readonly outcome: 'created' | 'configured';
        readonly reason?: string;
        /** It corrects what was changed in the cluster; `reason` says what. */
        readonly drift?: true;
      }
    | { readonly outcome: 'unchanged' }
  );

interface SkippedChange extends InGit {
  readonly outcome: 'skipped';
  readonly reason: string;
  /** Outside of the namespaces of --k8s-allow-namespace. */
  readonly excluded?: true;
}

interface HeldChange extends InGit {
  readonly outcome: 'held';
  readonly reason: string;
  /** Why the object could not be looked at. */
  readonly error?: FluxError;
  /** Set if it is applied after other objects. */
  readonly waitsFor?: Wait;
}

/** What has to be applied before an object. */
export interface Wait {
  /** As it is written in `dependsOn`. */
  readonly path: string;
  /** The object there that is not applied, or not healthy; absent if some of the path could not be read. */
  readonly id?: ResourceId;
  /** Whether only the health of workloads is missing, here or in what the object waits for itself. */
  readonly forHealth: boolean;
}

interface FailedChange extends InGit {
  readonly outcome: 'failed';
  readonly error: FluxError;
}

/** What happened to an object that the repository does not want. */
export type UnwantedChange = NotInGit &
  (
    | { readonly outcome: 'deleted'; readonly reason: string }
    | { readonly outcome: 'skipped'; readonly reason: string }
    | {
        readonly outcome: 'held';
        readonly reason: string;
        /** What could not be looked at. */
        readonly error?: FluxError;
        /** Hash of the list of deletions that this one waits with for a person's approval. */
        readonly approval?: string;
      }
    | { readonly outcome: 'failed'; readonly error: FluxError }
  );

/** A deletion that waits until doubt is gone, or a person confirms it. */
export type HeldDeletion = Extract<Change, { readonly inGit: false; readonly outcome: 'held' }>;

/** A deletion that is due and did not happen. */
export type OpenDeletion = Extract<Change, { readonly inGit: false; readonly outcome: 'held' | 'failed' }>;

/** Whether the object is in the cluster as the repository wants it. */
export function isApplied(change: Change): change is Extract<Change, AppliedChange> {
  return change.outcome === 'created' || change.outcome === 'configured' || change.outcome === 'unchanged';
}

/** Whether the object left Git and is not deleted yet, because of a doubt or until a person confirms it. */
export function isHeldDeletion(change: Change): change is HeldDeletion {
  return !change.inGit && change.outcome === 'held';
}

/** Whether the object left Git and was to be deleted, and is still there: held, or the API server refused. */
export function isOpenDeletion(change: Change): change is OpenDeletion {
  return !change.inGit && (change.outcome === 'held' || change.outcome === 'failed');
}

/** How many objects came to each outcome. */
export function countOutcomes(changes: readonly Change[]): Partial<Record<Outcome, number>> {
  return countBy(changes, ({ outcome }) => outcome);
}

/** Code of the warning that a number of replicas in Git waits, because another manager holds it. */
export const REPLICAS_HELD = 'cluster/replicas-held';
