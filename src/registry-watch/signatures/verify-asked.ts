import type { Clock } from '../../base/index.ts';
import type { SignatureQuestion } from '../../policy/index.ts';
import type { Question } from '../connection.ts';
import type { RepositoryState } from '../repository.ts';
import type { TagRefresh } from '../tag-refresh.ts';
import type { VerifySignatures } from './verifier.ts';

export interface VerifyAskedOptions {
  readonly verify: VerifySignatures;
  readonly refresh: TagRefresh;
  readonly clock: Clock;
}

/** Candidates whose signatures are verified in one scan of a repository. */
const MAX_CANDIDATES = 20;

/** Answers what is asked of the signatures of a repository; resolves to whether anything was looked at. */
export async function verifyAsked(
  state: RepositoryState,
  question: Question,
  { verify, refresh, clock }: VerifyAskedOptions,
): Promise<boolean> {
  const { signatures } = state;
  let left = MAX_CANDIDATES;
  for (const asked of signatures.take()) {
    for (const candidate of asked.candidates) {
      if (candidate.digest === undefined && isUnread(state, candidate.tag, clock))
        await refresh(state, question, [candidate.tag]);
      const digest = candidate.digest ?? digestOf(state, candidate.tag);
      // An unreadable tag is passed over, and one that may be read later is waited for.
      if (digest === undefined && !state.images.get(candidate.tag)?.error) break;
      if (digest === undefined) continue;
      const due = signatures.due(digest, asked.policies, clock.monotonic(), asked.urgent);
      if (due.length > 0) {
        if (left === 0) return true;
        left -= 1;
        const verdicts = await verify(question, digest, due);
        const moment = { monotonic: clock.monotonic(), now: clock.now() };
        for (const [policy, verdict] of verdicts) signatures.learn(digest, policy, verdict, moment);
      }
      if (signatures.isVerified(digest, asked.policies)) break;
    }
  }
  return left < MAX_CANDIDATES;
}

/** Whether a scan would look at anything for a question. */
export function hasWork(state: RepositoryState, { candidates, policies, urgent }: SignatureQuestion, clock: Clock): boolean {
  const monotonic = clock.monotonic();
  return candidates.some((candidate) => {
    const digest = candidate.digest ?? digestOf(state, candidate.tag);
    return digest === undefined
      ? isUnread(state, candidate.tag, clock)
      : state.signatures.due(digest, policies, monotonic, urgent).length > 0;
  });
}

/** As an image is pinned: by the digest of its index, if it has one. */
function digestOf({ images }: Pick<RepositoryState, 'images'>, tag: string): string | undefined {
  const image = images.get(tag);
  return image?.indexDigest ?? image?.digest;
}

function isUnread(state: RepositoryState, tag: string, clock: Clock): boolean {
  // What the registry does not list is not read.
  return (
    digestOf(state, tag) === undefined && state.tags.includes(tag) && clock.monotonic() >= (state.checks.get(tag)?.dueAt ?? 0)
  );
}
