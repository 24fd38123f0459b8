import { cut } from './cut.ts';

/** Whose fault an error is; decides the HTTP status and the tone of the help (Flux v1 names these the same). */
export type Fault = 'user' | 'missing' | 'server';

export interface FluxErrorOptions {
  /** Stable machine-readable code, `room/what-happened`, for example `git/clone-failed`. */
  readonly code: string;
  readonly fault?: Fault;
  /** Prose for the operator: what to check, what to do next. */
  readonly help?: string;
  readonly cause?: unknown;
  /** Nothing is wrong: the daemon is not set up yet, or another one is in charge. Logs tell of it as news, not as an error. */
  readonly expected?: boolean;
}

/**
 * The one error class of the product. The message starts with the subject, in lower case, without a full stop; it must
 * never hold a secret, because it reaches logs, the API and Git notes. What it quotes from outside is cut to 2 KiB.
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

/** The message of anything that was thrown, cut to 2 KiB, for places that can only show text. Never throws itself. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return cut(thrown.message || thrown.name);
  try {
    return cut(String(thrown));
  } catch {
    // An object need not have a conversion that works.
    return Object.prototype.toString.call(thrown);
  }
}

/** Wraps anything thrown as a FluxError; one that already is passes unchanged. */
export function asFluxError(thrown: unknown, options: Omit<FluxErrorOptions, 'cause'>): FluxError {
  return thrown instanceof FluxError ? thrown : new FluxError(messageOf(thrown), { ...options, cause: thrown });
}
