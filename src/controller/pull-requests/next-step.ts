import { type Fingerprint, parseFingerprint } from './fingerprint.ts';

/** The request of a branch, as far as a decision needs it. */
export interface KnownRequest {
  readonly state: 'open' | 'merged' | 'closed';
  readonly body: string;
}

/** What is known of one branch while it is brought to what is pending. */
export interface Situation<R extends KnownRequest = KnownRequest> {
  /** What the request should say of itself; without images, nothing is pending. */
  readonly wanted: Fingerprint;
  /** `bare`: the followed branch lacks nothing of it. `theirs`: it lacks commits that are not ours. */
  readonly branch: 'absent' | 'ours' | 'bare' | 'theirs';
  /** Whether the branch has what is pending. */
  readonly isPushed: boolean;
  /** `none` is asked for nothing; `unknown` has not been looked up. */
  readonly request: R | 'missing' | 'unknown' | 'none';
  /** A person releases the images now, so that a closed request does not count. */
  readonly insists: boolean;
}

/** What to do next. All of it can be repeated after a lost answer: then the request is looked up again. */
export type Step<R extends KnownRequest = KnownRequest> =
  | { readonly do: 'look-up' }
  | { readonly do: 'push' }
  | { readonly do: 'create' }
  | { readonly do: 'update'; readonly request: R }
  | { readonly do: 'close'; readonly request: R }
  | { readonly do: 'withdraw' }
  | { readonly do: 'rest'; readonly as: 'proposed' | 'rejected' | 'blocked' | 'nothing' };

/**
 * The life of a branch as a value: nothing pending → its request is closed, and the branch deleted; something pending → it is pushed, and
 * the request opened or updated. A branch with commits of others is left alone, with its request, and so is one that has nothing of ours.
 */
export function nextStep<R extends KnownRequest>({ wanted, branch, isPushed, request, insists }: Situation<R>): Step<R> {
  if (branch === 'theirs') return { do: 'rest', as: 'blocked' };
  if (branch === 'bare' && wanted.images.length === 0) return { do: 'rest', as: 'nothing' };
  if (request === 'unknown') return { do: 'look-up' };
  const known = typeof request === 'object' ? request : undefined;
  const isOpen = known?.state === 'open';
  if (wanted.images.length === 0) {
    if (known && isOpen) return { do: 'close', request: known };
    return branch === 'ours' ? { do: 'withdraw' } : { do: 'rest', as: 'nothing' };
  }
  if (known?.state === 'closed' && !insists && hasRejected(known, wanted)) return { do: 'rest', as: 'rejected' };
  if (!isPushed) return { do: 'push' };
  if (request === 'none') return { do: 'rest', as: 'proposed' };
  if (!known || !isOpen) return { do: 'create' };
  return parseFingerprint(known.body)?.text === wanted.text ? { do: 'rest', as: 'proposed' } : { do: 'update', request: known };
}

/** Whether a closed request had all of the images. */
function hasRejected({ body }: KnownRequest, { images }: Fingerprint): boolean {
  const rejected = parseFingerprint(body)?.images ?? [];
  return images.every((each) => rejected.includes(each));
}
