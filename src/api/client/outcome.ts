import { FluxError } from '../../base/index.ts';

/** What a request changes, and how to find out whether it did after a lost response. */
export interface Effect {
  /** `the release`. */
  readonly what: string;
  /** A sentence or two. */
  readonly look: string;
}

/** The error for a change whose response was lost. The request is not retried, since it may have succeeded. */
export function unknownOutcome(error: FluxError, { what, look }: Effect): FluxError {
  return new FluxError(error.message, {
    code: 'api/unknown-outcome',
    help: `The response was lost. The daemon may or may not have accepted ${what}; the request was not retried.\n${look}`,
    cause: error,
  });
}

const SAFE_TO_REPEAT = 'It is safe to run the same command again.';

export const RELEASE: Effect = {
  what: 'the release',
  look: `If it did, a commit follows: check the branch, or fluxctl list-workloads. ${SAFE_TO_REPEAT}`,
};

export const POLICY_CHANGE: Effect = {
  what: 'the policy change',
  look: `If it did, a commit follows: check the branch, or fluxctl list-workloads. ${SAFE_TO_REPEAT}`,
};

export const SYNC: Effect = {
  what: 'the request for a sync',
  look: `fluxctl list-workloads shows what runs. ${SAFE_TO_REPEAT}`,
};

export const OWN_SYNC: Effect = {
  what: 'the request for a sync',
  look: `fluxctl status shows what failed, fluxctl history the syncs. ${SAFE_TO_REPEAT}`,
};

export const APPROVAL: Effect = {
  what: 'the approval',
  look: 'fluxctl gc shows what is still held, fluxctl history what was deleted.',
};

export const ORPHAN_DELETION: Effect = {
  what: 'the request to delete orphans',
  look: 'fluxctl gc orphans shows what is left.',
};

export const SUSPENSION: Effect = {
  what: 'the suspension',
  look: `fluxctl status shows whether automation is suspended. ${SAFE_TO_REPEAT}`,
};

export const RESUMPTION: Effect = {
  what: 'the end of the suspension',
  look: `fluxctl status shows whether automation is suspended. ${SAFE_TO_REPEAT}`,
};

export const NEW_KEY: Effect = {
  what: 'the request for a new key',
  look: 'fluxctl identity shows the current key.',
};
