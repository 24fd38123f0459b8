import { type Decision, describeDecision } from './decision.ts';

/** Why the signatures of an image keep a person from it, and the way out; undefined for a decision that is not about them. */
export function signatureAdvice(decision: Decision): string | undefined {
  const wayOut = wayOutOf(decision);
  return wayOut && `${describeDecision(decision)}; ${wayOut}`;
}

function wayOutOf(decision: Decision): string | undefined {
  if (decision.state === 'unknown' && decision.why.kind === 'unverified')
    return decision.why.isLasting ? ALL_THE_SAME : `retry, or ${SKIP}`;
  const isAbout = decision.state === 'held' && ['unsigned', 'barred', 'bad-verify'].includes(decision.by.kind);
  return isAbout ? ALL_THE_SAME : undefined;
}

const SKIP = 'use --skip-verify';
const ALL_THE_SAME = `to release it all the same, ${SKIP}`;
