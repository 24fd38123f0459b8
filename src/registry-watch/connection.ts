import { LRUCache } from 'lru-cache';
import { hasCode, type Reach } from '../base/index.ts';
import { failureOf, unauthorized } from './answer.ts';
import type { Access, Authorizer } from './authorization.ts';
import type { Purpose } from './budget.ts';
import { type Credential, describeCredential } from './credentials/index.ts';
import { type Exchange, type RegistryAnswer, subjectOf } from './exchange.ts';
import type { HostLimit } from './rate-limit.ts';
import type { RepositoryName } from './repository-name.ts';
import type { RequestKind, Use } from './spending.ts';

/** A request to a registry, and its credential. */
export interface Question {
  readonly repository: RepositoryName;
  readonly credential: Credential | undefined;
  /** What it is for, if the host limits the number of requests. */
  readonly purpose: Purpose;
  /** The networks in which its host may be; by default also internal ones. */
  readonly reach?: Reach;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiRequest {
  readonly kind: RequestKind;
  /** Path and query below `/v2/<repository>/`, or a full URL from a response. */
  readonly target: string | URL;
  readonly accept?: string;
  /** Entity tag of what is known; if it is still current, the answer has the status 304. */
  readonly unless?: string | undefined;
  readonly maxBytes: number;
  /** What it takes of the budget of its host, if it is one of several requests. */
  readonly part?: Pick<Use, 'requests' | 'isBegun'>;
}

export interface Connection {
  /** One authenticated request. @throws FluxError unless the status is 2xx, or 304 to a request with an entity tag. */
  send(question: Question, request: ApiRequest): Promise<RegistryAnswer>;
}

export interface ConnectionOptions {
  readonly exchange: Exchange;
  readonly authorizer: Authorizer;
  readonly limitOf: (host: string) => HostLimit;
  /** Hosts, with or without port, that are contacted without verifying certificates, and over plain HTTP if TLS fails. */
  readonly insecureHosts: readonly string[];
}

/** The host that serves Docker Hub's images; the host in references does not. */
const ENDPOINTS: Readonly<Record<string, string>> = { 'index.docker.io': 'registry-1.docker.io' };

export function createConnection({ exchange, authorizer, limitOf, insecureHosts }: ConnectionOptions): Connection {
  const plain = new LRUCache<string, true>({ max: 1000 });
  const isInsecure = (host: string) => insecureHosts.includes(host) || insecureHosts.includes(host.replace(/:\d+$/, ''));

  const ask = async (access: Access, request: ApiRequest, { repository, purpose }: Question): Promise<RegistryAnswer> => {
    const { kind, target, accept, unless, maxBytes, part } = request;
    const method = kind === 'head' ? 'HEAD' : 'GET';
    const url = target instanceof URL ? target : new URL(`/v2/${repository.path}/${target}`, access.registry);
    const isRegistry = url.origin === access.registry.origin;
    const send = (authorization: string | undefined) =>
      exchange({
        method,
        url,
        authorization,
        maxBytes,
        limit: access.limit,
        use: { kind, purpose, account: access.credential?.id ?? '', ...part },
        reach: access.reach,
        insecure: access.insecure && isRegistry,
        signal: access.signal,
        ...(accept === undefined ? {} : { accept }),
        ...(unless === undefined ? {} : { unless }),
      });
    const isChallenge = ({ status, url }: RegistryAnswer) => status === 401 && url.origin === access.registry.origin;
    let header = isRegistry ? authorizer.remembered(access) : undefined;
    let answer = await send(header);
    // Another request may have got a token meanwhile.
    const newer = isChallenge(answer) ? authorizer.remembered(access) : undefined;
    if (newer !== undefined && newer !== header) {
      header = newer;
      answer = await send(header);
    }
    if (isChallenge(answer)) {
      authorizer.forget(access, header);
      header = await authorizer.answer(answer.headers['www-authenticate'] ?? '', access, answer.reach);
      answer = await send(header);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status === 304 && unless !== undefined) return answer;
    const subject = subjectOf(method, answer.url);
    if (answer.status !== 401) throw failureOf(answer, subject);
    authorizer.forget(access, header);
    throw unauthorized(`${failureOf(answer, subject).message} (as ${describeCredential(access.credential)})`);
  };

  return {
    async send(question, request) {
      const { repository, credential, reach = 'private', signal } = question;
      const endpoint = ENDPOINTS[repository.host] ?? repository.host;
      const insecure = isInsecure(repository.host);
      const accessBy = (scheme: string): Access => ({
        registry: new URL(`${scheme}://${endpoint}/`),
        path: repository.path,
        credential,
        limit: limitOf(repository.host),
        reach,
        insecure,
        signal,
      });
      if (!insecure) return ask(accessBy('https'), request, question);
      if (plain.has(endpoint)) {
        try {
          return await ask(accessBy('http'), request, question);
        } catch (error) {
          if (isConnectionFailure(error)) plain.delete(endpoint);
          throw error;
        }
      }
      try {
        return await ask(accessBy('https'), request, question);
      } catch (error) {
        if (!isConnectionFailure(error) || signal?.aborted) throw error;
        return await ask(accessBy('http'), request, question).then(
          (answer) => {
            plain.set(endpoint, true);
            return answer;
          },
          (failure: unknown) => {
            // Any response proves that the host speaks plain HTTP.
            if (!isConnectionFailure(failure)) plain.set(endpoint, true);
            throw failure;
          },
        );
      }
    },
  };
}

function isConnectionFailure(error: unknown): boolean {
  return hasCode(error, 'http/connection');
}
