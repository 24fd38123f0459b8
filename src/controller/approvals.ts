import { FluxError } from '../base/index.ts';
import type { ResourceId } from '../resource/index.ts';
import type { Change, Deletion } from './ports.ts';

/** Deletions that did not happen in the last sync. */
export interface HeldDeletions {
  /** Of the list that waits for an approval; absent when none does. */
  readonly hash?: string;
  readonly deletions: readonly { readonly id: ResourceId; readonly uid?: string; readonly reason: string }[];
  /** What is approved and not deleted yet. */
  readonly approved?: { readonly hash: string; readonly deletions: readonly Deletion[] };
  /** Not in Git, and with the mark of another Flux, or of this one under another URL, branch or path: never deleted. */
  readonly orphans?: readonly ResourceId[];
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
  #notDone: readonly Change[] = [];
  #approved: DeletionList | undefined;

  /** What may be deleted although it is much: exactly this, or less of it, in this and later revisions. */
  get approved(): readonly Deletion[] {
    return this.#approved?.deletions ?? [];
  }

  /** Takes note of a sync. What was deleted, or is in Git again, is not approved any longer. */
  update(changes: readonly Change[]): void {
    this.#notDone = changes.filter(({ outcome, place }) => !place && (outcome === 'held' || outcome === 'failed'));
    if (!this.#approved) return;
    const settled = new Set(changes.filter(({ outcome, place }) => place || outcome === 'deleted').map(({ id }) => id));
    const deletions = this.#approved.deletions.filter(({ id }) => !settled.has(id));
    this.#approved = deletions.length === 0 ? undefined : { ...this.#approved, deletions };
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
