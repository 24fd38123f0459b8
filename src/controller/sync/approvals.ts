import { FluxError } from '../../base/index.ts';
import { type Change, type Deletion, isOpenDeletion, type OpenDeletion, type Orphan } from '../../change/index.ts';
import type { ResourceId } from '../../resource/index.ts';

/** Deletions held in the last sync. */
export interface HeldDeletions {
  /** Hash of the list that waits for approval; absent if none does. */
  readonly hash?: string;
  readonly deletions: readonly { readonly id: ResourceId; readonly uid?: string; readonly reason: string }[];
  /** Approved but not yet deleted. */
  readonly approved?: { readonly hash: string; readonly deletions: readonly Deletion[] };
  /** Orphans of the last sync, which may have another owner; absent if there are none. */
  readonly orphans?: readonly Orphan[];
}

interface DeletionList {
  readonly hash: string;
  readonly deletions: readonly Deletion[];
}

/**
 * Deletions held in the last sync, and those approved since this process started. Only in memory: after a restart, deletions that need
 * approval are held again.
 */
export class Approvals {
  #notDone: readonly OpenDeletion[] = [];
  #approved: DeletionList | undefined;
  #orphans: readonly Orphan[] = [];
  #approvedOrphans: readonly Deletion[] = [];
  #inForce: ReadonlySet<string> = new Set();

  /** Approved deletions: exactly these, or a subset, in this and later revisions. */
  get approved(): readonly Deletion[] {
    return this.#approved?.deletions ?? [];
  }

  /** Orphans whose deletion was approved, regardless of their owner. */
  get approvedOrphans(): readonly Deletion[] {
    return this.#approvedOrphans;
  }

  /** Those that a sync carries out: given before it was requested, so that the report of a request has the deletions that it approved. */
  get inForce(): { readonly approved: readonly Deletion[]; readonly approvedOrphans: readonly Deletion[] } {
    const isInForce = (deletion: Deletion) => this.#inForce.has(keyOf(deletion));
    return { approved: this.approved.filter(isInForce), approvedOrphans: this.#approvedOrphans.filter(isInForce) };
  }

  /** From here on all that were given are in force: called when requests for a sync are taken up. */
  takeEffect(): void {
    this.#inForce = new Set([...this.approved, ...this.#approvedOrphans].map(keyOf));
  }

  /** Records a sync. Approvals of objects that were deleted, or are in Git again, expire. */
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
   * Approves the waiting list, which must have this hash; replaces an earlier approval.
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
        : `no list ${hash} of deletions waits for approval`,
      {
        code: 'gc/changed',
        fault: 'user',
        help: 'Run `fluxctl gc` to see the current list, and approve that.',
      },
    );
  }

  /**
   * Approves the deletion of these orphans, in addition to earlier approvals.
   * @throws FluxError `gc/changed`, without approving any.
   */
  approveOrphans(named: readonly Deletion[]): void {
    const unknown = named.find(({ id, uid }) => !this.#orphans.some((orphan) => orphan.id === id && orphan.uid === uid));
    if (unknown) {
      throw new FluxError(`${unknown.id} with the uid ${unknown.uid} is not among the orphans of the last sync`, {
        code: 'gc/changed',
        fault: 'user',
        help: 'Run `fluxctl gc orphans` to see the current orphans.',
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

function keyOf({ id, uid }: Deletion): string {
  return `${id} ${uid}`;
}
