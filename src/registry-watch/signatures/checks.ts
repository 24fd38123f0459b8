import { type Verification, verificationKey } from '../../image/index.ts';
import type { SignaturePolicy } from '../../policy/index.ts';
import type { Verdict } from './verifier.ts';

const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 3_600_000;
/** A registry that failed is asked again sooner than one that had no signature. */
const MAX_RETRY_OF_FAILURE_MS = 600_000;
/** Images and policies whose results are kept. */
const MAX_KNOWN = 5_000;

/** A look that found no valid signature. */
interface Look {
  /** Looks are numbered. */
  readonly number: number;
  /** When it is time for the next one, by the monotonic clock. */
  readonly dueAt: number;
  readonly failures: number;
}

/** Both clocks, at one moment. */
export interface Moment {
  readonly monotonic: number;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** Since when an image has not been looked at: for as long as its delay, or since the look with a number. */
export type Since = { readonly monotonic: number } | { readonly look: number };

/** A digest with a valid signature for the text of a policy. */
export interface Verified {
  readonly digest: string;
  readonly policy: string;
}

/** What is known of the signatures of one repository's images. A valid signature stays valid; others are looked at again. */
export class SignatureChecks {
  readonly #known = new Map<string, Verification>();
  readonly #looks = new Map<string, Look>();
  /** Number of the last look. */
  #last = 0;
  readonly #onVerified: () => void;

  /** @param onVerified called when a valid signature was found */
  constructor(onVerified: () => void = () => undefined) {
    this.#onVerified = onVerified;
  }

  get verifications(): ReadonlyMap<string, Verification> {
    return this.#known;
  }

  /** The valid signatures, the latest first. */
  get verified(): readonly Verified[] {
    const verified = [...this.#known].filter(([, { state }]) => state === 'verified');
    return verified.reverse().map(([key]) => {
      const end = key.indexOf(' ');
      return { digest: key.slice(0, end), policy: key.slice(end + 1) };
    });
  }

  get lastLook(): number {
    return this.#last;
  }

  /** The policies for which an image has not been looked at, or not since a signature appeared. */
  unknown(digest: string, policies: readonly SignaturePolicy[]): readonly SignaturePolicy[] {
    return policies.filter(({ text }) => {
      const key = verificationKey(digest, text);
      return this.#known.get(key)?.state !== 'verified' && !this.#looks.has(key);
    });
  }

  /** The policies for which an image is to be looked at, because that has not been done since. */
  due(digest: string, policies: readonly SignaturePolicy[], since: Since): readonly SignaturePolicy[] {
    return policies.filter(({ text }) => {
      const key = verificationKey(digest, text);
      if (this.#known.get(key)?.state === 'verified') return false;
      const look = this.#looks.get(key);
      if (!look) return true;
      return 'look' in since ? look.number <= since.look : look.dueAt <= since.monotonic;
    });
  }

  /** The number of the oldest last look at an image for one of some policies, of those that were not fulfilled. */
  oldestLook(digest: string, policies: readonly SignaturePolicy[]): number {
    return Math.min(...policies.flatMap(({ text }) => this.#looks.get(verificationKey(digest, text))?.number ?? []));
  }

  isVerified(digest: string, policies: readonly SignaturePolicy[]): boolean {
    return policies.every(({ text }) => this.#known.get(verificationKey(digest, text))?.state === 'verified');
  }

  learn(digest: string, policy: string, verdict: Verdict, { monotonic, now }: Moment): void {
    const key = verificationKey(digest, policy);
    this.#known.delete(key);
    this.#last += 1;
    if (verdict.state === 'verified') {
      this.#looks.delete(key);
      this.#known.set(key, verdict);
      this.#onVerified();
    } else {
      const failures = (this.#looks.get(key)?.failures ?? 0) + 1;
      const maxMs = verdict.state === 'unknown' ? MAX_RETRY_OF_FAILURE_MS : MAX_RETRY_MS;
      const delayMs = Math.min(maxMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
      this.#looks.set(key, { number: this.#last, dueAt: monotonic + delayMs, failures });
      this.#known.set(key, { ...verdict, nextAt: now + delayMs });
    }
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) return;
      this.#known.delete(oldest);
      this.#looks.delete(oldest);
    }
  }

  /** Takes over valid signatures, the latest first, that were found before, or by another daemon; whether one was not known. */
  restore(verified: readonly Verified[]): boolean {
    const keys = verified.map(({ digest, policy }) => ({ key: verificationKey(digest, policy), policy }));
    const added = keys.filter(({ key }) => this.#known.get(key)?.state !== 'verified').reverse();
    for (const { key, policy } of added) {
      this.#looks.delete(key);
      this.#known.delete(key);
      this.#known.set(key, { state: 'verified', by: policy });
    }
    this.#forgetOldest();
    return added.length > 0;
  }

  /** Notes that tags for the signatures of images have appeared: those images are looked at again at once. */
  signed(digests: ReadonlySet<string>): void {
    if (digests.size === 0) return;
    for (const key of this.#looks.keys()) if (digests.has(key.slice(0, key.indexOf(' ')))) this.#looks.delete(key);
  }
}

const SIGNATURE_TAG = /^sha256-([0-9a-f]{64})(?:\.sig)?$/;

/** The digest whose signatures a tag holds, if it is such a tag. */
export function signedBy(tag: string): string | undefined {
  const hex = SIGNATURE_TAG.exec(tag)?.[1];
  return hex && `sha256:${hex}`;
}
