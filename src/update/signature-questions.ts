import { canonicalName, type ImageRef, type ImageRepository, verificationKey } from '../image/index.ts';
import type { SignatureQuestion } from '../policy/index.ts';
import { pullSecretsOf } from '../resource/index.ts';
import { refusedByBan } from './allowed.ts';
import type { ImageLookup, UpdateContext } from './context.ts';
import { rankingOf } from './ranking.ts';
import type { Candidate } from './select.ts';
import { isInGit, MAX_DEPTH, refusedBySignature } from './signed.ts';
import { digestOf, isHold, notAhead, type Question, type Subject, subjectOf } from './subject.ts';

/** What has to be verified before an image of a container can be chosen; undefined if that is known. */
export function signaturesToRead(question: Question): SignatureQuestion | undefined {
  const subject = subjectOf(question);
  if ('state' in subject) return undefined;
  return questionOf(subject, unverifiedTags(subject));
}

/** The same for the image that a person names. */
export function signaturesOfNamed(question: Question, { tag, digest }: ImageRef): SignatureQuestion | undefined {
  const subject = subjectOf(question);
  if ('state' in subject || refusedBySignature(subject, tag, digest) === undefined) return undefined;
  return questionOf(subject, [{ tag, ...(digest === '' ? {} : { digest }) }]);
}

function questionOf({ current, signed }: Subject, candidates: SignatureQuestion['candidates']): SignatureQuestion | undefined {
  if (candidates.length === 0 || isHold(signed) || signed.length === 0) return undefined;
  return { image: canonicalName(current), candidates, policies: signed };
}

/** The tags that may be chosen, newest first, before the first one that is signed. */
function unverifiedTags(subject: Subject): SignatureQuestion['candidates'] {
  const { current, pattern, bans, signed, repository } = subject;
  if (isHold(signed) || signed.length === 0 || !repository || !pattern.valid || bans.problem !== undefined) return [];
  const candidates: { tag: string }[] = [];
  for (const tag of rankingOf(repository, pattern).matching) {
    const isOld = current.tag !== '' && tag !== current.tag && notAhead(tag, subject) !== undefined;
    if (isOld || repository.images.get(tag)?.error || refusedByBan(subject, tag)?.state === 'held') continue;
    const isGood = isInGit(tag, subject) || refusedBySignature(subject, tag) === undefined;
    if (isGood || candidates.length === MAX_DEPTH) break;
    candidates.push({ tag });
  }
  return candidates;
}

/** When what was not signed may be verified again, in milliseconds since the epoch; infinity if that is not known. */
export function verifiedAgainAt(
  { candidates, policies }: SignatureQuestion,
  { repository }: Pick<Subject, 'repository'>,
): number {
  const times = candidates.flatMap(({ tag }) => {
    const digest = digestOf(repository, tag) ?? '';
    return policies.flatMap(({ text }) => {
      const found = repository?.verifications?.get(verificationKey(digest, text));
      return found === undefined || found.state === 'verified' ? [] : [found.nextAt];
    });
  });
  return Math.min(...times);
}

/** What a person asks, for a workload that is to have an image. */
export interface PersonalQuestion {
  readonly question: SignatureQuestion;
  readonly workload: Pick<Candidate, 'id' | 'manifest'>;
}

/**
 * Verifies at once, for a person who waits. Resolves to the images with what was found, also of repositories that are not watched; what
 * cannot be verified is unknown afterwards too.
 */
export async function verifyNow(
  asked: readonly PersonalQuestion[],
  { images, signal }: Pick<UpdateContext, 'images' | 'signal'>,
): Promise<ImageLookup> {
  const found = new Map<string, ImageRepository>();
  const verify = async ([image, same]: readonly [string, readonly PersonalQuestion[]]) => {
    const questions = same.map(({ question }) => question);
    const pullSecrets = same.flatMap(({ workload: { id, manifest } }) => pullSecretsOf(id, manifest.object));
    const repository = await images.verifyNow({ image, questions, pullSecrets }, signal ? { signal } : {});
    if (repository) found.set(image, repository);
  };
  await Promise.all([...Map.groupBy(asked, ({ question }) => question.image)].map(verify));
  return { ...images, repository: (name) => found.get(name) ?? images.repository(name) };
}
