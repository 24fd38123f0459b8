import { FluxError } from '../../base/index.ts';

/** A sign-in that fails a check, which the message names. It quotes nothing of a token. */
export function refused(message: string, help = SIGN_IN_AGAIN, cause?: unknown): FluxError {
  return new FluxError(message, { code: 'oidc/refused', fault: 'user', help, ...(cause === undefined ? {} : { cause }) });
}

/** A provider that does not answer as it should. */
export function unavailable(message: string, help: string, cause?: unknown): FluxError {
  return new FluxError(message, { code: 'oidc/unavailable', help, ...(cause === undefined ? {} : { cause }) });
}

export const SIGN_IN_AGAIN = 'Sign in again.';
