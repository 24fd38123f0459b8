import type { Ban } from './ban.ts';

/** Tags that are pushed again by convention: names without a number (`latest`, `main`), and versions without a patch (`1`, `v1.25`). */
const MOVES = /^(?:\D*|v?\d+(?:\.\d+)?)$/;

export interface ReplacedImage {
  readonly tag: string;
  readonly digest: string | undefined;
  /** Whether the tag points to another digest by now. */
  readonly hasMoved?: boolean;
}

/**
 * The ban of an image that another one replaces. A tag that moves, by its form or as the registry shows, is banned by digest, so that what is pushed under it later is allowed;
 * so is a tag that stays, because only its digest is replaced. Without a digest, only the tag can be banned.
 */
export function banOfReplaced(
  { tag, digest, hasMoved = false }: ReplacedImage,
  replacement: { readonly tag: string },
): Ban | undefined {
  const moves = hasMoved || MOVES.test(tag) || tag === replacement.tag;
  if (digest !== undefined && moves) return { kind: 'digest', digest, ...(tag === '' ? {} : { tag }) };
  return tag === '' || tag === replacement.tag ? undefined : { kind: 'tag', tag };
}
