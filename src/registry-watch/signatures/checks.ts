import { type Verification, verificationKey } from '../../image/index.ts';
import type { SignaturePolicy, SignatureQuestion } from '../../policy/index.ts';
import type { Verdict } from './verifier.ts';

const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 3_600_000;
/** A registry that failed is asked again sooner than one that had no signature. */
const MAX_RETRY_OF_FAILURE_MS = 600_000;
/** Images and policies whose results are kept. */
const MAX_KNOWN = 5_000;
/** Questions that one scan answers. */
const MAX_ASKED = 100;

interface Retry {
  /** By the monotonic clock. */
  readonly dueAt: number;
  readonly failures: number;
}

/** Both clocks, at one moment. */
export interface Moment {
  readonly monotonic: number;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** What is known of the signatures of one repository's images, and what is asked. A valid signature stays valid; others are looked at again. */
export class SignatureChecks {
  readonly #known = new Map<string, Verification>();
  readonly #retries = new Map<string, Retry>();
  #asked = new Map<string, SignatureQuestion>();

  get verifications(): ReadonlyMap<string, Verification> {
    return this.#known;
  }

  get isAsked(): boolean {
    return this.#asked.size > 0;
  }

  ask(question: SignatureQuestion): void {
    const { candidates, policies } = question;
    const key = JSON.stringify([policies.map(({ text }) => text), candidates]);
    if (this.#asked.size < MAX_ASKED && (question.urgent || !this.#asked.has(key))) this.#asked.set(key, question);
  }

  /** What is asked; it is not asked any more afterwards. */
  take(): readonly SignatureQuestion[] {
    const asked = [...this.#asked.values()];
    this.#asked = new Map();
    return asked;
  }

  /** The policies for which an image is to be verified now. */
  due(digest: string, policies: readonly SignaturePolicy[], monotonic: number, urgent = false): readonly SignaturePolicy[] {
    return policies.filter(({ text }) => {
      const key = verificationKey(digest, text);
      if (this.#known.get(key)?.state === 'verified') return false;
      return urgent || monotonic >= (this.#retries.get(key)?.dueAt ?? 0);
    });
  }

  isVerified(digest: string, policies: readonly SignaturePolicy[]): boolean {
    return policies.every(({ text }) => this.#known.get(verificationKey(digest, text))?.state === 'verified');
  }

  learn(digest: string, policy: string, verdict: Verdict, { monotonic, now }: Moment): void {
    const key = verificationKey(digest, policy);
    this.#known.delete(key);
    if (verdict.state === 'verified') {
      this.#retries.delete(key);
      this.#known.set(key, verdict);
    } else {
      const failures = (this.#retries.get(key)?.failures ?? 0) + 1;
      const maxMs = verdict.state === 'unknown' ? MAX_RETRY_OF_FAILURE_MS : MAX_RETRY_MS;
      const delayMs = Math.min(maxMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
      this.#retries.set(key, { dueAt: monotonic + delayMs, failures });
      this.#known.set(key, { ...verdict, nextAt: now + delayMs });
    }
    const [oldest] = this.#known.size > MAX_KNOWN ? this.#known.keys() : [];
    if (oldest === undefined) return;
    this.#known.delete(oldest);
    this.#retries.delete(oldest);
  }

  /** Notes that a tag for the signatures of an image has appeared: they are looked at again at once. */
  signed(digest: string): void {
    for (const key of this.#retries.keys()) if (key.startsWith(`${digest} `)) this.#retries.delete(key);
  }
}

const SIGNATURE_TAG = /^sha256-([0-9a-f]{64})(?:\.sig)?$/;

/** The digest whose signatures a tag holds, if it is such a tag. */
export function signedBy(tag: string): string | undefined {
  const hex = SIGNATURE_TAG.exec(tag)?.[1];
  return hex && `sha256:${hex}`;
}
