import { FluxError } from '../../base/index.ts';
import { type Change, type Deletion, isOpenDeletion, type OpenDeletion, type Orphan } from '../../change/index.ts';
import type { ResourceId } from '../../resource/index.ts';

/** Deletions that did not happen in the last sync. */
export interface HeldDeletions {
  /** Of the list that waits for an approval; absent when none does. */
  readonly hash?: string;
  readonly deletions: readonly { readonly id: ResourceId; readonly uid?: string; readonly reason: string }[];
  /** What is approved and not deleted yet. */
  readonly approved?: { readonly hash: string; readonly deletions: readonly Deletion[] };
  /** What the last sync left alone because it may be another's; absent for nothing. */
  readonly orphans?: readonly Orphan[];
}

interface DeletionList {
  readonly hash: string;
  readonly deletions: readonly Deletion[];
}

/**
 * Deletions that did not happen in the last sync, and those that a person has approved since this process started. In memory
 * only: after a restart what is too much to be deleted unasked is held again, and asked about again.
 */
export class Approvals {
  #notDone: readonly OpenDeletion[] = [];
  #approved: DeletionList | undefined;
  #orphans: readonly Orphan[] = [];
  #approvedOrphans: readonly Deletion[] = [];

  /** What may be deleted although it is much: exactly this, or less of it, in this and later revisions. */
  get approved(): readonly Deletion[] {
    return this.#approved?.deletions ?? [];
  }

  /** Orphans that a person wants deleted, whose-ever they are. */
  get approvedOrphans(): readonly Deletion[] {
    return this.#approvedOrphans;
  }

  /** Takes note of a sync. What was deleted, or is in Git again, is not approved any longer. */
  update(changes: readonly Change[], orphans: readonly Orphan[] = []): void {
    this.#notDone = changes.filter(isOpenDeletion);
    this.#orphans = orphans;
    if (!this.#approved && this.#approvedOrphans.length === 0) return;
    const settled = new Set(changes.filter(({ inGit, outcome }) => inGit || outcome === 'deleted').map(({ id }) => id));
    const isOpen = ({ id }: Deletion) => !settled.has(id);
    this.#approvedOrphans = this.#approvedOrphans.filter(isOpen);
    const deletions = this.approved.filter(isOpen);
    this.#approved = this.#approved && deletions.length > 0 ? { ...this.#approved, deletions } : undefined;
  }

  /**
   * Approves the list that waits, which must be the one with this hash; it takes the place of an earlier approval.
   * @throws FluxError `gc/changed`.
   */
  approve(hash: string): void {
    const waiting = this.#waiting();
    if (waiting?.hash === hash) {
      this.#approved = waiting;
      return;
    }
    throw new FluxError(
      waiting
        ? `the list of held deletions is not ${hash}: it is ${waiting.hash} now`
        : `no list ${hash} of deletions waits for an approval`,
      {
        code: 'gc/changed',
        fault: 'user',
        help: 'Look at what is held now with `fluxctl gc`, and approve that.',
      },
    );
  }

  /**
   * Approves the deletion of these orphans, besides those that were approved before.
   * @throws FluxError `gc/changed`; none is approved then.
   */
  approveOrphans(named: readonly Deletion[]): void {
    const unknown = named.find(({ id, uid }) => !this.#orphans.some((orphan) => orphan.id === id && orphan.uid === uid));
    if (unknown) {
      throw new FluxError(`${unknown.id} with the uid ${unknown.uid} is not among the orphans that the last sync saw`, {
        code: 'gc/changed',
        fault: 'user',
        help: 'Look at what they are now with `fluxctl gc orphans`.',
      });
    }
    this.#approvedOrphans = [...this.#approvedOrphans, ...named];
  }

  held(): HeldDeletions {
    const waiting = this.#waiting();
    return {
      ...(waiting ? { hash: waiting.hash } : {}),
      deletions: this.#notDone.map(({ id, uid, reason, error }) => ({
        id,
        ...(uid === undefined ? {} : { uid }),
        reason: reason ?? error?.message ?? '',
      })),
      ...(this.#approved ? { approved: this.#approved } : {}),
      ...(this.#orphans.length > 0 ? { orphans: this.#orphans } : {}),
    };
  }

  #waiting(): DeletionList | undefined {
    const deletions: Deletion[] = [];
    let hash: string | undefined;
    for (const { id, uid, approval } of this.#notDone) {
      if (approval === undefined || uid === undefined) continue;
      hash = approval;
      deletions.push({ id, uid });
    }
    return hash === undefined ? undefined : { hash, deletions };
  }
}
