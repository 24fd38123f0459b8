import { LRUCache } from 'lru-cache';
import { hasCode } from '../base/index.ts';
import { failureOf, unauthorized } from './answer.ts';
import type { Access, Authorizer } from './authorization.ts';
import { type Credential, describeCredential } from './credentials/index.ts';
import { type Exchange, type RegistryAnswer, subjectOf } from './exchange.ts';
import type { HostLimit } from './rate-limit.ts';
import type { RepositoryName } from './repository-name.ts';

/** A request to a registry, and its credential. */
export interface Question {
  readonly repository: RepositoryName;
  readonly credential: Credential | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'HEAD';
  /** Path and query below `/v2/<repository>/`, or a full URL from a response. */
  readonly target: string | URL;
  readonly accept?: string;
  readonly maxBytes: number;
}

export interface Connection {
  /** One authenticated request. @throws FluxError unless the status is 2xx. */
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

  const ask = async (access: Access, request: ApiRequest, repository: RepositoryName): Promise<RegistryAnswer> => {
    const { method = 'GET', target, accept, maxBytes } = request;
    const url = target instanceof URL ? target : new URL(`/v2/${repository.path}/${target}`, access.registry);
    const isRegistry = url.origin === access.registry.origin;
    const send = (authorization: string | undefined) =>
      exchange({
        method,
        url,
        authorization,
        maxBytes,
        limit: access.limit,
        insecure: access.insecure && isRegistry,
        signal: access.signal,
        ...(accept === undefined ? {} : { accept }),
      });
    let answer = await send(isRegistry ? authorizer.remembered(access) : undefined);
    if (answer.status === 401 && answer.url.origin === access.registry.origin) {
      authorizer.forget(access);
      answer = await send(await authorizer.answer(answer.headers['www-authenticate'] ?? '', access, answer.reach));
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    const subject = subjectOf(method, answer.url);
    if (answer.status !== 401) throw failureOf(answer, subject);
    authorizer.forget(access);
    throw unauthorized(`${failureOf(answer, subject).message} (as ${describeCredential(access.credential)})`);
  };

  return {
    async send({ repository, credential, signal }, request) {
      const endpoint = ENDPOINTS[repository.host] ?? repository.host;
      const insecure = isInsecure(repository.host);
      const accessBy = (scheme: string): Access => ({
        registry: new URL(`${scheme}://${endpoint}/`),
        path: repository.path,
        credential,
        limit: limitOf(repository.host),
        insecure,
        signal,
      });
      if (!insecure) return ask(accessBy('https'), request, repository);
      if (plain.has(endpoint)) {
        try {
          return await ask(accessBy('http'), request, repository);
        } catch (error) {
          if (isConnectionFailure(error)) plain.delete(endpoint);
          throw error;
        }
      }
      try {
        return await ask(accessBy('https'), request, repository);
      } catch (error) {
        if (!isConnectionFailure(error) || signal?.aborted) throw error;
        return await ask(accessBy('http'), request, repository).then(
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
