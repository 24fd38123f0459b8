import { type Cancellable, FluxError, hasCode } from '../base/index.ts';
import type { PullSecrets } from '../image/index.ts';
import type { Credential, CredentialSource } from './credentials/index.ts';

export interface Workloads {
  /** The registry host. */
  readonly host: string;
  readonly pullSecrets: readonly PullSecrets[];
  /** The last credential that was accepted, which is tried first. */
  readonly accepted: Credential | undefined;
}

/**
 * Asks a registry by the credentials of each workload separately, until one is not refused.
 * @throws FluxError the first refusal, with the reason why the daemon's own credentials are missing; at once what is no refusal.
 */
export async function asWorkloads<T>(
  { host, pullSecrets, accepted }: Workloads,
  ask: (credential: Credential | undefined) => Promise<T>,
  { credentials, signal }: Cancellable & { readonly credentials: CredentialSource },
): Promise<T> {
  const candidates = await credentials.candidates(host, pullSecrets, signal ? { signal } : {});
  const isAccepted = (credential: Credential | undefined) => credential?.id === accepted?.id;
  let refusal: unknown;
  for (const credential of [...candidates.credentials].sort((a, b) => Number(isAccepted(b)) - Number(isAccepted(a)))) {
    try {
      return await ask(credential);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (credential && hasCode(error, 'registry/unauthorized')) credentials.refused(credential);
      refusal ??= error;
    }
  }
  throw withFailures(refusal, candidates.failures);
}

/** A refusal with the reason why the daemon's own credentials are missing. */
function withFailures(refusal: unknown, [first, ...others]: readonly FluxError[]): unknown {
  if (!first || !(refusal instanceof FluxError)) return refusal;
  const reasons = [first, ...others].map(({ message }) => message).join('; ');
  return new FluxError(`${refusal.message}; no credential: ${reasons}`, {
    code: refusal.code,
    fault: refusal.fault,
    cause: refusal,
    ...(first.help === undefined ? {} : { help: first.help }),
  });
}

/** Whether the registry hides the repository from these credentials; others may have access. */
function isRefusal(error: unknown): boolean {
  return hasCode(error, 'registry/unauthorized', 'registry/not-found', 'registry/foreign-realm');
}
