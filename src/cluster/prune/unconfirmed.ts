import type { LiveObject } from '../object/live.ts';

/** The result of one search for objects with our mark. */
export interface Look {
  readonly inGit: readonly LiveObject[];
  /** No longer in Git, but still in the cluster. */
  readonly left: readonly LiveObject[];
  /** The objects of `left` whose deletion needs approval. */
  readonly asked: readonly LiveObject[];
  /** Whether all kinds were listed, so that a missing object does not exist. */
  readonly isWhole: boolean;
}

/**
 * Deletions that need approval. They stay held until they are approved, or the object is in Git again, even if later deletions change
 * what the limit would allow. Keyed by uid, since a recreated object is evaluated separately.
 */
export class Unconfirmed {
  readonly #uids = new Set<string>();
  /** Whether the record in Git says that there are some. Only a complete search finds them. */
  #isRecalled = false;

  get isEmpty(): boolean {
    return this.#uids.size === 0 && !this.#isRecalled;
  }

  /** Call if an earlier process left some: then all objects that are no longer in Git need approval. */
  recall(): void {
    this.#isRecalled = true;
  }

  has({ uid }: LiveObject): boolean {
    return this.#isRecalled || (uid !== undefined && this.#uids.has(uid));
  }

  update({ inGit, left, asked, isWhole }: Look): void {
    for (const uid of uidsOf(asked)) this.#uids.add(uid);
    if (isWhole) {
      // An object that is being deleted was approved, or deleted by hand.
      const open = new Set(uidsOf(left.filter(({ deletionTimestamp }) => deletionTimestamp === undefined)));
      if (this.#isRecalled) for (const uid of open) this.#uids.add(uid);
      this.#isRecalled = false;
      for (const uid of this.#uids) if (!open.has(uid)) this.#uids.delete(uid);
    }
    for (const uid of uidsOf(inGit)) this.#uids.delete(uid);
  }
}

function uidsOf(objects: readonly LiveObject[]): readonly string[] {
  return objects.flatMap(({ uid }) => uid ?? []);
}
