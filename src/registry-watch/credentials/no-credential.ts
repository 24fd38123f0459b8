import { FluxError } from '../../base/index.ts';

/** Why a provider has no credential, and what the operator has to do. */
export function noCredential(message: string, help: string, cause?: unknown): FluxError {
  return new FluxError(message, {
    code: 'registry/no-credential',
    fault: 'user',
    help,
    ...(cause === undefined ? {} : { cause }),
  });
}
