/** What a person asks of fluxd. */
export type Act =
  | { readonly type: 'sync' | 'suspend' | 'resume' }
  /** The list of held deletions with this hash. */
  | { readonly type: 'approve'; readonly hash: string; readonly count: number }
  | { readonly type: 'policy'; readonly id: string; readonly change: PolicyChange };

export type PolicyChange = 'automate' | 'deautomate' | 'lock' | 'unlock';

/** Who asks, and why; both may be empty. */
export interface Cause {
  readonly user: string;
  readonly message: string;
}

export interface ActWords {
  /** On the button that asks for it, and on the one that confirms it. */
  readonly name: string;
  /** What will happen. */
  readonly says: string;
  /** Whether a person may say why. */
  readonly takesCause: boolean;
}

export function wordsOf(act: Act): ActWords {
  switch (act.type) {
    case 'sync':
      return {
        name: 'Sync now',
        says: 'fluxd fetches the repository, applies the newest commit that is accepted, and puts back what differs in the cluster.',
        takesCause: false,
      };
    case 'suspend':
      return {
        name: 'Suspend automation',
        says: 'fluxd commits no newer image, also after a restart, until automation is resumed. Syncs go on.',
        takesCause: true,
      };
    case 'resume':
      return {
        name: 'Resume automation',
        says: 'fluxd commits the newest images that policies allow again, first those that wait now.',
        takesCause: true,
      };
    case 'approve':
      return {
        name: act.count === 1 ? 'Delete 1 object' : `Delete ${act.count.toLocaleString('en')} objects`,
        says: 'A sync deletes every object of this list from the cluster, and what it owns. This cannot be undone. If the list changes before, nothing of it is deleted.',
        takesCause: false,
      };
    case 'policy':
      return { ...POLICIES[act.change], takesCause: true };
  }
}

const POLICIES: Readonly<Record<PolicyChange, Omit<ActWords, 'takesCause'>>> = {
  automate: {
    name: 'Automate',
    says: 'fluxd commits the annotation fluxcd.io/automated to the manifest, and from then on the newest images that policies allow.',
  },
  deautomate: {
    name: 'Deautomate',
    says: 'fluxd commits the manifest without the annotation fluxcd.io/automated. Its images stay as they are.',
  },
  lock: {
    name: 'Lock',
    says: 'fluxd commits the annotation fluxcd.io/locked to the manifest. Until it is unlocked, no release and no automation changes its images.',
  },
  unlock: {
    name: 'Unlock',
    says: 'fluxd commits the manifest without the annotation fluxcd.io/locked, so that releases and automation may change its images.',
  },
};

/** The policies to add and to remove, as `fluxctl` sends them. */
export function policyUpdate(change: PolicyChange, { user, message }: Cause) {
  switch (change) {
    case 'automate':
      return { add: { automated: 'true' }, remove: {} };
    case 'deautomate':
      return { add: {}, remove: { automated: 'true' } };
    case 'lock':
      return { add: { locked: 'true', ...(user === '' ? {} : { locked_user: user, locked_msg: message }) }, remove: {} };
    case 'unlock':
      return { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } };
  }
}
