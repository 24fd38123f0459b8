import type { ImageRef } from '../image/index.ts';
import { hasPolicy, type Policies, pinFor, type SignatureDemands } from '../policy/index.ts';
import type { Container } from '../resource/index.ts';
import type { Hold } from './decision.ts';

/** Which images are pinned to the digests of their tags, and which must be signed, beside those whose annotations say so. */
export interface Pinning {
  /** Those of automated workloads. */
  readonly automated?: boolean | undefined;
  /** All, because a person asks for it. */
  readonly requested?: boolean | undefined;
  /** Which images must be signed: they are pinned to what was verified. */
  readonly signed?: SignatureDemands | undefined;
  /** Whether a person releases images without regard to their signatures. */
  readonly skipVerify?: boolean | undefined;
}

/** Whether a reference gets the digest of its tag, or what is in the way. One that has a digest keeps having one. */
export function pinOf({
  current,
  container,
  inGit,
  isSigned,
  pinning = {},
}: {
  readonly current: ImageRef;
  readonly container: Container;
  readonly inGit: Policies;
  /** Whether it must be signed. */
  readonly isSigned: boolean;
  readonly pinning?: Pinning | undefined;
}): boolean | Hold {
  const asked = pinFor(inGit, container.name);
  if (typeof asked === 'object') return { kind: 'bad-pin', text: asked.invalid };
  if (current.digest !== '') return true;
  const byDefault = pinning.automated === true && hasPolicy(inGit, 'automated');
  const pins = isSigned || pinning.requested === true || (asked ?? byDefault);
  return pins && container.isTagApart ? { kind: 'cannot-pin' } : pins;
}
