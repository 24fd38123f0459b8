import type { LiveObject } from '../object/live.ts';

/** What one look at the cluster says of the objects that carry our mark. */
export interface Look {
  readonly inGit: readonly LiveObject[];
  /** No longer in Git, and still there. */
  readonly left: readonly LiveObject[];
  /** Those of `left` that a person has to confirm. */
  readonly asked: readonly LiveObject[];
  /** Every kind was seen: what is not among these objects is gone. */
  readonly isWhole: boolean;
}

/**
 * Deletions that a person has to confirm. They stay held until the person does, or the object is in Git again, whatever joins the
 * set meanwhile and changes what the budget makes of them. By uid: another object of the same name is judged afresh.
 */
export class Unconfirmed {
  readonly #uids = new Set<string>();
  /** The record in Git says that there are some. Which ones, only a whole look tells. */
  #isRecalled = false;

  get isEmpty(): boolean {
    return this.#uids.size === 0 && !this.#isRecalled;
  }

  /** To be called when an earlier process left some: everything that is no longer in Git counts as asked about. */
  recall(): void {
    this.#isRecalled = true;
  }

  has({ uid }: LiveObject): boolean {
    return this.#isRecalled || (uid !== undefined && this.#uids.has(uid));
  }

  update({ inGit, left, asked, isWhole }: Look): void {
    for (const uid of uidsOf(asked)) this.#uids.add(uid);
    if (isWhole) {
      // What is being deleted was confirmed, or deleted by hand.
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
