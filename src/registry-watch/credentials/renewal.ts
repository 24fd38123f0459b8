import { LRUCache } from 'lru-cache';
import { asFluxError, type Clock, type FluxError, waitOrAbort } from '../../base/index.ts';
import type { Credential } from './credential.ts';
import type { CredentialProvider } from './provider.ts';

/** A credential that is valid for a time. */
export interface Grant {
  readonly credential: Credential;
  /** From the answer on, in milliseconds. */
  readonly lifeMs: number;
}

/** A service that grants credentials for a time. */
export interface GrantingService extends Pick<CredentialProvider, 'name' | 'serves'> {
  /** Requests a credential for a host, or resolves to undefined if the service is not set up. Has deadlines of its own. */
  request(host: string): Promise<Grant | undefined>;
}

/** Times are monotonic. */
interface Held {
  readonly credential: Credential | undefined;
  readonly since: number;
  readonly renewAt: number;
  readonly until: number;
}

interface Failure {
  readonly error: FluxError;
  readonly until: number;
}

const MAX_HOSTS = 1000;
/** A failed request is not repeated for this time (Flux v1: 10 minutes for ECR), nor is a refused credential replaced that is newer. */
const FAILURE_MS = 600_000;
/** After this time a service that was not set up is asked again. */
const ABSENT_MS = 60_000;
/** The last part of a life in which the credential is renewed: a tenth, and at most this. */
const MAX_AHEAD_MS = 300_000;

/**
 * A provider that keeps what a service grants while it is valid, and renews it early. Concurrent requests for a host share one request.
 * A credential that cannot be renewed is used to its end.
 */
export function renewed({ name, serves, request }: GrantingService, clock: Clock): CredentialProvider {
  const held = new LRUCache<string, Held>({ max: MAX_HOSTS });
  const failures = new LRUCache<string, Failure>({ max: MAX_HOSTS });
  const pending = new Map<string, Promise<Held>>();

  const ask = async (host: string): Promise<Held> => {
    try {
      const grant = await request(host);
      const since = clock.monotonic();
      const lifeMs = grant?.lifeMs ?? ABSENT_MS;
      const aheadMs = grant ? Math.min(lifeMs / 10, MAX_AHEAD_MS) : 0;
      const found = { credential: grant?.credential, since, renewAt: since + lifeMs - aheadMs, until: since + lifeMs };
      held.set(host, found);
      failures.delete(host);
      return found;
    } catch (thrown) {
      const error = asFluxError(thrown, { code: 'registry/no-credential' });
      failures.set(host, { error, until: clock.monotonic() + FAILURE_MS });
      throw error;
    }
  };

  const askOnce = (host: string): Promise<Held> => {
    const underWay = pending.get(host) ?? ask(host).finally(() => pending.delete(host));
    pending.set(host, underWay);
    return underWay;
  };

  return {
    name,
    serves,
    async credential(host, { signal } = {}) {
      const now = clock.monotonic();
      const last = held.get(host);
      if (last && now < last.renewAt) return last.credential;
      const valid = last && now < last.until ? last : undefined;
      const failure = failures.get(host);
      if (failure && now < failure.until) {
        if (valid) return valid.credential;
        throw failure.error;
      }
      try {
        return (await waitOrAbort(askOnce(host), signal)).credential;
      } catch (error) {
        signal?.throwIfAborted();
        if (valid) return valid.credential;
        throw error;
      }
    },
    refused(credential) {
      const last = held.get(credential.host);
      if (last?.credential?.id === credential.id && clock.monotonic() - last.since >= FAILURE_MS) held.delete(credential.host);
    },
  };
}
