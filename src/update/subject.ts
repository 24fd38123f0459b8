import { FluxError, messageOf } from '../base/index.ts';
import { canonicalName, type ImageRef, type ImageRepository, parseImageRef } from '../image/index.ts';
import {
  type Bans,
  bansFor,
  isNewer,
  NO_SIGNATURE_DEMANDS,
  type Policies,
  type SignaturePolicy,
  signaturePoliciesFor,
  type TagPattern,
  tagPatternFor,
} from '../policy/index.ts';
import type { Container, ResourceId } from '../resource/index.ts';
import type { ImageLookup, Timing } from './context.ts';
import { type Decision, type Hold, held } from './decision.ts';
import { type Pinning, pinOf } from './pinning.ts';
import { taggedImage } from './ranking.ts';

/** One container, its policies, and what the registry said. */
export interface Question {
  readonly workload?: ResourceId;
  /** With the image in Git, so that a change in Git is never found twice, even if the cluster lags behind. */
  readonly container: Container;
  readonly inGit: Policies;
  readonly inCluster?: Policies;
  readonly pinning?: Pinning | undefined;
  readonly images: Pick<ImageLookup, 'repository'>;
  /** When automation may commit; at any time when absent. */
  readonly timing?: Timing | undefined;
}

/** A container as read, with the metadata of its image. */
export interface Subject {
  readonly current: ImageRef;
  readonly pattern: TagPattern;
  readonly bans: Bans;
  /** Whether the reference gets the digest of its tag, or what is in the way. */
  readonly pin: boolean | Hold;
  /** Whose signatures the image must have, or why that is not known. */
  readonly signed: readonly SignaturePolicy[] | Hold;
  readonly repository: ImageRepository | undefined;
}

export function subjectOf(question: Question): Subject | Decision {
  const {
    container: { name, image },
    inGit,
    images,
  } = question;
  try {
    const current = parseImageRef(image);
    const repository = images.repository(canonicalName(current));
    const signed = signedBy(question, current);
    return {
      current,
      pattern: tagPatternFor(inGit, name),
      bans: bansFor(inGit, name),
      pin: pinOf({ ...question, current, isSigned: isHold(signed) || signed.length > 0 }),
      signed,
      repository,
    };
  } catch (thrown) {
    const error =
      thrown instanceof FluxError ? thrown : new FluxError(messageOf(thrown), { code: 'update/bad-image', cause: thrown });
    return held({ kind: 'bad-image', error });
  }
}

function signedBy({ container, inGit, pinning = {} }: Question, current: ImageRef): Subject['signed'] {
  if (pinning.skipVerify) return [];
  const policies = signaturePoliciesFor(inGit, container.name, canonicalName(current), pinning.signed ?? NO_SIGNATURE_DEMANDS);
  return 'problem' in policies ? { kind: 'bad-verify', ...policies } : policies;
}

export function isHold(signed: Subject['signed']): signed is Hold {
  return 'kind' in signed;
}

/** The digest of a tag: that of the index, if the tag refers to one, so that every platform finds its image. */
export function digestOf(repository: ImageRepository | undefined, tag: string): string | undefined {
  const image = repository?.images.get(tag);
  return image?.indexDigest ?? image?.digest;
}

export type NotAhead = 'no-tag' | 'no-time' | 'not-newer';

/** Why a tag is not strictly newer than the current one, by version or by two known times. A lacking tag must not cause a downgrade. */
export function notAhead(tag: string, { current, pattern, repository }: Subject): NotAhead | undefined {
  if (tag === current.tag) return undefined;
  const now = taggedImage(current.tag, repository?.images.get(current.tag));
  const then = taggedImage(tag, repository?.images.get(tag));
  const sameTime = then.createdAt === now.createdAt && then.createdNs === now.createdNs;
  if (isNewer(then, now, pattern) && !(pattern.needsTimes && sameTime)) return undefined;
  if (current.tag === '') return 'no-tag';
  return pattern.needsTimes && (now.createdAt === undefined || then.createdAt === undefined) ? 'no-time' : 'not-newer';
}
