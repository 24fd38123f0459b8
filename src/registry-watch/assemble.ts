import { LRUCache } from 'lru-cache';
import { matchGlob } from '../base/index.ts';
import { createAuthorizer } from './authorization.ts';
import { ImageCache } from './cache/image-cache.ts';
import { createConnection } from './connection.ts';
import { awsRegionIfAny, createCloudRequester, createCredentialSource } from './credentials/index.ts';
import { createExchange } from './exchange.ts';
import type { ConfigFacts } from './image-facts.ts';
import type { OwnRegionOptions } from './own-region.ts';
import { createHostLimits } from './rate-limit.ts';
import { createScan, type Scan } from './scan.ts';
import { createVerifier } from './signatures/verifier.ts';
import { createTagRefresh } from './tag-refresh.ts';
import { createVisit, type Visit } from './visit.ts';
import type { ImageWatchOptions } from './watch-options.ts';

const MAX_CONFIGS = 50_000;

/** Where repositories are remembered; undefined for nowhere. */
export function cacheOf({ cache, clock, log, useLabels = [], signers, onCache }: ImageWatchOptions): ImageCache | undefined {
  const fromLabels = (name: string) => useLabels.some((glob) => matchGlob(glob, name));
  return cache && new ImageCache({ ...cache, clock, log, fromLabels, basisOf: signers?.basisOf, onOperation: onCache });
}

/** What scans the repositories that are watched, and what visits others. `intervalMs` is the time from one scan to the next. */
export function readersOf(
  {
    http,
    clock,
    log,
    rps,
    burst,
    insecureHosts = [],
    useLabels = [],
    trace = false,
    signers = { keys: new Map() },
    onRequest,
    onFetch,
    environment,
    ...options
  }: ImageWatchOptions,
  intervalMs: number,
): { readonly scan: Scan; readonly visit: Visit } {
  const exchange = createExchange({ http, clock, log, trace, onRequest });
  const limitOf = createHostLimits({ clock, log, rps, burst });
  const connection = createConnection({ exchange, authorizer: createAuthorizer({ exchange, clock }), limitOf, insecureHosts });
  const configs = new LRUCache<string, ConfigFacts>({ max: MAX_CONFIGS });
  const refresh = createTagRefresh({ connection, clock, log, configs, useLabels, parallel: burst, onFetch });
  const credentials = createCredentialSource({
    clock,
    log,
    ...options,
    ...(environment === undefined ? {} : { cloud: { http, environment } }),
  });
  const verify = createVerifier(connection, signers, clock);
  const shared = { connection, credentials, limitOf, verify, clock, onFetch };
  return { scan: createScan({ ...shared, refresh, intervalMs, log }), visit: createVisit(shared) };
}

/** How to ask for the own region of AWS; without the environment no cloud is asked. */
export function regionOf({ http, clock, environment }: ImageWatchOptions): OwnRegionOptions['askRegion'] {
  return environment && (() => awsRegionIfAny({ environment, ask: createCloudRequester({ http, clock }) }));
}
