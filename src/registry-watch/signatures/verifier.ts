import { type Clock, FluxError, yieldTurn } from '../../base/index.ts';
import type { Verification } from '../../image/index.ts';
import type { SignaturePolicy } from '../../policy/index.ts';
import { printable } from '../answer.ts';
import type { Connection, Question } from '../connection.ts';
import { isDigest } from '../verified-digest.ts';
import { type Attached, attachedTo } from './attached.ts';
import type { FaultByIdentity } from './by-identity.ts';
import { faultByKey } from './by-key.ts';
import type { IsSignedBy } from './public-key.ts';

/** By what signatures are verified. */
export interface TrustedSigners {
  /** By name. */
  readonly keys: ReadonlyMap<string, IsSignedBy>;
  readonly byIdentity?: FaultByIdentity | undefined;
  /** Without it, no result outlasts the process. */
  readonly basisOf?: BasisOf | undefined;
}

/** Identifies by what a policy is verified: another key, trust root or version of fluxd is another basis. Undefined if by nothing. */
export type BasisOf = (policy: SignaturePolicy) => string | undefined;

/** A result that does not know yet when to look again. */
export type Verdict = Verification extends infer V ? (V extends Verification ? Omit<V, 'nextAt'> : never) : never;

/** Verifies an image by its digest; resolves to a verdict for each policy, by its text. Throws only when aborted. */
export type VerifySignatures = (
  question: Question,
  digest: string,
  policies: readonly SignaturePolicy[],
) => Promise<ReadonlyMap<string, Verdict>>;

/** For all that is attached to one image. Each takes up to 30 ms of CPU time. */
const TIMEOUT_MS = 60_000;
const MAX_SIGNATURES = 50;

export function createVerifier(connection: Connection, { keys, byIdentity }: TrustedSigners, clock: Clock): VerifySignatures {
  const faultOf = (policy: SignaturePolicy, attached: Extract<Attached, { kind: 'simple' | 'bundle' }>, digest: string) => {
    if (policy.kind === 'keyless') return byIdentity ? byIdentity(policy, attached, digest) : 'fluxd has no trust root';
    const key = keys.get(policy.key);
    return key ? faultByKey(key, attached, digest) : `fluxd has no key ${policy.key}`;
  };

  return async (question, digest, policies) => {
    const verdicts = new Map<string, Verdict>();
    if (!isDigest(digest)) {
      for (const { text } of policies)
        verdicts.set(text, { state: 'invalid', why: `${JSON.stringify(printable(digest))} is not a digest` });
      return verdicts;
    }
    const faults = new Map<string, string>();
    const put = (why: string) => {
      for (const { text } of policies) if (!faults.has(text)) faults.set(text, why);
    };
    let unread: string | undefined;
    let looked = 0;
    using deadline = clock.deadline(TIMEOUT_MS, question.signal);
    try {
      for await (const attached of attachedTo(connection, { ...question, signal: deadline.signal }, digest)) {
        if (attached.kind === 'unread') unread ??= printable(attached.error.message);
        else if (attached.kind === 'bad') put(attached.why);
        else if (looked === MAX_SIGNATURES) {
          put(`it has more than ${MAX_SIGNATURES} signatures, and no other was looked at`);
          break;
        } else {
          looked += 1;
          for (const policy of policies) {
            if (verdicts.has(policy.text)) continue;
            await yieldTurn(deadline.signal);
            const fault = faultOf(policy, attached, digest);
            if (fault === undefined) verdicts.set(policy.text, { state: 'verified', by: policy.text });
            else faults.set(policy.text, faults.get(policy.text) ?? fault);
          }
        }
        if (verdicts.size === policies.length) break;
      }
    } catch (error) {
      question.signal?.throwIfAborted();
      if (!deadline.signal.aborted && !(error instanceof FluxError)) throw error;
      unread ??= deadline.signal.aborted ? `the registry took longer than ${TIMEOUT_MS / 1000} s` : 'the registry failed';
    }
    for (const { text } of policies) {
      if (verdicts.has(text)) continue;
      const why = faults.get(text);
      if (unread !== undefined) verdicts.set(text, { state: 'unknown', why: unread });
      else verdicts.set(text, why === undefined ? { state: 'unsigned' } : { state: 'invalid', why });
    }
    return verdicts;
  };
}
