import { cut } from './cut.ts';

/** Whose fault an error is (named as in Flux v1); determines the HTTP status. */
export type Fault = 'user' | 'missing' | 'server';

export interface FluxErrorOptions {
  /** Stable machine-readable code, `room/what-happened`, for example `git/clone-failed`. */
  readonly code: string;
  readonly fault?: Fault;
  /** Help for the operator: what to check, and the next step. */
  readonly help?: string;
  readonly cause?: unknown;
  /** Not a failure: the daemon is not configured yet, or another one leads. Logged as information, not as an error. */
  readonly expected?: boolean;
}

/**
 * The error class of the product. The message starts with the subject, in lower case, without a full stop. It must never contain a
 * secret, because it reaches logs, the API and Git notes. External text in it is truncated to 2 KiB.
 */
export class FluxError extends Error {
  override readonly name = 'FluxError';
  readonly code: string;
  readonly fault: Fault;
  readonly help: string | undefined;
  readonly expected: boolean;

  constructor(message: string, options: FluxErrorOptions) {
    super(cut(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.fault = options.fault ?? 'server';
    this.help = options.help;
    this.expected = options.expected ?? false;
  }
}

/** Whether a thrown value is a FluxError with one of these codes. */
export function hasCode(thrown: unknown, ...codes: readonly string[]): thrown is FluxError {
  return thrown instanceof FluxError && codes.includes(thrown.code);
}

/** The message of any thrown value, truncated to 2 KiB. Never throws. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return cut(thrown.message || thrown.name);
  try {
    return cut(String(thrown));
  } catch {
    // The conversion of an object to a string may throw.
    return Object.prototype.toString.call(thrown);
  }
}

/** Wraps a thrown value in a FluxError; returns a FluxError unchanged. */
export function asFluxError(thrown: unknown, options: Omit<FluxErrorOptions, 'cause'>): FluxError {
  return thrown instanceof FluxError ? thrown : new FluxError(messageOf(thrown), { ...options, cause: thrown });
}
