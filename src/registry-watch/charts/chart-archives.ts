import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import {
  backoffMs,
  type Cancellable,
  type Clock,
  FluxError,
  type HttpTransport,
  type Logger,
  waitOrAbort,
} from '../../base/index.ts';
import type { LockedChart, OciChart, RemoteChart } from '../../resource/index.ts';
import { asWorkloads } from '../as-workloads.ts';
import { createAuthorizer } from '../authorization.ts';
import { createConnection, type Question } from '../connection.ts';
import { type Credential, createCredentialSource } from '../credentials/index.ts';
import { createExchange } from '../exchange.ts';
import { createHostLimits } from '../rate-limit.ts';
import { ArchiveCache } from './archive-cache.ts';
import { digestOf, requireDigest } from './archive-digest.ts';
import { createRepositoryReader, resolveInRepository } from './chart-repository.ts';
import { readBlob, repositoryOf, resolveOci } from './oci-chart.ts';
import { type AllowedHosts, accessTo } from './reach-of-hosts.ts';

export interface ChartArchivesOptions extends AllowedHosts {
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of this alone, for archives. */
  readonly directory: string;
  /** How long `fetch` waits for an archive, which is fetched further meanwhile; by default as long as it takes. */
  readonly patienceMs?: number;
  /** Requests per second to one host, and after a pause. */
  readonly rps: number;
  readonly burst: number;
  /** Logs every request. */
  readonly trace?: boolean;
  /** Called for each request with its status, which is absent without a response. */
  readonly onRequest?: (status: number | undefined) => void;
  readonly dockerConfigFile?: string;
  readonly readFile: (path: string) => Promise<string>;
  /** The process environment, by which the identities of clouds are found; without it none is used. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Fetches archives of charts from registries and chart repositories. */
export interface ChartArchives {
  /** The locked archive, whose bytes have its digest. @throws FluxError why it cannot be had now */
  fetch(chart: LockedChart, cancel?: Cancellable): Promise<Buffer>;
  /**
   * The newest version that is allowed, as a lock has it. Nothing of it is remembered.
   * @throws FluxError why there is none, or cannot be found
   */
  resolve(chart: RemoteChart & { readonly version: string }, cancel?: Cancellable): Promise<LockedChart>;
}

const MAX_ARCHIVE_BYTES = 32 << 20;
/** Archives of one host at once: one that hangs holds up no other. */
const AT_ONCE = 4;
const MAX_HOSTS = 1_000;
/** A source that fails is asked again after growing pauses, for all that name it. */
const AGAIN = { initialMs: 20_000, maxMs: 600_000 };
const MAX_FAILED = 1_000;

interface Failure {
  readonly error: FluxError;
  readonly count: number;
  /** By the monotonic clock. */
  readonly until: number;
}

export function createChartArchives(options: ChartArchivesOptions): ChartArchives {
  const { http, clock, log, directory, trace = false, insecureHosts, environment, patienceMs, onRequest } = options;
  const exchange = createExchange({ http, clock, log, trace, onRequest });
  const limitOf = createHostLimits(options);
  const connection = createConnection({ exchange, authorizer: createAuthorizer({ exchange, clock }), limitOf, insecureHosts });
  const readFrom = createRepositoryReader({ exchange, limitOf, hosts: options });
  const credentials = createCredentialSource({
    ...options,
    // Charts have no pull secrets.
    readCore: async () => undefined,
    ...(environment === undefined ? {} : { cloud: { http, environment } }),
  });
  const cache = new ArchiveCache(directory, log);
  const turns = new LRUCache<string, ReturnType<typeof pLimit>>({ max: MAX_HOSTS });
  const turnsAt = (host: string) => {
    const known = turns.get(host) ?? pLimit(AT_ONCE);
    turns.set(host, known);
    return known;
  };
  const underWay = new Map<string, { readonly key: string; readonly archive: Promise<Buffer> }>();
  const failures = new Map<string, Failure>();

  /** Asks a registry as fluxd. */
  const askRegistry = <T>(chart: OciChart, ask: (question: Question) => Promise<T>, { signal }: Cancellable): Promise<T> => {
    const repository = repositoryOf(chart);
    const { reach } = accessTo(new URL(`https://${repository.host}/`), options);
    const by = (credential: Credential | undefined) => ask({ repository, credential, purpose: 'now', reach, signal });
    return asFluxd(repository.host, by, signal ? { signal } : {});
  };

  const askRepository = (url: URL, maxBytes: number, { signal }: Cancellable) =>
    asFluxd(url.host, (credential) => readFrom({ url, credential, maxBytes, signal }), signal ? { signal } : {});

  const asFluxd = async <T>(host: string, ask: (credential: Credential | undefined) => Promise<T>, cancel: Cancellable) => {
    try {
      return await asWorkloads({ host, pullSecrets: [], accepted: undefined }, ask, { credentials, ...cancel });
    } catch (error) {
      if (error instanceof FluxError && error.code === 'registry/unauthorized') throw withoutAccess(error);
      throw error;
    }
  };

  const download = async (chart: LockedChart): Promise<Buffer> => {
    const { digest } = chart;
    const { body, subject } =
      chart.kind === 'oci'
        ? await askRegistry(chart, (question) => readBlob(connection, question, { digest, maxBytes: MAX_ARCHIVE_BYTES }), {})
        : await askRepository(new URL(chart.url), MAX_ARCHIVE_BYTES, {});
    requireDigest(await digestOf(new Uint8Array(body)), digest, subject);
    await cache.put(digest, body);
    return body;
  };

  const downloadNoting = async (key: string, chart: LockedChart): Promise<Buffer> => {
    const before = failures.get(key);
    if (before && clock.monotonic() < before.until) throw before.error;
    try {
      const archive = await turnsAt(new URL(chart.url).host)(() => download(chart));
      failures.delete(key);
      return archive;
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      const count = (before?.count ?? 0) + 1;
      failures.delete(key);
      failures.set(key, { error, count, until: clock.monotonic() + backoffMs(count - 1, AGAIN) });
      const [oldest] = failures.keys();
      if (failures.size > MAX_FAILED && oldest !== undefined) failures.delete(oldest);
      throw error;
    }
  };

  /** From the cache, or from its source: once for all who wait. */
  const obtain = async (chart: LockedChart, { signal }: Cancellable): Promise<Buffer> => {
    const { digest } = chart;
    const key = JSON.stringify(chart.kind === 'oci' ? [chart.url, digest] : [chart.url, digest, chart.repository]);
    for (;;) {
      const known = await cache.get(digest);
      signal?.throwIfAborted();
      if (known) return known;
      const other = underWay.get(digest);
      if (other === undefined) break;
      if (other.key === key) return waitOrAbort(other.archive, signal);
      // Of another source: what it has, or else this one, counts.
      await waitOrAbort(other.archive.then(ignore, ignore), signal);
    }
    const archive = downloadNoting(key, chart).finally(() => underWay.delete(digest));
    underWay.set(digest, { key, archive });
    return waitOrAbort(archive, signal);
  };

  return {
    async fetch(chart, { signal } = {}) {
      if (patienceMs === undefined) return obtain(chart, signal ? { signal } : {});
      using deadline = clock.deadline(patienceMs, signal);
      try {
        return await obtain(chart, { signal: deadline.signal });
      } catch (error) {
        signal?.throwIfAborted();
        if (deadline.signal.aborted) throw stillFetched(chart, patienceMs);
        throw error;
      }
    },
    async resolve(chart, cancel = {}) {
      if (chart.kind === 'oci') {
        const found = await askRegistry(chart, (question) => resolveOci(connection, question, chart, MAX_ARCHIVE_BYTES), cancel);
        return { kind: 'oci', url: chart.url, ...found };
      }
      const read = (url: URL, maxBytes: number) => askRepository(url, maxBytes, cancel);
      const { archive, ...found } = await resolveInRepository(read, chart, MAX_ARCHIVE_BYTES);
      await cache.put(found.digest, archive);
      return { kind: 'repository', repository: chart.repository, name: chart.name, ...found };
    },
  };
}

function ignore(): void {}

function stillFetched({ url }: LockedChart, ms: number): FluxError {
  return new FluxError(`${new URL(url).host} has not sent it within ${ms / 1000} s, and is still asked`, {
    code: 'helm/still-fetched',
    help: 'Look at the host, and at the network between it and fluxd.',
  });
}

function withoutAccess(error: FluxError): FluxError {
  return new FluxError(error.message, {
    code: error.code,
    fault: error.fault,
    cause: error,
    help: 'Add the host to the file of --docker-config, or give fluxd an identity of the cloud that may read it. Pull secrets of workloads are not used for charts.',
  });
}
