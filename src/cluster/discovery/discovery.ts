import { type Clock, FluxError, type Logger, matchGlob, waitOrAbort } from '../../base/index.ts';
import { formatApiVersion, isFields } from '../../resource/index.ts';
import { stopped, type Transport } from '../connection/transport.ts';
import { type ApiResource, groupVersionPath, kindKey, kindName } from './api-resource.ts';
import { Vanished } from './vanished.ts';

/** The served kinds, as of one discovery. */
export interface Directory {
  find(group: string, version: string, kind: string): ApiResource | undefined;
  /** The resources of a kind name, the preferred version of each group first. */
  served(kind: string): readonly ApiResource[];
  /** Every kind once, in the preferred version of its group, without the excluded ones. */
  readonly kinds: readonly ApiResource[];
  /** Every kind in every version, also the excluded ones. */
  readonly all: readonly ApiResource[];
  /** True for kinds that --k8s-unsafe-exclude-resource excludes: they are applied, but never listed. */
  isExcluded(resource: Pick<ApiResource, 'group' | 'version' | 'kind'>): boolean;
  /** API versions that could not be discovered (an aggregated API is down); unless empty, absence proves nothing. */
  readonly missing: readonly string[];
  /** The same with the excluded ones. */
  readonly unseen: readonly string[];
  /** API versions with kinds that the last response lacks but earlier ones had. They still count as served until the next discovery confirms it. */
  readonly vanished: readonly string[];
}

/** Maximum age of discovery, as in Flux v1, where nothing speaks against it. */
export const DIRECTORY_MAX_AGE_MS = 300_000;

export interface Discovery {
  /** The last discovery, if any. */
  current(): Directory | undefined;
  /** A discovery at most `maxAgeMs` old; 0 forces a new one. @throws FluxError if the server cannot be queried. */
  look(maxAgeMs: number, signal?: AbortSignal): Promise<Directory>;
  /** Invalidates the last discovery, because the server contradicts it. */
  distrust(): void;
}

export interface DiscoveryOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Flux v1 globs of `group/version/Kind`; one that matches `group/version/` excludes the whole version. */
  readonly excludeResources: readonly string[];
}

interface Look {
  readonly resources: readonly ApiResource[];
  readonly missing: readonly string[];
}

const VANISHED =
  'kinds are missing from the API server’s discovery; they count as served, and nothing is deleted, until a discovery at least 10 s later confirms it';
const SHOWN = 10;

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * Discovers the served kinds, by aggregated discovery (two requests, Kubernetes 1.30 and later) or by one document for each API version.
 * An unchanged document costs a 304.
 */
export function createDiscovery({ transport, clock, log, excludeResources }: DiscoveryOptions): Discovery {
  const vanished = new Vanished(clock);
  const remembered = new Map<string, { readonly etag: string; readonly look: Look }>();
  let directory: Directory | undefined;
  let last: { readonly core: Look; readonly groups: Look } | undefined;
  /** Kinds in doubt since the last discovery. */
  let doubtful: readonly ApiResource[] = [];
  let lookedAt = 0;
  let isTrusted = true;
  let pending: Promise<Directory> | undefined;
  /** What delays the pending discovery. */
  let trouble: FluxError | undefined;
  const onRetry = (error: FluxError) => {
    trouble = error;
  };

  async function lookAt(path: '/api' | '/apis'): Promise<Look> {
    const last = remembered.get(path);
    const response = await transport.request({
      path,
      headers: { accept: `${AGGREGATED},application/json`, ...(last ? { 'if-none-match': last.etag } : {}) },
      onRetry,
    });
    if (response.status === 304 && last) return last.look;
    const { body } = response;
    if (!isFields(body) || body.kind !== 'APIGroupDiscoveryList') return lookByVersion(transport, versionsOf(body, path));
    if (!Array.isArray(body.items)) throw badDocument(path);
    const look = readAggregated(body);
    const { etag } = response.headers;
    if (typeof etag === 'string') remembered.set(path, { etag, look });
    return look;
  }

  /** Not bound to a caller's signal, since others may wait for it too; each request has its own timeout. */
  async function refresh(): Promise<Directory> {
    trouble = undefined;
    const [core, groups] = await Promise.all([lookAt('/api'), lookAt('/apis')]);
    // Unchanged responses yield the identical directory, so that derived data stays valid.
    if (!directory || core !== last?.core || groups !== last.groups || doubtful.length > 0) {
      const resources = [...core.resources, ...groups.resources];
      const missing = [...core.missing, ...groups.missing];
      const before = doubtful;
      doubtful = vanished.look(resources, missing);
      directory = createDirectory({ resources, missing }, doubtful, excludeResources);
      warn(before);
    }
    last = { core, groups };
    lookedAt = clock.monotonic();
    isTrusted = true;
    return directory;
  }

  function warn(before: readonly ApiResource[]): void {
    const news = doubtful.filter((each) => !before.some((other) => kindName(other) === kindName(each)));
    if (news.length > 0) log.warn({ kinds: news.map(kindName).slice(0, SHOWN).join(', '), count: news.length }, VANISHED);
  }

  return {
    current: () => directory,
    async look(maxAgeMs, signal) {
      // An incomplete discovery is repeated.
      const isWhole = directory?.missing.length === 0 && directory.vanished.length === 0;
      const trusted = isTrusted && isWhole && maxAgeMs > 0 && clock.monotonic() - lookedAt <= maxAgeMs;
      if (directory && trusted) return directory;
      pending ??= refresh().finally(() => {
        pending = undefined;
      });
      try {
        return await waitOrAbort(pending, signal);
      } catch (error) {
        throw stopped(error, signal, trouble) ?? error;
      }
    },
    distrust() {
      isTrusted = false;
    },
  };
}

function createDirectory(
  { resources, missing }: Look,
  doubtful: readonly ApiResource[],
  excludeResources: readonly string[],
): Directory {
  const byKind = new Map<string, ApiResource>();
  for (const resource of [...resources, ...doubtful]) {
    const key = `${formatApiVersion(resource)}/${resource.kind}`;
    if (!byKind.has(key)) byKind.set(key, resource);
  }
  const hides = (text: string) => excludeResources.some((glob) => matchGlob(glob, text));
  const isExcluded: Directory['isExcluded'] = ({ group, version, kind }) => {
    const apiVersion = formatApiVersion({ group, version });
    return hides(`${apiVersion}/`) || hides(`${apiVersion}/${kind}`);
  };
  const preferred = new Map<string, ApiResource>();
  for (const resource of byKind.values()) {
    if (!preferred.has(kindKey(resource)) && !isExcluded(resource)) preferred.set(kindKey(resource), resource);
  }
  return {
    find: (group, version, kind) => byKind.get(`${formatApiVersion({ group, version })}/${kind}`),
    served: (kind) => [...byKind.values()].filter((resource) => resource.kind === kind),
    kinds: [...preferred.values()],
    all: [...byKind.values()],
    isExcluded,
    missing: missing.filter((apiVersion) => !hides(`${apiVersion}/`)),
    unseen: missing,
    vanished: [...new Set(doubtful.filter((each) => !isExcluded(each)).map(formatApiVersion))],
  };
}

/** Parses an APIGroupDiscoveryList (apidiscovery.k8s.io/v2): groups and their versions, the preferred first. */
function readAggregated(body: Readonly<Record<string, unknown>>): Look {
  const resources: ApiResource[] = [];
  const missing: string[] = [];
  for (const item of records(body.items)) {
    const group = isFields(item.metadata) && typeof item.metadata.name === 'string' ? item.metadata.name : '';
    for (const entry of records(item.versions)) {
      const version = String(entry.version);
      if (entry.freshness === 'Stale') missing.push(formatApiVersion({ group, version }));
      for (const resource of records(entry.resources)) {
        const kind = isFields(resource.responseKind) ? resource.responseKind.kind : undefined;
        if (typeof kind !== 'string' || typeof resource.resource !== 'string') continue;
        const namespaced = resource.scope === 'Namespaced';
        resources.push({ group, version, kind, plural: resource.resource, namespaced, verbs: texts(resource.verbs) });
      }
    }
  }
  return { resources, missing };
}

/**
 * API versions of the older documents: APIVersions (`/api`) or APIGroupList (`/apis`), the preferred first.
 * @throws FluxError for anything else, which must not be taken for a server without kinds.
 */
function versionsOf(body: unknown, path: string): readonly { readonly group: string; readonly version: string }[] {
  if (isFields(body) && body.kind === 'APIVersions' && Array.isArray(body.versions)) {
    return texts(body.versions).map((version) => ({ group: '', version }));
  }
  if (!isFields(body) || body.kind !== 'APIGroupList' || !Array.isArray(body.groups)) throw badDocument(path);
  return records(body.groups).flatMap((item) => {
    const first = isFields(item.preferredVersion) ? [item.preferredVersion] : [];
    const versions = new Set([...first, ...records(item.versions)].map((each) => String(each.version)));
    return [...versions].map((version) => ({ group: String(item.name), version }));
  });
}

async function lookByVersion(
  transport: Transport,
  versions: readonly { readonly group: string; readonly version: string }[],
): Promise<Look> {
  const looks = await Promise.all(
    versions.map(async (groupVersion): Promise<Look> => {
      const { group, version } = groupVersion;
      try {
        const { body } = await transport.request({ path: groupVersionPath(groupVersion), attempts: 2 });
        if (!isFields(body) || body.kind !== 'APIResourceList')
          return { resources: [], missing: [formatApiVersion(groupVersion)] };
        const resources = records(body.resources).flatMap((each) => {
          const { name: plural, kind } = each;
          // `pods/status` and the like are subresources, not kinds.
          if (typeof plural !== 'string' || typeof kind !== 'string' || plural.includes('/')) return [];
          return [{ group, version, kind, plural, namespaced: each.namespaced === true, verbs: texts(each.verbs) }];
        });
        return { resources, missing: [] };
      } catch {
        return { resources: [], missing: [formatApiVersion(groupVersion)] };
      }
    }),
  );
  return { resources: looks.flatMap((look) => look.resources), missing: looks.flatMap((look) => look.missing) };
}

function badDocument(path: string): FluxError {
  return new FluxError(`${path}: the response is not a discovery document`, {
    code: 'cluster/bad-answer',
    help: 'Another server responds in place of the API server: a proxy, a load balancer or a wrong server address.',
  });
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
