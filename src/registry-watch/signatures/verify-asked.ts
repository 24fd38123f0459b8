import { type Clock, yieldTurn } from '../../base/index.ts';
import type { SignaturePolicy, SignatureQuestion } from '../../policy/index.ts';
import type { Question } from '../connection.ts';
import type { RepositoryState } from '../repository.ts';
import type { TagRefresh } from '../tag-refresh.ts';
import type { Since } from './checks.ts';
import type { Queued } from './queue.ts';
import type { VerifySignatures } from './verifier.ts';

export interface VerifyAskedOptions {
  readonly verify: VerifySignatures;
  readonly refresh: TagRefresh;
  readonly clock: Clock;
}

/** Images whose signatures are verified in one scan of a repository. */
const MAX_LOOKS = 20;

/** One look at an image, for these policies. */
interface Look {
  readonly digest: string;
  readonly policies: readonly SignaturePolicy[];
}

/**
 * Answers what is asked of the signatures of a repository: first about images that have not been looked at, then about those that are due
 * again, and of those first the one that was looked at longest ago. What is left is for the next scan. Resolves to whether anything was
 * looked at.
 */
export async function verifyAsked(
  state: RepositoryState,
  question: Question,
  { verify, refresh, clock }: VerifyAskedOptions,
): Promise<boolean> {
  const { signatures, signatureQueue } = state;
  let left = MAX_LOOKS;
  for (const part of signatureQueue.inTurn()) {
    for (const queued of part) {
      if (!(await isDone(newLooks(queued)))) return true;
      if (dueOf(queued).length > 0) signatureQueue.notNew(queued);
      else signatureQueue.answered(queued);
    }
    for (const queued of part.filter((each) => signatureQueue.has(each))) {
      if (!(await isDone(furtherLooks(queued)))) return true;
      signatureQueue.answered(queued);
    }
  }
  return left < MAX_LOOKS;

  /** Looks until there is nothing more to look at; not if this scan may look at nothing more. */
  async function isDone(looks: AsyncGenerator<Look>): Promise<boolean> {
    await yieldTurn(question.signal);
    for await (const { digest, policies } of looks) {
      if (left === 0) return false;
      left -= 1;
      const verdicts = await verify(question, digest, policies);
      const moment = { monotonic: clock.monotonic(), now: clock.now() };
      for (const [policy, verdict] of verdicts) signatures.learn(digest, policy, verdict, moment);
    }
    return true;
  }

  /** At images that have not been looked at, up to the first one that is signed. */
  async function* newLooks({ question: { candidates, policies } }: Queued): AsyncGenerator<Look> {
    for (const candidate of candidates) {
      if (candidate.digest === undefined && isUnread(state, candidate.tag, clock))
        await refresh(state, question, [candidate.tag]);
      const digest = digestOf(state, candidate);
      if (digest === undefined && !isUnreadable(state, candidate.tag)) return;
      if (digest === undefined) continue;
      const unknown = signatures.unknown(digest, policies);
      if (unknown.length > 0) yield { digest, policies: unknown };
      if (signatures.isVerified(digest, policies)) return;
    }
  }

  /** At images that are due again. */
  async function* furtherLooks(queued: Queued): AsyncGenerator<Look> {
    const { policies } = queued.question;
    const inTurn = dueOf(queued).toSorted((a, b) => signatures.oldestLook(a, policies) - signatures.oldestLook(b, policies));
    for (const digest of inTurn) {
      if (!dueOf(queued).includes(digest)) continue;
      yield { digest, policies: signatures.due(digest, policies, sinceOf(queued, clock)) };
    }
  }

  /** The digests that are due again, up to the first image that is signed, and to the first that may be read later. */
  function dueOf(queued: Queued): readonly string[] {
    const { candidates, policies } = queued.question;
    const due: string[] = [];
    for (const candidate of candidates) {
      const digest = digestOf(state, candidate);
      if (digest === undefined && !isUnreadable(state, candidate.tag)) break;
      if (digest === undefined) continue;
      if (signatures.isVerified(digest, policies)) break;
      if (signatures.due(digest, policies, sinceOf(queued, clock)).length > 0) due.push(digest);
    }
    return due;
  }
}

/** Puts a question into the queue of a repository, if a scan would look at anything for it; whether it would. */
export function ask(state: RepositoryState, question: SignatureQuestion, isUrgent: boolean, clock: Clock): boolean {
  const { signatures, signatureQueue } = state;
  const asked = { question, isUrgent, after: signatures.lastLook };
  const work = workFor(state, asked, clock);
  if (work !== 'none') signatureQueue.ask({ ...asked, isNew: work === 'new' });
  return work !== 'none';
}

type Asked = Omit<Queued, 'isNew'>;

/** Whether a scan would look at anything for a question, and whether that has never been looked at. */
function workFor(state: RepositoryState, asked: Asked, clock: Clock): 'none' | 'new' | 'again' {
  const { signatures } = state;
  const { candidates, policies } = asked.question;
  const since = sinceOf(asked, clock);
  let work: 'none' | 'again' = 'none';
  for (const candidate of candidates) {
    const digest = digestOf(state, candidate);
    if (digest === undefined && isUnread(state, candidate.tag, clock)) return 'new';
    if (digest === undefined && isUnreadable(state, candidate.tag)) continue;
    if (digest === undefined || signatures.isVerified(digest, policies)) break;
    if (signatures.unknown(digest, policies).length > 0) return 'new';
    if (signatures.due(digest, policies, since).length > 0) work = 'again';
  }
  return work;
}

function sinceOf({ isUrgent, after }: Asked, clock: Clock): Since {
  return isUrgent ? { look: after } : { monotonic: clock.monotonic() };
}

type Candidate = SignatureQuestion['candidates'][number];

/** As an image is pinned: by the digest of its index, if it has one. */
function digestOf({ images }: Pick<RepositoryState, 'images'>, { tag, digest }: Candidate): string | undefined {
  const image = images.get(tag);
  return digest ?? image?.indexDigest ?? image?.digest;
}

/** An unreadable tag is passed over; one that may be read later is waited for. */
function isUnreadable({ images }: Pick<RepositoryState, 'images'>, tag: string): boolean {
  return images.get(tag)?.error !== undefined;
}

function isUnread(state: RepositoryState, tag: string, clock: Clock): boolean {
  // What the registry does not list is not read.
  return (
    digestOf(state, { tag }) === undefined && state.tags.includes(tag) && clock.monotonic() >= (state.checks.get(tag)?.dueAt ?? 0)
  );
}
