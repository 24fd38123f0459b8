import * as z from 'zod';
import { FluxError, redact, trimEndOf } from '../../base/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import {
  type DiffReportWire,
  type DiffRequestWire,
  diffReportSchema,
  type HealthWire,
  type HeldDeletionsWire,
  type HistoryWire,
  healthSchema,
  heldDeletionsSchema,
  historySchema,
  type ImageScansWire,
  imageScansSchema,
  MAX_DIFF_BYTES,
  type ObjectStatesWire,
  objectStatesSchema,
  type SyncReportWire,
  syncReportSchema,
  type WritersWire,
  writersSchema,
} from '../wire/index.ts';
import { type Answer, type Call, createExchange, type ExchangeOptions } from './exchange.ts';
import { APPROVAL, type Effect, NEW_KEY, ORPHAN_DELETION, OWN_SYNC, POLICY_CHANGE, RELEASE, SYNC } from './outcome.ts';
import { parseAnswer } from './parse-answer.ts';
import {
  type GitConfig,
  gitConfigSchema,
  imagesSchema,
  type JobStatus,
  jobStatusSchema,
  type ListedWorkload,
  type ListedWorkloadImages,
  workloadsSchema,
} from './schema.ts';

interface Cancellable {
  readonly signal?: AbortSignal;
}

/**
 * The daemon's HTTP API, as its callers see it. Every method throws FluxError: `api/remote` with the daemon's own help when it
 * described the error, `api/unreachable`, `api/unavailable`, `api/unauthorized`, `api/status` or `api/bad-answer` otherwise;
 * `api/unknown-outcome` when what was to be changed may have been. Reads are asked again when their answer is lost.
 */
export interface ApiClient {
  /** Resolves to the daemon's clock, in milliseconds since the epoch, to the second; NaN where it does not tell. */
  ping(options?: Cancellable): Promise<number>;
  /** Whether the daemon says that it can work, and else why not; undefined when it is a Go fluxd, which does not say. */
  readiness(options?: Cancellable): Promise<{ readonly ready: boolean; readonly reason: string } | undefined>;
  version(options?: Cancellable): Promise<string>;
  /** An empty namespace means all. */
  listWorkloads(filter: { readonly namespace: string }, options?: Cancellable): Promise<readonly ListedWorkload[]>;
  /** Given workloads, wherever they are; those that do not exist are missing from the answer. */
  workloads(ids: readonly string[], options?: Cancellable): Promise<readonly ListedWorkload[]>;
  /** `spec` is an id or `<all>`; with an id the namespace stays empty. */
  listImages(
    filter: { readonly namespace: string; readonly spec: string },
    options?: Cancellable,
  ): Promise<readonly ListedWorkloadImages[]>;
  /** Resolves to the id of the job. */
  updateManifests(spec: UpdateSpec, options?: Cancellable): Promise<string>;
  jobStatus(id: string, options?: Cancellable): Promise<JobStatus>;
  /** Commits of `ref` that are not applied yet; empty when all are. */
  syncStatus(ref: string, options?: Cancellable): Promise<readonly string[]>;
  gitRepoConfig(request: { readonly regenerateKey: boolean }, options?: Cancellable): Promise<GitConfig>;
  /** The workloads of the cluster with their namespaces, as a stream of YAML documents. */
  exportConfig(options?: Cancellable & { readonly timeoutMs?: number }): Promise<string>;
  /** Asks for a sync; undefined when the daemon is a Go fluxd, which does not know this. */
  startSync(options?: Cancellable): Promise<SyncReportWire | undefined>;
  /** How a sync stands; when it is not done the answer comes at the latest after `waitSeconds`. */
  sync(id: string, options?: Cancellable & { readonly waitSeconds?: number }): Promise<SyncReportWire>;
  /** What a sync would do, of a revision or of files; undefined when the daemon is a Go fluxd, which does not know this. */
  diff(request: DiffRequestWire, options?: Cancellable & { readonly timeoutMs?: number }): Promise<DiffReportWire | undefined>;
  /** Deletions that did not happen in the last sync; undefined when the daemon is a Go fluxd, which does not know this. */
  heldDeletions(options?: Cancellable): Promise<HeldDeletionsWire | undefined>;
  /** When image repositories were looked at, of which `limit` are named; undefined as with `heldDeletions`. */
  imageScans(options: Cancellable & { readonly limit: number }): Promise<ImageScansWire | undefined>;
  /** Approves the list of deletions with this hash; resolves to the sync that carries it out. */
  approveDeletions(hash: string, options?: Cancellable): Promise<SyncReportWire>;
  /** Approves the deletion of these orphans; resolves to the sync that carries it out. */
  deleteOrphans(
    orphans: readonly { readonly id: string; readonly uid: string }[],
    options?: Cancellable,
  ): Promise<SyncReportWire>;
  /**
   * How what the last sync applied is; when it is not settled the answer comes at the latest after `waitSeconds`. Undefined when the
   * daemon is an older one, which cannot tell.
   */
  health(options?: Cancellable & { readonly waitSeconds?: number }): Promise<HealthWire | undefined>;
  /** Where the objects of the repository stand, those of all states when none are named; undefined as with `health`. */
  objectStates(
    filter: { readonly states: readonly string[]; readonly namespace?: string },
    options?: Cancellable,
  ): Promise<ObjectStatesWire | undefined>;
  /** Syncs of the past, newest first, at most so many; undefined as with `health`. */
  history(wanted: { readonly limit: number }, options?: Cancellable): Promise<HistoryWire['syncs'] | undefined>;
  /** Who set the sync tag, and who wrote the job notes; undefined as with `health`. */
  writers(options?: Cancellable): Promise<WritersWire | undefined>;
}

/** What one answer holds at most. */
const PAGE = 1000;

const LEGACY_SUFFIX = /\/api\/flux\/*$/;

export function createApiClient(options: ExchangeOptions): ApiClient {
  const exchange = createExchange(options);
  const legacy: typeof exchange = async (call) => {
    try {
      return await exchange(call);
    } catch (error) {
      throw LEGACY_SUFFIX.test(options.url) ? error : withAddress(error, options.url);
    }
  };
  // Beside `…/api/flux` stands `…/api/v1`; behind any other path there is none to be found.
  const current = LEGACY_SUFFIX.test(options.url)
    ? createExchange({ ...options, url: options.url.replace(LEGACY_SUFFIX, '/api/v1') })
    : undefined;
  const ask = async <T>(schema: z.ZodType<T>, call: Call): Promise<T> => parseAnswer(schema, await legacy(call), call);
  const askCurrent = async <T>(schema: z.ZodType<T>, call: Call): Promise<T> => {
    if (!current) throw new FluxError('the newer API is not at this URL', { code: 'api/not-found', fault: 'missing' });
    return parseAnswer(schema, await current(call), call);
  };
  /** Undefined from a daemon that does not have the route. */
  const ifKnown = async <T>(schema: z.ZodType<T>, call: Call): Promise<T | undefined> => {
    try {
      return await askCurrent(schema, call);
    } catch (error) {
      if (error instanceof FluxError && error.code === 'api/not-found') return undefined;
      throw error;
    }
  };
  return {
    async ping(cancel) {
      return (await legacy({ method: 'GET', path: '/v11/ping', ...cancel })).timeMs;
    },
    async readiness(cancel) {
      if (!LEGACY_SUFFIX.test(options.url)) return undefined;
      const root = createExchange({ ...options, url: options.url.replace(LEGACY_SUFFIX, '') });
      const { status, text } = await root({ method: 'GET', path: '/readyz', alsoTaken: isReadiness, ...cancel });
      if (status === 404) return undefined;
      return { ready: status === 200, reason: status === 200 ? '' : text.trim() };
    },
    version: (cancel) => ask(z.string(), { method: 'GET', path: '/v11/version', ...cancel }),
    async listWorkloads({ namespace }, cancel) {
      return (await ask(workloadsSchema, { method: 'GET', path: '/v6/services', query: { namespace }, ...cancel })) ?? [];
    },
    async workloads(ids, cancel) {
      const query = { namespace: '', services: ids.join(',') };
      return (await ask(workloadsSchema, { method: 'GET', path: '/v11/services', query, ...cancel })) ?? [];
    },
    async listImages({ namespace, spec }, cancel) {
      const query = { containerFields: '', namespace, service: spec };
      return (await ask(imagesSchema, { method: 'GET', path: '/v10/images', query, ...cancel })) ?? [];
    },
    updateManifests: (spec, cancel) =>
      ask(z.string(), { method: 'POST', path: '/v9/update-manifests', body: spec, ...effectOf(spec), ...cancel }),
    jobStatus: (id, cancel) => ask(jobStatusSchema, { method: 'GET', path: '/v6/jobs', query: { id }, ...cancel }),
    async syncStatus(ref, cancel) {
      return (await ask(z.array(z.string()).nullable(), { method: 'GET', path: '/v6/sync', query: { ref }, ...cancel })) ?? [];
    },
    gitRepoConfig: ({ regenerateKey }, cancel) =>
      ask(gitConfigSchema, {
        method: 'POST',
        path: '/v9/git-repo-config',
        body: regenerateKey,
        ...(regenerateKey ? { effect: NEW_KEY } : {}),
        ...cancel,
      }),
    async exportConfig(options) {
      const base64 = await ask(z.base64(), { method: 'GET', path: '/v6/export', ...options });
      return Buffer.from(base64, 'base64').toString('utf8');
    },
    startSync: (cancel) =>
      ifKnown(syncReportSchema, {
        method: 'POST',
        path: '/syncs',
        body: {},
        contentType: 'application/json',
        effect: OWN_SYNC,
        ...cancel,
      }),
    sync(id, { signal, waitSeconds = 0 } = {}) {
      const query = { wait: String(waitSeconds) };
      return askCurrent(syncReportSchema, {
        method: 'GET',
        path: `/syncs/${encodeURIComponent(id)}`,
        query,
        ...(signal ? { signal } : {}),
      });
    },
    async diff(request, options) {
      checkSize(request);
      return ifKnown(diffReportSchema, {
        method: 'POST',
        path: '/diffs',
        body: request,
        contentType: 'application/json',
        ...options,
      });
    },
    heldDeletions: (cancel) => ifKnown(heldDeletionsSchema, { method: 'GET', path: '/gc', ...cancel }),
    imageScans: ({ limit, ...cancel }) =>
      ifKnown(imageScansSchema, { method: 'GET', path: '/images/scans', query: { limit: String(limit) }, ...cancel }),
    approveDeletions: (hash, cancel) =>
      askCurrent(syncReportSchema, {
        method: 'POST',
        path: '/gc/approvals',
        body: { hash },
        contentType: 'application/json',
        effect: APPROVAL,
        ...cancel,
      }),
    deleteOrphans: (orphans, cancel) =>
      askCurrent(syncReportSchema, {
        method: 'POST',
        path: '/gc/orphan-deletions',
        body: { orphans },
        contentType: 'application/json',
        effect: ORPHAN_DELETION,
        ...cancel,
      }),
    health: ({ signal, waitSeconds = 0 } = {}) =>
      ifKnown(healthSchema, {
        method: 'GET',
        path: '/health',
        query: { wait: String(waitSeconds) },
        ...(signal ? { signal } : {}),
      }),
    async objectStates({ states, namespace }, cancel) {
      const query = {
        ...(states.length > 0 ? { state: states.join(',') } : {}),
        ...(namespace ? { namespace } : {}),
        limit: String(PAGE),
      };
      const objects: ObjectStatesWire['objects'] = [];
      for (let cursor: string | undefined; ; ) {
        const at = { ...query, ...(cursor === undefined ? {} : { cursor }) };
        const page = await ifKnown(objectStatesSchema, { method: 'GET', path: '/objects', query: at, ...cancel });
        if (!page) return undefined;
        const { next, ...rest } = page;
        objects.push(...page.objects);
        if (next === undefined || next === cursor) return { ...rest, objects };
        cursor = next;
      }
    },
    writers: (cancel) => ifKnown(writersSchema, { method: 'GET', path: '/writers', ...cancel }),
    async history({ limit }, cancel) {
      const syncs: HistoryWire['syncs'] = [];
      for (let cursor: string | undefined; ; ) {
        const query = { limit: String(Math.min(PAGE, limit - syncs.length)), ...(cursor === undefined ? {} : { cursor }) };
        const page = await ifKnown(historySchema, { method: 'GET', path: '/history', query, ...cancel });
        if (!page) return undefined;
        syncs.push(...page.syncs);
        const { next } = page;
        if (next === undefined || next === cursor || syncs.length >= limit) return syncs.slice(0, limit);
        cursor = next;
      }
    },
  };
}

/** Whoever names the host alone is told where on it the API is. */
function withAddress(error: unknown, url: string): unknown {
  if (!(error instanceof FluxError) || error.code !== 'api/not-found') return error;
  const help = `The API of fluxd has an address that ends in /api/flux: --url=${trimEndOf(redact(url), '/')}/api/flux`;
  return new FluxError(error.message, { code: error.code, fault: error.fault, help, cause: error });
}

/** Told here, because a daemon that stops reading may close the connection before its answer is read. */
function checkSize(request: DiffRequestWire): void {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes <= MAX_DIFF_BYTES) return;
  throw new FluxError(
    `the files to compare take ${(bytes / 2 ** 20).toFixed(1)} MiB, and the daemon takes ${MAX_DIFF_BYTES / 2 ** 20} MiB`,
    {
      code: 'api/too-large',
      fault: 'user',
    },
  );
}

/** Of a daemon of ours that is not ready; what stands before it says 503 in other words. */
function isReadiness({ status, text }: Answer): boolean {
  return status === 404 || (status === 503 && text.startsWith('not ready'));
}

/** What a spec changes; nothing when it only plans. */
function effectOf({ type, spec }: UpdateSpec): { readonly effect?: Effect } {
  switch (type) {
    case 'sync':
      return { effect: SYNC };
    case 'policy':
      return { effect: POLICY_CHANGE };
    default:
      return 'Kind' in spec && spec.Kind === 'plan' ? {} : { effect: RELEASE };
  }
}
