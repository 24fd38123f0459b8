import type { Revision } from './revision.ts';

declare const accepted: unique symbol;

/** A revision of the followed branch that may be synced and updated. Where the branch is fetched it is decided which one that is. */
export type AcceptedRevision = Revision & { readonly [accepted]: true };
