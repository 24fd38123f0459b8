import type { AllFields, FluxError } from '../base/index.ts';
import type { DesiredState, Manifest, ManifestPlace, ResourceId } from '../resource/index.ts';

/** One deletion: of the object with this uid, and of no other of the same name. */
export interface Deletion {
  readonly id: ResourceId;
  readonly uid: string;
}

/** An object that is not in Git and has the mark of another Flux, or of this one under another URL, branch or path. */
export interface Orphan {
  readonly id: ResourceId;
  /** Absent when the API server states none. */
  readonly uid?: string;
}

/** What a plan is made for. */
export interface PlanRequest {
  /** What the repository wants. The errors are only counted: with any, nothing is deleted. */
  readonly desired: DesiredState;
  /** Flux v1's sync-set name; keys our marks. */
  readonly syncSet: string;
  readonly garbageCollection: 'off' | 'dry' | 'on';
  /** A person confirmed this many deletions, by the trailer `Allow-Prune: N` of a commit since the last sync. */
  readonly allowPrune?: number;
  /** A person confirmed exactly these deletions, or fewer of them, by `fluxctl gc approve`. */
  readonly approved?: readonly Deletion[];
  /** Orphans that a person wants deleted, each by its uid, by `fluxctl gc delete`. */
  readonly approvedOrphans?: readonly Deletion[];
  /** Without a confirmation no more objects than these are deleted; any number when absent. */
  readonly deletionLimit?: number;
  /** An earlier process left deletions that a person has to confirm. Set until a plan of this process was carried out. */
  readonly unconfirmed?: boolean;
  /** What `kubectl rollout history` is to show, by the checksum of the manifest: sent with an apply that is due anyway. */
  readonly changeCauses?: ReadonlyMap<string, string>;
  /** Why what is missing may not have been removed on purpose: then every deletion has to be confirmed by a person. */
  readonly doubt?: string;
  /**
   * What an earlier process applied last, as Git's record says, where that is another revision: what joined the set since, unrecorded,
   * must not make a deletion look small. Empty when nothing is known of it.
   */
  readonly before?: readonly Manifest[];
  /**
   * Manifests of a later revision, which may have been applied without a record: an object is applied only if it carries the checksum that
   * is desired, or if this revision wants the same. Those in between are left as they are.
   */
  readonly maybeApplied?: readonly Manifest[];
  /** Only to be shown: nothing of it is remembered, and the next sync is as if it had not been made. */
  readonly preview?: true;
}

/** What is to be done about one object, and why. */
export type PlanEntry = AllFields<WantedEntry | UnwantedEntry>;

/** What is to be done. `held`: not applied, or not deleted, until doubt is gone. */
export type Action = PlanEntry['action'];

/** An object that the repository wants. */
export interface InGit {
  readonly id: ResourceId;
  readonly inGit: true;
  readonly place: ManifestPlace;
}

/** An object that the cluster has and the repository does not want: it left Git, or a person named it to be deleted. */
export interface NotInGit {
  readonly id: ResourceId;
  readonly inGit: false;
  /** Absent when the API server states none; such an object is not deleted. */
  readonly uid?: string;
}

/** An entry about an object that the repository wants. */
export type WantedEntry = ApplyEntry | IdleEntry;

/** An object that will be applied. */
export interface ApplyEntry extends InGit {
  readonly action: 'create' | 'change';
  readonly reason: string;
}

/** An object that the repository wants, and for which nothing is sent. */
export type IdleEntry = InGit & IdleVerdict;

/** Why nothing is sent for an object that the repository wants. */
export type IdleVerdict = AllFields<
  | {
      readonly action: 'unchanged';
      /** What of the manifest does not count at the moment. */
      readonly warnings?: readonly FluxError[];
    }
  | {
      readonly action: 'skip';
      readonly reason: string;
      /** Outside of the namespaces of --k8s-allow-namespace. */
      readonly excluded?: true;
    }
  | {
      readonly action: 'held';
      readonly reason: string;
      /** Set where the doubt is about what could not be seen now: the next look may see it. */
      readonly error?: FluxError;
    }
  | { readonly action: 'failed'; readonly error: FluxError }
>;

/** An entry about an object that the repository does not want. */
export type UnwantedEntry = PruneEntry | KeptEntry;

/** An object that will be deleted. */
export interface PruneEntry extends NotInGit {
  readonly action: 'prune';
  readonly reason: string;
}

/** An object that is not in Git, and stays. */
export type KeptEntry = NotInGit & Exclude<PruneVerdict, { readonly action: 'prune' }>;

/** Whether an object that the repository does not want is deleted. */
export type PruneVerdict = AllFields<
  | { readonly action: 'prune'; readonly reason: string }
  | { readonly action: 'skip'; readonly reason: string }
  | {
      readonly action: 'held';
      readonly reason: string;
      /** Set where the doubt is about what could not be seen now: the next look may see it. */
      readonly error?: FluxError;
      /** Hash of the list of deletions that this one waits with for a person's approval. */
      readonly approval?: string;
    }
>;

/** What a sync will do. */
export interface Plan {
  readonly entries: readonly PlanEntry[];
  /** What is left alone because it may belong to another; sorted by id. Absent when there is none, or none was looked for. */
  readonly orphans?: readonly Orphan[];
  /** Whether deletions wait for a person to confirm them; absent where garbage is not collected. */
  readonly unconfirmed?: boolean;
}
