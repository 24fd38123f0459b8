import { type Decision, describeDecision } from './decision.ts';

/** Why the signatures of an image keep a person from it, and the way out; undefined for a decision that is not about them. */
export function signatureAdvice(decision: Decision): string | undefined {
  const reason = describeDecision(decision);
  if (decision.state === 'unknown') return decision.why.kind === 'unverified' ? `${reason}; retry, or ${SKIP}` : undefined;
  if (decision.state !== 'held') return undefined;
  return ['unsigned', 'barred', 'bad-verify'].includes(decision.by.kind)
    ? `${reason}; to release it all the same, ${SKIP}`
    : undefined;
}

const SKIP = 'use --skip-verify';
