import * as z from 'zod';
import { type Cancellable, FluxError, hasCode, redact, trimEndOf } from '../../base/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import {
  type AutomationWire,
  automationSchema,
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
  pageCodeSchema,
  pageRightsSchema,
  type SourcesWire,
  type SourceWire,
  type SyncReportWire,
  sourcesSchema,
  syncReportSchema,
  type WhyWire,
  type WritersWire,
  whySchema,
  writersSchema,
} from '../wire/index.ts';
import { type Answer, type Call, createExchange, type ExchangeOptions } from './exchange.ts';
import {
  APPROVAL,
  type Effect,
  NEW_KEY,
  ORPHAN_DELETION,
  OWN_SYNC,
  POLICY_CHANGE,
  RELEASE,
  RESUMPTION,
  SUSPENSION,
  SYNC,
} from './outcome.ts';
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

/**
 * A client of the daemon's HTTP API. Every method throws FluxError: `api/remote` with the daemon's own help when it described the
 * error, `api/unreachable`, `api/unavailable`, `api/unauthorized`, `api/status` or `api/bad-answer` otherwise; `api/unknown-outcome`
 * when a change may have been made. Reads are retried when their response is lost.
 */
export interface ApiClient {
  /** Resolves to the daemon's clock, in milliseconds since the epoch, to the second; NaN if the response has no date. */
  ping(options?: Cancellable): Promise<number>;
  /** Whether the daemon is ready, with the reason if not; undefined for Flux v1, which does not report it. */
  readiness(options?: Cancellable): Promise<{ readonly ready: boolean; readonly reason: string } | undefined>;
  version(options?: Cancellable): Promise<string>;
  /** The repositories that the daemon syncs from; undefined for a daemon that has one. */
  sources(options?: Cancellable): Promise<readonly SourceWire[] | undefined>;
  /** What confines the commands of repositories; undefined from a daemon that does not say. */
  sandboxes(options?: Cancellable): Promise<Pick<SourcesWire, 'sandbox' | 'networkSandbox'> | undefined>;
  /** The same daemon, limited to one of its sources. */
  of(source: string): ApiClient;
  /** An empty namespace means all. */
  listWorkloads(filter: { readonly namespace: string }, options?: Cancellable): Promise<readonly ListedWorkload[]>;
  /** The given workloads, in any namespace; missing ones are omitted. */
  workloads(ids: readonly string[], options?: Cancellable): Promise<readonly ListedWorkload[]>;
  /** `spec` is an id or `<all>`; with an id the namespace is empty. */
  listImages(
    filter: { readonly namespace: string; readonly spec: string },
    options?: Cancellable,
  ): Promise<readonly ListedWorkloadImages[]>;
  /** Resolves to the id of the job. */
  updateManifests(spec: UpdateSpec, options?: Cancellable): Promise<string>;
  jobStatus(id: string, options?: Cancellable): Promise<JobStatus>;
  /** The commits of `ref` that are not applied yet; empty if all are. */
  syncStatus(ref: string, options?: Cancellable): Promise<readonly string[]>;
  gitRepoConfig(request: { readonly regenerateKey: boolean }, options?: Cancellable): Promise<GitConfig>;
  /** The cluster's workloads and their namespaces, as a stream of YAML documents. */
  exportConfig(options?: Cancellable & { readonly timeoutMs?: number }): Promise<string>;
  /** Requests a sync, also while the window of syncs is closed if asked to; undefined for Flux v1, which lacks this. */
  startSync(options?: Cancellable & { readonly overridesWindow?: boolean }): Promise<SyncReportWire | undefined>;
  /** The state of a sync. Waits up to `waitSeconds` for its end. */
  sync(id: string, options?: Cancellable & { readonly waitSeconds?: number }): Promise<SyncReportWire>;
  /** What a sync of a revision or of files would do; undefined for Flux v1, which lacks this. */
  diff(request: DiffRequestWire, options?: Cancellable & { readonly timeoutMs?: number }): Promise<DiffReportWire | undefined>;
  /** The automation of each source; undefined for Flux v1 and older daemons, which cannot suspend it. */
  automation(options?: Cancellable): Promise<AutomationWire | undefined>;
  /** Undefined as for `automation`. */
  suspendAutomation(who: WhoAndWhy, options?: Cancellable): Promise<AutomationWire | undefined>;
  resumeAutomation(who: WhoAndWhy, options?: Cancellable): Promise<AutomationWire | undefined>;
  /** Deletions held in the last sync; undefined for Flux v1, which lacks this. */
  heldDeletions(options?: Cancellable): Promise<HeldDeletionsWire | undefined>;
  /** The scan times of at most `limit` image repositories, of all by default; undefined as for `heldDeletions`. */
  imageScans(options?: Cancellable & { readonly limit?: number }): Promise<ImageScansWire | undefined>;
  /** Approves the list of deletions with this hash; resolves to the sync that performs them. */
  approveDeletions(hash: string, options?: Cancellable): Promise<SyncReportWire>;
  /** Approves the deletion of these orphans; resolves to the sync that performs it. */
  deleteOrphans(
    orphans: readonly { readonly id: string; readonly uid: string }[],
    options?: Cancellable,
  ): Promise<SyncReportWire>;
  /**
   * The health of the objects that the last sync applied. Waits up to `waitSeconds` for it to settle. Undefined for an older daemon,
   * which does not report it.
   */
  health(options?: Cancellable & { readonly waitSeconds?: number }): Promise<HealthWire | undefined>;
  /** The state of the repository's objects, in all states if none are given; undefined as for `health`. */
  objectStates(
    filter: { readonly states: readonly string[]; readonly namespace?: string },
    options?: Cancellable,
  ): Promise<ObjectStatesWire | undefined>;
  /** Why an object, an image or a file is as it is, by the parameters of the API; undefined as for `health`. */
  why(question: Readonly<Record<string, string>>, options?: Cancellable): Promise<WhyWire | undefined>;
  /**
   * The URL that opens the web page in a browser; over loopback with a code that is valid once, for a minute. Undefined from a daemon
   * that serves none.
   */
  pageUrl(options?: Cancellable): Promise<string | undefined>;
  /** Recent syncs, newest first, up to a limit; undefined as for `health`. */
  history(wanted: { readonly limit: number }, options?: Cancellable): Promise<Omit<HistoryWire, 'next'> | undefined>;
  /** Who set the sync tag, and who wrote the job notes; undefined as for `health`. */
  writers(options?: Cancellable): Promise<WritersWire | undefined>;
}

/** Who changes something, and why; both may be empty. */
export interface WhoAndWhy {
  readonly user: string;
  readonly message: string;
}

/** Size limit of one response. */
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
  // `…/api/v1` is beside `…/api/flux`; for any other path its location is unknown.
  const current = LEGACY_SUFFIX.test(options.url)
    ? createExchange({ ...options, url: options.url.replace(LEGACY_SUFFIX, '/api/v1') })
    : undefined;
  const ask = async <T>(schema: z.ZodType<T>, call: Call): Promise<T> => parseAnswer(schema, await legacy(call), call);
  const askCurrent = async <T>(schema: z.ZodType<T>, call: Call): Promise<T> => {
    if (!current)
      throw new FluxError('this URL does not end in /api/flux, so the path of /api/v1 is unknown', {
        code: 'api/not-found',
        fault: 'missing',
      });
    return parseAnswer(schema, await current(call), call);
  };
  /** Undefined from a daemon without the route. */
  const ifKnown = async <T>(schema: z.ZodType<T>, call: Call): Promise<T | undefined> => {
    try {
      return await askCurrent(schema, call);
    } catch (error) {
      if (hasCode(error, 'api/not-found')) return undefined;
      throw error;
    }
  };
  const change = (verb: 'suspend' | 'resume', body: WhoAndWhy, effect: Effect, cancel?: Cancellable) =>
    ifKnown(automationSchema, {
      method: 'POST',
      path: `/automation/${verb}`,
      body,
      contentType: 'application/json',
      effect,
      ...cancel,
    });
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
    sandboxes: (cancel) => ifKnown(sourcesSchema, { method: 'GET', path: '/sources', ...cancel }),
    async sources(cancel) {
      const found = await ifKnown(sourcesSchema, { method: 'GET', path: '/sources', ...cancel });
      return found && found.sources.length > 1 ? found.sources : undefined;
    },
    of: (source) => createApiClient({ ...options, source }),
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
    startSync: ({ overridesWindow = false, ...cancel } = {}) =>
      ifKnown(syncReportSchema, {
        method: 'POST',
        path: overridesWindow ? '/syncs/override-window' : '/syncs',
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
    automation: (cancel) => ifKnown(automationSchema, { method: 'GET', path: '/automation', ...cancel }),
    suspendAutomation: (who, cancel) => change('suspend', who, SUSPENSION, cancel),
    resumeAutomation: (who, cancel) => change('resume', who, RESUMPTION, cancel),
    heldDeletions: (cancel) => ifKnown(heldDeletionsSchema, { method: 'GET', path: '/gc', ...cancel }),
    async imageScans({ limit = Number.POSITIVE_INFINITY, ...cancel } = {}) {
      const repositories: ImageScansWire['repositories'] = [];
      for (let cursor: string | undefined; ; ) {
        const query = { limit: String(Math.min(PAGE, limit - repositories.length)), ...(cursor === undefined ? {} : { cursor }) };
        const page = await ifKnown(imageScansSchema, { method: 'GET', path: '/images/scans', query, ...cancel });
        if (!page) return undefined;
        repositories.push(...page.repositories);
        const { next, ...rest } = page;
        if (next === undefined || next === cursor || repositories.length >= limit) return { ...rest, repositories };
        cursor = next;
      }
    },
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
    why: (question, cancel) => ifKnown(whySchema, { method: 'GET', path: '/why', query: question, ...cancel }),
    async pageUrl(cancel) {
      const page = `${options.url.replace(LEGACY_SUFFIX, '')}/ui/`;
      const rights = await ifKnown(pageRightsSchema, { method: 'GET', path: '/ui/session', ...cancel });
      if (!rights) return undefined;
      // A user with a token signs in with it, on the page; codes are for loopback.
      if (rights.user !== undefined) return page;
      const made = await ifKnown(pageCodeSchema, {
        method: 'POST',
        path: '/ui/codes',
        body: {},
        contentType: 'application/json',
        ...cancel,
      });
      return made && `${page}#code=${made.code}`;
    },
    writers: (cancel) => ifKnown(writersSchema, { method: 'GET', path: '/writers', ...cancel }),
    async history({ limit }, cancel) {
      const syncs: HistoryWire['syncs'] = [];
      for (let cursor: string | undefined; ; ) {
        const query = { limit: String(Math.min(PAGE, limit - syncs.length)), ...(cursor === undefined ? {} : { cursor }) };
        const page = await ifKnown(historySchema, { method: 'GET', path: '/history', query, ...cancel });
        if (!page) return undefined;
        syncs.push(...page.syncs);
        const { next, syncs: _, ...rest } = page;
        if (next === undefined || next === cursor || syncs.length >= limit) return { ...rest, syncs: syncs.slice(0, limit) };
        cursor = next;
      }
    },
  };
}

/** Suggests the path of the API for a URL without one. */
function withAddress(error: unknown, url: string): unknown {
  if (!hasCode(error, 'api/not-found')) return error;
  const help = `The URL of fluxd's API ends in /api/flux: --url=${trimEndOf(redact(url), '/')}/api/flux`;
  return new FluxError(error.message, { code: error.code, fault: error.fault, help, cause: error });
}

/** Checked here, because a daemon that stops reading may close the connection before its response is read. */
function checkSize(request: DiffRequestWire): void {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes <= MAX_DIFF_BYTES) return;
  throw new FluxError(
    `the files to compare have ${(bytes / 2 ** 20).toFixed(1)} MiB; the daemon accepts ${MAX_DIFF_BYTES / 2 ** 20} MiB`,
    {
      code: 'api/too-large',
      fault: 'user',
    },
  );
}

/** The response of our daemon when it is not ready; a proxy's 503 has another text. */
function isReadiness({ status, text }: Answer): boolean {
  return status === 404 || (status === 503 && text.startsWith('not ready'));
}

/** The effect of a spec; none for a plan. */
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
