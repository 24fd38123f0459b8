/** How a revision follows another one. */
export type Lineage =
  | 'same'
  /** The earlier one is in its history. */
  | 'continues'
  /** History was rewritten: they have a commit in common. */
  | 'rewritten'
  /** They have no commit in common: another history took the place of the branch. */
  | 'unrelated'
  /** The earlier one is not in the repository any more. */
  | 'gone';
