import { FluxError } from '../../base/index.ts';

/** What a call changes, and how to find out whether it did, when nobody has said so. */
export interface Effect {
  /** `the release`. */
  readonly what: string;
  /** A sentence or two. */
  readonly look: string;
}

/** The answer to a call that changes something did not come: it is not made again, for it may have been carried out. */
export function unknownOutcome(error: FluxError, { what, look }: Effect): FluxError {
  return new FluxError(error.message, {
    code: 'api/unknown-outcome',
    help: `The answer was lost. The daemon may have taken ${what}, or not; it was not asked again.\n${look}`,
    cause: error,
  });
}

const SAME_AGAIN = 'Asking for the same again does no harm.';

export const RELEASE: Effect = {
  what: 'the release',
  look: `If it did, a commit follows: look at the branch, or at fluxctl list-workloads. ${SAME_AGAIN}`,
};

export const POLICY_CHANGE: Effect = {
  what: 'the change of policies',
  look: `If it did, a commit follows: look at the branch, or at fluxctl list-workloads. ${SAME_AGAIN}`,
};

export const SYNC: Effect = {
  what: 'the request for a sync',
  look: `fluxctl list-workloads shows what runs. ${SAME_AGAIN}`,
};

export const OWN_SYNC: Effect = {
  what: 'the request for a sync',
  look: `fluxctl status shows what failed, fluxctl history what was done. ${SAME_AGAIN}`,
};

export const APPROVAL: Effect = {
  what: 'the approval',
  look: 'fluxctl gc shows what is still held, fluxctl history what was deleted.',
};

export const ORPHAN_DELETION: Effect = {
  what: 'the request to delete orphans',
  look: 'fluxctl gc orphans shows what is left.',
};

export const NEW_KEY: Effect = {
  what: 'the request for a new key',
  look: 'fluxctl identity shows the key that it uses now.',
};
