import type { ImageRepository } from '../image/index.ts';
import { banOf, needsDigests } from '../policy/index.ts';
import { firstToRipen, type Young, type Youth } from './age.ts';
import { type Decision, held, unknown } from './decision.ts';
import { rankingOf } from './ranking.ts';
import { notAhead, type Subject } from './subject.ts';

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
  readonly ban?: Decision | undefined;
  /** The newer tag that is old enough first. */
  readonly young?: Young | undefined;
  /** Set if it is unknown which tag it is. */
  readonly doubt?: Decision;
}

/** The newest matching tag that is readable, not banned, and old enough. */
export function newestAllowed(subject: Subject, repository: ImageRepository, youth: Youth | undefined): Allowed {
  const { current, pattern, bans } = subject;
  const ranking = rankingOf(repository, pattern);
  if (bans.bans.length === 0 && !youth) return { tag: ranking.newest };
  let ban: Decision | undefined;
  let young: Young | undefined;
  for (const tag of ranking.matching) {
    if (repository.images.get(tag)?.error) continue;
    const isOld = current.tag !== '' && tag !== current.tag && notAhead(tag, subject) !== undefined;
    // Older tags are not chosen anyway.
    const refusal = isOld ? undefined : refusedByBan(subject, tag);
    if (refusal?.state === 'unknown') return tag === current.tag ? { tag, ban, young } : { doubt: refusal };
    const tooYoung = refusal || isOld ? undefined : youth?.(tag);
    if (!refusal && !tooYoung) return { tag, ban, young };
    ban ??= refusal;
    if (tooYoung) young = firstToRipen(young, tooYoung);
  }
  return { ban, young };
}
