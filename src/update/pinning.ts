import type { ImageRef } from '../image/index.ts';
import { hasPolicy, type Policies, pinFor } from '../policy/index.ts';
import type { Container } from '../resource/index.ts';
import type { Hold } from './decision.ts';

/** Which images are pinned to the digests of their tags, beside those whose annotations say so. */
export interface Pinning {
  /** Those of automated workloads. */
  readonly automated?: boolean | undefined;
  /** All, because a person asks for it. */
  readonly requested?: boolean | undefined;
}

/** Whether a reference gets the digest of its tag, or what is in the way. One that has a digest keeps having one. */
export function pinOf({
  current,
  container,
  inGit,
  pinning = {},
}: {
  readonly current: ImageRef;
  readonly container: Container;
  readonly inGit: Policies;
  readonly pinning?: Pinning | undefined;
}): boolean | Hold {
  const asked = pinFor(inGit, container.name);
  if (typeof asked === 'object') return { kind: 'bad-pin', text: asked.invalid };
  if (current.digest !== '') return true;
  const byDefault = pinning.automated === true && hasPolicy(inGit, 'automated');
  const pins = pinning.requested === true || (asked ?? byDefault);
  return pins && container.isTagApart ? { kind: 'cannot-pin' } : pins;
}
