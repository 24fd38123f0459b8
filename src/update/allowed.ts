import type { ImageRepository } from '../image/index.ts';
import { banOf, needsDigests } from '../policy/index.ts';
import { firstToRipen, type Young, type Youth } from './age.ts';
import { type Decision, held, unknown } from './decision.ts';
import { rankingOf } from './ranking.ts';
import { isInGit, MAX_DEPTH, refusedBySignature } from './signed.ts';
import { isHold, notAhead, type Subject } from './subject.ts';

/** Why an image is not allowed: it is banned, or it may be. `digest` is the one that is asked for beside the tag, if any. */
export function refusedByBan({ bans: { bans, problem }, repository }: Subject, tag: string, digest = ''): Decision | undefined {
  if (problem !== undefined) return held({ kind: 'bad-bans', problem });
  if (bans.length === 0) return undefined;
  const read = [repository?.images.get(tag)?.digest, repository?.images.get(tag)?.indexDigest].flatMap((each) => each ?? []);
  // The tag may point to something else than the digest that is asked for.
  const digests = digest === '' || read.includes(digest) ? read : [digest];
  const ban = banOf(bans, tag, digests);
  if (ban) return held({ kind: 'banned', tag, ban });
  return needsDigests(bans) && digests.length === 0 ? unknown({ kind: 'undigested', tag }, repository) : undefined;
}

interface Allowed {
  readonly tag?: string | undefined;
  /** Why a newer tag was passed over. */
  readonly refusal?: Decision | undefined;
  /** The newer tag that is old enough first. */
  readonly young?: Young | undefined;
  /** Set if it is unknown which tag it is. */
  readonly doubt?: Decision;
}

/** The newest matching tag that is readable, not banned, signed if it must be, and old enough. */
export function newestAllowed(subject: Subject, repository: ImageRepository, youth: Youth | undefined): Allowed {
  const { current, pattern, bans, signed } = subject;
  const ranking = rankingOf(repository, pattern);
  const mustBeSigned = isHold(signed) || signed.length > 0;
  if (bans.bans.length === 0 && !youth && !mustBeSigned) return { tag: ranking.newest };
  let refusal: Decision | undefined;
  let unsigned = 0;
  let young: Young | undefined;
  for (const tag of ranking.matching) {
    if (repository.images.get(tag)?.error) continue;
    const isOld = current.tag !== '' && tag !== current.tag && notAhead(tag, subject) !== undefined;
    // Older tags are not chosen anyway.
    const banned = isOld ? undefined : refusedByBan(subject, tag);
    const bad = isOld || banned || isInGit(tag, subject) ? undefined : refusedBySignature(subject, tag);
    if (bad?.state === 'unknown') return { doubt: bad };
    if (banned?.state === 'unknown') return tag === current.tag && !mustBeSigned ? { tag, refusal, young } : { doubt: banned };
    const tooYoung = banned || bad || isOld ? undefined : youth?.(tag);
    if (!banned && !bad && !tooYoung) return { tag, refusal, young };
    refusal ??= banned ?? bad;
    if (tooYoung) young = firstToRipen(young, tooYoung);
    if (bad) unsigned += 1;
    if (unsigned === MAX_DEPTH) break;
  }
  return { refusal, young };
}
