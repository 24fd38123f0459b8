import { type ImageRepository, verificationKey } from '../image/index.ts';
import { type Decision, held, unknown } from './decision.ts';
import { digestOf, isHold, type Subject } from './subject.ts';

/** Tags without valid signature after which no older one is considered. */
export const MAX_DEPTH = 100;

/** Whether a tag has the digest that is in Git: to keep it is no choice. */
export function isInGit(tag: string, { current, repository }: Subject): boolean {
  return tag === current.tag && current.digest !== '' && current.digest === digestOf(repository, tag);
}

/**
 * Why the signatures of a tag's image keep it from being chosen; undefined if it fulfils all policies. `digest` is the one that is asked
 * for beside the tag, if any. What is not known is never a yes.
 */
export function refusedBySignature({ signed, repository }: Subject, tag: string, digest = ''): Decision | undefined {
  if (isHold(signed)) return held(signed);
  if (signed.length > 0 && repository?.barredBy !== undefined) return held({ kind: 'barred', tag, by: repository.barredBy });
  const read = digest || digestOf(repository, tag);
  let doubt: Decision | undefined;
  for (const { text: policy } of signed) {
    const found = read === undefined ? undefined : repository?.verifications?.get(verificationKey(read, policy));
    switch (found?.state) {
      case 'verified':
        break;
      case 'unsigned':
        return held({ kind: 'unsigned', tag, policy });
      case 'invalid':
        return held({ kind: 'unsigned', tag, policy, why: found.why });
      case 'unknown':
        doubt ??= unknown({ kind: 'unverified', tag, because: found.why }, repository);
        break;
      case undefined:
        doubt ??= unknown({ kind: 'unverified', tag, ...obstacleOf(repository, tag, read) }, repository);
    }
  }
  return doubt;
}

/** Why nothing is known yet; empty if the next scan will know. */
function obstacleOf(
  repository: ImageRepository | undefined,
  tag: string,
  digest: string | undefined,
): { readonly because?: string; readonly isLasting?: boolean } {
  if (!repository) return {};
  const { images, tags, error, scannedAt, signatureQueue: queue } = repository;
  const image = images.get(tag);
  // The error of an image whose digest is known is about its time.
  const trouble = (image?.digest === undefined ? image?.error : undefined) ?? error;
  if (trouble) return { because: trouble.message, isLasting: trouble.fault !== 'server' };
  if (digest === undefined && scannedAt !== undefined && !tags.includes(tag))
    return { because: 'the registry does not list it', isLasting: true };
  return queue === undefined ? {} : { because: `${queue} other questions about signatures of this repository come first` };
}
