import { LRUCache } from 'lru-cache';
import { type Clock, FluxError, type Reach, waitOrAbort } from '../base/index.ts';
import { failureOf, jsonOf, printable, unauthorized } from './answer.ts';
import { parseChallenges } from './challenge.ts';
import { basicAuthorization, type Credential, describeCredential } from './credentials/index.ts';
import { type Exchange, type RegistryRequest, subjectOf } from './exchange.ts';
import type { HostLimit } from './rate-limit.ts';
import { mayBeSentTo, mayReceiveCredentials } from './trust.ts';

/** The repository that a request may access, and its credential. */
export interface Access {
  /** Origin of the registry, `https://ghcr.io/`. */
  readonly registry: URL;
  /** Path of the repository to pull from. */
  readonly path: string;
  readonly credential: Credential | undefined;
  readonly limit: HostLimit;
  /** The networks in which the registry may be. */
  readonly reach: Reach;
  readonly insecure: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Authorizer {
  /** The last accepted `Authorization` header, while it is valid. */
  remembered(access: Access): string | undefined;
  /**
   * Answers the challenge of a 401; `reach` limits the token service's address.
   * @throws FluxError `registry/unauthorized` if no credential or scheme fits, `registry/foreign-realm` if the token service is not
   * allowed.
   */
  answer(challenge: string, access: Access, reach: Reach): Promise<string>;
  /** Forgets the header, if it is still the last one. */
  forget(access: Access, header: string | undefined): void;
}

/** The distribution specification's default token lifetime. */
const DEFAULT_LIFE_S = 60;
const MAX_LIFE_S = 3600;
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/** Docker's token protocol and Basic authentication. Tokens are cached until they expire, one for each repository and credential. */
export function createAuthorizer({ exchange, clock }: { readonly exchange: Exchange; readonly clock: Clock }): Authorizer {
  const headers = new LRUCache<string, { readonly header: string; readonly until: number }>({ max: 10_000 });
  const pending = new Map<string, Promise<string>>();
  const keyOf = ({ registry, path, credential }: Access) => `${registry.origin} ${path} ${credential?.id ?? ''}`;

  const fetchToken = async (realm: URL, service: string | undefined, access: Access, reach: Reach) => {
    const { credential, path, limit, insecure, registry } = access;
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    // Always our own scope: a challenge may request rights to something else.
    url.searchParams.set('scope', `repository:${path}:pull`);
    const response = await exchange({
      ...(credential?.kind === 'identity token'
        ? exchangeOf(url, credential)
        : { url, authorization: credential && basicAuthorization(credential) }),
      accept: 'application/json',
      maxBytes: 262_144,
      reach: realm.hostname === registry.hostname ? access.reach : reach,
      limit,
      insecure: insecure && url.host === registry.host,
    });
    const subject = subjectOf(credential?.kind === 'identity token' ? 'POST' : 'GET', url);
    if (response.status !== 200) throw failureOf(response, `${subject} as ${describeCredential(credential)}`);
    return tokenOf(jsonOf(response.body, subject), subject);
  };

  const answerOnce = async (challenge: string, access: Access, reach: Reach): Promise<string> => {
    const { registry, credential } = access;
    const challenges = parseChallenges(challenge);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const remember = (header: string, lifeMs: number) => {
      headers.set(keyOf(access), { header, until: clock.monotonic() + lifeMs });
      return header;
    };
    if (bearer) {
      const realm = realmOf(bearer.parameters.get('realm'), access, reach);
      const { token, lifeS } = await fetchToken(realm, bearer.parameters.get('service'), access, reach);
      // Renewed early, so that no token expires in transit.
      return remember(`Bearer ${token}`, lifeS * 900);
    }
    if (challenges.some(({ scheme }) => scheme === 'basic') && credential?.kind === 'password') {
      return remember(basicAuthorization(credential), Number.POSITIVE_INFINITY);
    }
    throw unauthorized(
      credential
        ? `registry ${registry.host} offers no supported authentication scheme: ${printable(challenges.map(({ scheme }) => scheme).join(', '))}`
        : `registry ${registry.host} requires credentials, and none were found`,
    );
  };

  return {
    remembered(access) {
      const known = headers.get(keyOf(access));
      return known && known.until > clock.monotonic() ? known.header : undefined;
    },
    answer(challenge, access, reach) {
      // Concurrent requests share one new token, even if the request that started the exchange is aborted.
      const key = keyOf(access);
      const underWay = pending.get(key) ?? answerOnce(challenge, access, reach).finally(() => pending.delete(key));
      pending.set(key, underWay);
      return waitOrAbort(underWay, access.signal);
    },
    forget(access, header) {
      if (headers.get(keyOf(access))?.header === header) headers.delete(keyOf(access));
    },
  };
}

/** The request that exchanges an identity token, by Docker's OAuth 2 protocol: the same parameters as a form. */
function exchangeOf(url: URL, { password }: Credential): Pick<RegistryRequest, 'method' | 'url' | 'form' | 'secret'> {
  const form = new URLSearchParams({ ...Object.fromEntries(url.searchParams), grant_type: 'refresh_token', client_id: 'fluxd' });
  form.set('refresh_token', password.reveal());
  const target = new URL(url);
  target.search = '';
  return { method: 'POST', url: target, form, secret: password };
}

function realmOf(text: string | undefined, { registry, credential }: Access, reach: Reach): URL {
  const realm = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  const allowed =
    realm !== undefined &&
    mayBeSentTo(registry, realm, reach) &&
    (credential === undefined || mayReceiveCredentials(registry, realm));
  if (allowed) return realm;
  throw new FluxError(
    `registry ${registry.host} refers to an untrusted token service: ${printable(realm ? `${realm.protocol}//${realm.host}` : (text ?? 'no address'))}`,
    {
      code: 'registry/foreign-realm',
      help: 'Credentials are sent only to the registry itself, to a token service in the same domain, or to a known one. If this one is legitimate, please report it.',
    },
  );
}

function tokenOf(body: unknown, subject: string): { readonly token: string; readonly lifeS: number } {
  const { token, access_token: accessToken, expires_in: expires } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const value = typeof token === 'string' && token !== '' ? token : accessToken;
  if (typeof value !== 'string' || !TOKEN.test(value)) {
    throw new FluxError(`${subject}: the response has no token`, { code: 'registry/bad-answer' });
  }
  const life = typeof expires === 'number' && expires > 0 ? Math.min(expires, MAX_LIFE_S) : DEFAULT_LIFE_S;
  return { token: value, lifeS: life };
}
