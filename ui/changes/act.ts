import { tagOf } from '../text/image-name.ts';

/** What a person asks of fluxd. */
export type Act =
  | { readonly type: 'sync' | 'suspend' | 'resume' }
  /** The list of held deletions with this hash. */
  | { readonly type: 'approve'; readonly hash: string; readonly count: number }
  | { readonly type: 'policy'; readonly id: string; readonly change: PolicyChange }
  /** An image that automation must not choose for a container, or may choose again. */
  | { readonly type: 'ban' | 'unban'; readonly id: string; readonly container: string; readonly ban: string }
  | Rehearsed;

export type PolicyChange = 'automate' | 'deautomate' | 'lock' | 'unlock';

/** Those of which a dry run shows first what they would do. */
export type Rehearsed =
  /** The newest images that policies allow, of one workload or of all. */
  | { readonly type: 'release-newest'; readonly id?: string | undefined }
  /** One image of one container. */
  | { readonly type: 'release'; readonly id: string; readonly update: Update }
  /** The images before, of a workload. */
  | { readonly type: 'rollback'; readonly id: string };

/** From an image in Git to another one. */
export interface Update {
  readonly container: string;
  readonly current: string;
  readonly target: string;
}

/** Who asks, and why; both may be empty. */
export interface Cause {
  readonly user: string;
  /** Whether fluxd knows the user, and names them by itself. */
  readonly isKnown: boolean;
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

export function isRehearsed(act: Act): act is Rehearsed {
  return act.type === 'release-newest' || act.type === 'release' || act.type === 'rollback';
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
    case 'ban':
      return {
        name: `Ban ${act.ban}`,
        says: `fluxd commits the annotation fluxcd.io/ban.${act.container}: ${act.ban} to the manifest. Neither automation nor a release takes this image then. If it runs, it stays; a rollback replaces it.`,
        takesCause: true,
      };
    case 'unban':
      return {
        name: `Lift ban of ${act.ban}`,
        says: `fluxd commits the manifest without this ban of container ${act.container}. Automation may take the image then.`,
        takesCause: true,
      };
    case 'release':
      return { name: `Release ${tagOf(act.update.target)}`, says: RELEASE, takesCause: true };
    case 'release-newest':
      return { name: 'Release newest images', says: RELEASE, takesCause: true };
    case 'rollback':
      return {
        name: 'Roll back',
        says: 'fluxd commits the images with which the workload was healthy before, bans those that they replace, and applies both.',
        takesCause: true,
      };
  }
}

const RELEASE = 'fluxd commits exactly the images below, and applies them. Locks and bans hold.';

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
