import { type FluxError, rfc3339 } from '../base/index.ts';
import { formatImageRef, type ImageRef, type ImageRepository } from '../image/index.ts';
import type { Ban } from '../policy/index.ts';
import { FORCE_ANNOTATION } from '../resource/index.ts';
import type { RequestName } from './request-name.ts';

/**
 * The decision about one container's image. Automation, releases, listings and logs use this value and its texts, and nothing else works
 * out a reason.
 */
export type Decision =
  | Current
  | { readonly state: 'update'; readonly target: ImageRef }
  /** `until` is in milliseconds since the epoch; infinity if no end is in sight. */
  | { readonly state: 'waiting'; readonly target: ImageRef; readonly for: Wait; readonly until: number }
  | { readonly state: 'held'; readonly by: Hold }
  /** `nextLookAt` is the time of the next scan, in milliseconds since the epoch, if the scanner knows it. */
  | { readonly state: 'unknown'; readonly why: Doubt; readonly nextLookAt?: number };

type Current =
  /** It has the newest image that matches. */
  | { readonly state: 'current'; readonly because: 'newest' }
  /** No known tag matches. */
  | { readonly state: 'current'; readonly because: 'no-match' }
  /** The newest tag that matches is older. */
  | { readonly state: 'current'; readonly because: 'not-newer'; readonly newest: string; readonly tag: string };

/** What an update waits for. */
export type Wait =
  | ScheduleWait
  | YoungTag
  /** For others that belong to the same commit. */
  | { readonly kind: 'gathering' }
  | ProposedImageWait;

/** People have to merge the branch that proposes it. */
export interface ProposedImageWait {
  readonly kind: 'pull-request';
  readonly branch: string;
  /** Absent while there is none, or if fluxd opens none. */
  readonly request?: RequestName;
}

/** The opening of a window, or the end of a freeze. */
export interface ScheduleWait {
  readonly kind: 'window' | 'freeze';
  /** As written. */
  readonly text: string;
}

/** A tag has to be older. */
export interface YoungTag {
  readonly kind: 'min-age';
  readonly tag: string;
  /** The age as written. */
  readonly text: string;
  /** When we first saw it, in milliseconds since the epoch; absent if that is not counted yet. */
  readonly since?: number;
  /** Whether a restart of the daemon begins the wait again. */
  readonly inProcess: boolean;
}

/** What keeps an image as it is. */
export type Hold =
  | { readonly kind: 'locked' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'not-automated' }
  /** Flux never pushes to the repository. */
  | { readonly kind: 'read-only' }
  | { readonly kind: 'bad-image'; readonly error: FluxError }
  | { readonly kind: 'bad-pattern'; readonly pattern: string }
  /** The newest tag that is not older, or the one named, is banned. */
  | { readonly kind: 'banned'; readonly tag: string; readonly ban: Ban }
  /** The text of the bans is invalid, so that it is unknown what is banned. */
  | { readonly kind: 'bad-bans'; readonly problem: string }
  /** An update failed, and so many were reverted within the hour that this may be an outage. `until` is in milliseconds since the epoch. */
  | { readonly kind: 'reverts-exhausted'; readonly until: number }
  | { readonly kind: 'bad-schedule'; readonly of: ScheduleWait; readonly problem: string }
  | { readonly kind: 'bad-min-age'; readonly text: string; readonly problem: string }
  | Suspended
  /** People closed the pull request that proposes it, without merging it. */
  | { readonly kind: 'pull-request-closed'; readonly request: RequestName }
  /** The branch to propose it on has commits of others. */
  | { readonly kind: 'push-branch-taken'; readonly branch: string }
  /** The reference has a digest and no tag, so it does not say which tags to follow. */
  | { readonly kind: 'digest-alone' }
  /** The reference has a digest, or gets one, and that of the new tag has not been read. */
  | { readonly kind: 'digest-unknown'; readonly tag: string }
  /** The value of `pin.<container>` is neither true nor false. */
  | { readonly kind: 'bad-pin'; readonly text: string }
  /** The tag is in a field of its own, where a digest has no place. */
  | { readonly kind: 'cannot-pin' }
  /** The API server rejects another image. */
  | { readonly kind: 'fixed' }
  | UnsignedTag
  /** An image must be signed, and a flag forbids to ask its registry. */
  | { readonly kind: 'barred'; readonly tag: string; readonly by: string }
  /** It cannot be verified whether images fulfil the policy. */
  | { readonly kind: 'bad-verify'; readonly text: string; readonly problem: string };

/** The image of a tag has no valid signature. */
export interface UnsignedTag {
  readonly kind: 'unsigned';
  readonly tag: string;
  /** As written. */
  readonly policy: string;
  /** What is wrong with its signatures; absent if it has none. */
  readonly why?: string;
}

/** A person has paused automation: of the workload in Git, or all of it. */
export interface Suspended {
  readonly kind: 'suspended';
  readonly of: 'workload' | 'all';
  /** Who did; may be empty. */
  readonly user: string;
  /** Why; may be empty. */
  readonly message: string;
  /** In milliseconds since the epoch; Git knows it in another way. */
  readonly since?: number;
}

/** What is not known, so that nothing is updated. */
export type Doubt =
  /** The tags of the repository have not been read. */
  | { readonly kind: 'not-scanned' }
  /** These tags have disappeared from the list of the registry, which is not trusted before another scan agrees. */
  | { readonly kind: 'suspect'; readonly disappeared: readonly string[] }
  /** The order is by time, and these tags have not been read. */
  | { readonly kind: 'unread'; readonly tags: readonly string[] }
  | { readonly kind: 'unreadable'; readonly tags: readonly string[] }
  | { readonly kind: 'untagged' }
  /** A digest is banned, and that of this tag has not been read. */
  | { readonly kind: 'undigested'; readonly tag: string }
  /** A minimum age is asked for, and the digest of this tag has not been read. */
  | { readonly kind: 'undated'; readonly tag: string }
  /** It is not known yet whether the image of this tag has the signatures that it must have. */
  | {
      readonly kind: 'unverified';
      readonly tag: string;
      /** Why not. */
      readonly because?: string;
      /** Whether the next scan will not know it either. */
      readonly isLasting?: boolean;
    }
  /** The order is by time, and a time is unknown. */
  | { readonly kind: 'no-time'; readonly tag: string; readonly newest: string }
  /** The current image has no tag, and so no place in the order. */
  | { readonly kind: 'no-tag'; readonly newest: string };

/** The kind of reason of a decision, a word from a fixed list. */
export function kindOf(decision: Decision): string {
  switch (decision.state) {
    case 'current':
      return decision.because;
    case 'update':
      return 'newer';
    case 'waiting':
      return decision.for.kind;
    case 'held':
      return decision.by.kind;
    case 'unknown':
      return decision.why.kind;
  }
}

export function held(by: Hold): Decision {
  return { state: 'held', by };
}

export function unknown(why: Doubt, repository: ImageRepository | undefined): Decision {
  const nextLookAt = repository?.nextAt;
  return { state: 'unknown', why, ...(nextLookAt === undefined ? {} : { nextLookAt }) };
}

/** A decision in a few words; those that Flux v1 has are its own. */
export function describeDecision(decision: Decision): string {
  switch (decision.state) {
    case 'current':
      return describeCurrent(decision);
    case 'update':
      return `update to ${formatImageRef(decision.target)}`;
    case 'waiting':
      return describeWait(decision.for, decision.until);
    case 'held':
      return describeHold(decision.by);
    case 'unknown':
      return describeDoubt(decision.why);
  }
}

/** Why an up-to-date workload is skipped. */
export const UP_TO_DATE = 'image(s) up to date';

function describeCurrent(decision: Current): string {
  switch (decision.because) {
    case 'newest':
      return UP_TO_DATE;
    case 'no-match':
      return 'no known tag matches';
    case 'not-newer':
      return `newest matching tag ${decision.newest} is not newer than ${decision.tag}`;
  }
}

/** `until` as in `Decision`. */
export function describeWait(wait: Wait, until: number): string {
  if (wait.kind === 'pull-request') return situationOf(wait);
  const end = Number.isFinite(until) ? `automation goes on at ${rfc3339(until)}` : 'no end is in sight';
  return `${situationOf(wait)}; ${end}${wait.kind === 'min-age' ? afterRestart(wait) : ''}`;
}

export function isScheduled(wait: Wait): wait is ScheduleWait {
  return wait.kind === 'window' || wait.kind === 'freeze';
}

function situationOf(wait: Wait): string {
  switch (wait.kind) {
    case 'window':
      return `outside of its window, ${JSON.stringify(wait.text)}`;
    case 'freeze':
      return `in a freeze, ${JSON.stringify(wait.text)}`;
    case 'min-age':
      return describeYouth(wait);
    case 'gathering':
      return 'while updates are gathered';
    case 'pull-request':
      return `waiting: ${wait.request ? `pull request ${wait.request.name}, ${wait.request.url}` : `a person has to merge branch ${wait.branch}`}`;
  }
}

function describeYouth({ tag, text, since }: YoungTag): string {
  const seen = since === undefined ? 'its age is not counted yet' : `first seen at ${rfc3339(since)}`;
  return `tag ${tag} has not the minimum age of ${text}, ${seen}`;
}

function afterRestart({ inProcess, since }: YoungTag): string {
  return inProcess && since !== undefined ? ', unless fluxd restarts, which begins the wait again' : '';
}

export function describeHold(hold: Hold): string {
  switch (hold.kind) {
    case 'locked':
      return 'locked';
    case 'ignored':
      return 'ignore';
    case 'not-automated':
      return 'not automated';
    case 'read-only':
      return 'the repository is read-only';
    case 'bad-image':
      return hold.error.message;
    case 'bad-pattern':
      return `invalid tag pattern: ${JSON.stringify(hold.pattern)}`;
    case 'banned':
      return hold.ban.kind === 'tag' ? `tag ${hold.tag} is banned` : `tag ${hold.tag} is banned by its digest ${hold.ban.digest}`;
    case 'bad-bans':
      return `invalid bans: the text ${hold.problem}`;
    case 'reverts-exhausted':
      return `the update failed, and is not reverted before ${rfc3339(hold.until)}: too many were reverted within an hour`;
    case 'bad-schedule':
      return `invalid ${hold.of.kind} ${JSON.stringify(hold.of.text)}: it ${hold.problem}`;
    case 'bad-min-age':
      return `invalid minimum age ${JSON.stringify(hold.text)}: it ${hold.problem}`;
    case 'suspended':
      return describeSuspension(hold);
    case 'pull-request-closed':
      return `pull request ${hold.request.name} was closed without merging it, ${hold.request.url}`;
    case 'push-branch-taken':
      return `branch ${hold.branch} has commits of others, so fluxd leaves it alone`;
    case 'digest-alone':
      return 'image is pinned to a digest without a tag';
    case 'digest-unknown':
      return `image is pinned to a digest, and the digest of tag ${hold.tag} is unknown`;
    case 'bad-pin':
      return `invalid pin ${JSON.stringify(hold.text)}: it is "true" or "false"`;
    case 'cannot-pin':
      return 'image cannot be pinned to a digest: its tag is in a field of its own';
    case 'fixed':
      return `image of a Job cannot change, unless ${FORCE_ANNOTATION}: "true" lets Flux recreate the Job`;
    case 'unsigned':
      return `${imageOf(hold.tag)} has no valid signature for ${hold.policy}: ${hold.why ?? 'it is not signed'}`;
    case 'barred':
      return `the signatures of ${imageOf(hold.tag)} cannot be verified: fluxd does not read this repository (${hold.by})`;
    case 'bad-verify':
      return `invalid signature policy ${JSON.stringify(hold.text)}: it ${hold.problem}`;
  }
}

/** `automation is suspended by Jane since 2026-12-05T10:00:00Z: "audit"`. */
export function describeSuspension({ of, user, message, since }: Suspended): string {
  const subject = of === 'workload' ? 'automation of the workload is suspended in Git' : 'automation is suspended';
  const who = user === '' ? '' : ` by ${user}`;
  const when = since === undefined ? '' : ` since ${rfc3339(since)}`;
  return `${subject}${who}${when}${message === '' ? '' : `: ${JSON.stringify(message)}`}`;
}

function describeDoubt(doubt: Doubt): string {
  switch (doubt.kind) {
    case 'not-scanned':
      return 'the tags of the image have not been read';
    case 'suspect':
      return `${listed(doubt.disappeared)} disappeared from the registry; nothing changes before another scan agrees`;
    case 'unread':
      return `inconsistent repository metadata: missing metadata for image ${listed(doubt.tags)}`;
    case 'unreadable':
      return `cannot read metadata of any matching tag: ${listed(doubt.tags)}`;
    case 'untagged':
      return 'untagged image in available images';
    case 'undigested':
      return `the digest of tag ${doubt.tag} has not been read, so it is unknown whether it is banned`;
    case 'undated':
      return `the digest of tag ${doubt.tag} has not been read, so its age is unknown`;
    case 'unverified':
      return `the signatures of ${imageOf(doubt.tag)} have not been verified${doubt.because === undefined ? '' : `: ${doubt.because}`}`;
    case 'no-time':
      return `the creation time of tag ${doubt.tag} is unknown, so it is unknown whether ${doubt.tag === doubt.newest ? 'it' : doubt.newest} is newer`;
    case 'no-tag':
      return `image has no tag, so it is unknown whether ${doubt.newest} is newer`;
  }
}

/** An image that is named by its digest alone has no tag. */
function imageOf(tag: string): string {
  return tag === '' ? 'the image' : `tag ${tag}`;
}

/** `tag "a"`, as in Flux v1, or `tags "a", "b", "c" and 4 more`. */
function listed(tags: readonly string[]): string {
  const some = tags.slice(0, 3).map((tag) => JSON.stringify(tag));
  const more = tags.length > some.length ? ` and ${tags.length - some.length} more` : '';
  return `tag${tags.length === 1 ? '' : 's'} ${some.join(', ')}${more}`;
}
