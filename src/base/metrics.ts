import type { Counter, Gauge, Histogram } from 'prom-client';
import { METRICS, type MetricDefinition } from './metric-table.ts';

/**
 * The daemon's metrics, for Prometheus; durations in seconds. Every label value is from a fixed list, here or of the caller: names of
 * objects, tags and other external data would create an unbounded number of series.
 */
export interface Metrics {
  /** The metrics of one source. What is a state of each source is the sum over them, or whether it is true of all. */
  ofSource(name: string): SourceMetrics;
  /** How long a job waited in the queue. */
  jobStarted(waitedSeconds: number): void;
  jobDone(outcome: { readonly success: boolean; readonly seconds: number }): void;
  stepDone(step: { readonly step: string; readonly success: boolean; readonly seconds: number }): void;
  /** The end of a Git command that contacts the remote. */
  gitRemote(call: { readonly operation: string; readonly success: boolean; readonly seconds: number }): void;
  /** A pushed update. */
  committed(type: string): void;
  release(release: { readonly type: string; readonly kind: string; readonly success: boolean; readonly seconds: number }): void;
  releaseStage(stage: string, seconds: number): void;
  imageLookup(lookup: { readonly success: boolean; readonly seconds: number }): void;
  registryFetch(fetch: { readonly kind: 'tags' | 'metadata'; readonly success: boolean; readonly seconds: number }): void;
  /** An operation on the store of `--registry-cache`. */
  registryCache(operation: { readonly method: 'GetKey' | 'SetKey'; readonly success: boolean; readonly seconds: number }): void;
  /** `status` is absent without a response. */
  registryRequest(status: number | undefined): void;
  kubernetesRequest(method: string, status: number | undefined): void;
  kubernetesEvent(result: 'written' | 'failed' | 'left_out'): void;
  /** The image scans; called at every scrape. */
  imageScans(read: () => ScanSummary): void;
  /** A completed API request; `route` is from the table of routes, never from the client. */
  request(request: { readonly method: string; readonly route: string; readonly status: number; readonly seconds: number }): void;
  /** A received webhook; both labels are from fixed lists. */
  webhook(source: string, result: string): void;
  /** All metrics in the Prometheus text format. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The scans of all image repositories. */
export interface ScanSummary {
  /** Number of repositories by state. */
  readonly repositories: Readonly<Record<string, number>>;
  /** The smallest part left of what a registry host answers; absent if none reports a limit. */
  readonly leastBudget?: number;
  /** The longest time between the last two lists of a repository; absent before the second. */
  readonly longestIntervalSeconds?: number;
}

/** States of one source, which stay until they change. */
export interface SourceMetrics {
  /** `endedAt` in ms since the epoch. */
  syncDone(outcome: { readonly success: boolean; readonly seconds: number; readonly endedAt: number }): void;
  /** The outcome of a completed sync. */
  synced(sum: SyncSum): void;
  /** Length of the job queue after a change. */
  queueLength(length: number): void;
  gitReady(ready: boolean): void;
  /** Commits of the branch that wait, because a signature is refused. */
  gitUnverified(commits: number): void;
  /** The decisions of automation, counted by state and kind of reason. */
  decided(counts: readonly DecisionCount[]): void;
  /** Whether this daemon leads, that is, writes for the source. */
  leading(leads: boolean): void;
}

/** Containers about which automation decided the same; both words are from fixed lists. */
export interface DecisionCount {
  readonly state: string;
  readonly reason: string;
  readonly count: number;
}

/** The outcome of a completed sync in numbers. */
export interface SyncSum {
  readonly revision: string;
  /** Number of objects by outcome. */
  readonly outcomes: Readonly<Partial<Record<string, number>>>;
  readonly refused: number;
  readonly heldDeletions: number;
  readonly corrections: number;
}

type Labels = Readonly<Record<string, string>>;
type MetricName = keyof typeof METRICS;

/** A separate registry with the daemon's metrics and those of the process. Loads prom-client only when called. */
export async function createMetrics({ version }: { readonly version: string }): Promise<Metrics> {
  const prometheus = await import('prom-client');
  const register = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register });
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  let readScans: (() => ScanSummary) | undefined;

  for (const [name, { type, help, labels, buckets = [] }] of Object.entries<MetricDefinition>(METRICS)) {
    const options = { name, help, labelNames: [...labels], registers: [register] };
    if (type === 'counter') counters.set(name, new prometheus.Counter(options));
    else if (type === 'gauge') gauges.set(name, gaugeOf(options));
    else histograms.set(name, new prometheus.Histogram({ ...options, buckets: [...buckets] }));
  }

  function gaugeOf(options: ConstructorParameters<typeof prometheus.Gauge>[0]): Gauge {
    const gauge = new prometheus.Gauge({
      ...options,
      ...(options.name === IMAGES ? { collect: setScans } : {}),
    });
    // A gauge has no value before the first measurement: 0 would be wrong, and could raise an alert.
    if (options.labelNames?.length === 0) gauge.remove();
    return gauge;
  }

  function setScans(): void {
    const { repositories = {}, leastBudget, longestIntervalSeconds } = readScans?.() ?? {};
    for (const [state, count] of Object.entries(repositories)) set(IMAGES, count, { state });
    setOrRemove('flux_registry_budget_left_ratio', leastBudget);
    setOrRemove('flux_registry_scan_interval_seconds', longestIntervalSeconds);
  }

  function setOrRemove(name: MetricName, value: number | undefined): void {
    if (value === undefined) gauges.get(name)?.remove();
    else set(name, value);
  }

  const add = (name: MetricName, by: number, labels: Labels = {}) => counters.get(name)?.inc(labels, by);
  const set = (name: MetricName, value: number, labels: Labels = {}) => gauges.get(name)?.set(labels, value);
  const observe = (name: MetricName, seconds: number, labels: Labels = {}) => histograms.get(name)?.observe(labels, seconds);

  set('flux_build_info', 1, { version });

  /** The last state of each source, by its name. */
  const syncs = new Map<string, SyncSum>();
  const queues = new Map<string, number>();
  const readySources = new Map<string, boolean>();
  const unverified = new Map<string, number>();
  const ledSources = new Map<string, boolean>();
  const decisions = new Map<string, readonly DecisionCount[]>();
  /** When the last good sync of each source ended; undefined before the first. */
  const goodSyncs = new Map<string, number | undefined>();

  /** The oldest of the sources that this daemon leads: one that fails is not hidden by the others. */
  function setLastSuccess(): void {
    const times = [...goodSyncs].flatMap(([name, at]) => (ledSources.get(name) === false ? [] : [at]));
    if (times.length === 0) return;
    const known = times.filter((at) => at !== undefined);
    if (known.length < times.length) gauges.get(LAST_SUCCESS)?.remove();
    else set(LAST_SUCCESS, Math.min(...known) / 1000);
  }

  function setSyncGauges(all: readonly SyncSum[]): void {
    const count = (outcome: string) => sumOf(all.map(({ outcomes }) => outcomes[outcome] ?? 0));
    const refused = sumOf(all.map((each) => each.refused));
    set('flux_daemon_sync_manifests', count('created') + count('configured') + count('unchanged'), { success: 'true' });
    set('flux_daemon_sync_manifests', count('failed') + refused, { success: 'false' });
    for (const outcome of OUTCOMES) set('flux_sync_objects', count(outcome), { outcome });
    set('flux_sync_refused_manifests', refused);
    set('flux_prune_held_objects', sumOf(all.map(({ heldDeletions }) => heldDeletions)));
    gauges.get('flux_sync_info')?.reset();
    for (const { revision } of all) set('flux_sync_info', 1, { revision });
  }

  function setDecisions(): void {
    const gauge = gauges.get('flux_automation_containers');
    gauge?.reset();
    for (const { count, ...labels } of [...decisions.values()].flat()) gauge?.inc(labels, count);
  }

  return {
    ofSource(name) {
      goodSyncs.set(name, goodSyncs.get(name));
      return {
        syncDone({ success, seconds, endedAt }) {
          observe('flux_daemon_sync_duration_seconds', seconds, { success: String(success) });
          if (success) goodSyncs.set(name, endedAt);
          setLastSuccess();
        },
        synced(sum) {
          for (const outcome of CHANGES) add('flux_sync_changes_total', sum.outcomes[outcome] ?? 0, { outcome });
          add('flux_drift_corrections_total', sum.corrections);
          syncs.set(name, sum);
          setSyncGauges([...syncs.values()]);
        },
        queueLength(length) {
          queues.set(name, length);
          set('flux_daemon_queue_length_count', sumOf(queues.values()));
        },
        gitUnverified(commits) {
          unverified.set(name, commits);
          set('flux_git_unverified_commits', sumOf(unverified.values()));
        },
        gitReady(ready) {
          readySources.set(name, ready);
          set('flux_git_ready', allOf(readySources.values()));
        },
        decided(counts) {
          decisions.set(name, counts);
          setDecisions();
        },
        leading(leads) {
          ledSources.set(name, leads);
          if (!leads) decisions.delete(name);
          setDecisions();
          set('flux_leader', allOf(ledSources.values()));
          setLastSuccess();
        },
      };
    },
    jobStarted: (waitedSeconds) => observe('flux_daemon_queue_duration_seconds', waitedSeconds),
    jobDone: ({ success, seconds }) => observe('flux_daemon_job_duration_seconds', seconds, { success: String(success) }),
    stepDone: ({ step, success, seconds }) =>
      observe('flux_loop_step_duration_seconds', seconds, { step, success: String(success) }),
    gitRemote: ({ operation, success, seconds }) =>
      observe('flux_git_remote_duration_seconds', seconds, { operation, success: String(success) }),
    committed: (type) => add('flux_git_commits_total', 1, { type }),
    release: ({ type, kind, success, seconds }) =>
      observe('flux_fluxsvc_release_duration_seconds', seconds, {
        release_type: type,
        release_kind: oneOf(RELEASE_KINDS, kind),
        success: String(success),
      }),
    releaseStage: (stage, seconds) => observe('flux_fluxsvc_release_stage_duration_seconds', seconds, { stage }),
    imageLookup: ({ success, seconds }) => observe('flux_registry_fetch_duration_seconds', seconds, { success: String(success) }),
    registryFetch: ({ kind, success, seconds }) =>
      observe('flux_client_fetch_duration_seconds', seconds, { kind, success: String(success) }),
    registryCache: ({ method, success, seconds }) =>
      observe('flux_cache_request_duration_seconds', seconds, { method, success: String(success) }),
    registryRequest: (status) => add('flux_registry_requests_total', 1, { code: codeOf(status) }),
    kubernetesRequest: (method, status) =>
      add('flux_kubernetes_requests_total', 1, { method: oneOf(METHODS, method), code: codeOf(status) }),
    kubernetesEvent: (result) => add('flux_kubernetes_events_total', 1, { result }),
    imageScans(read) {
      readScans = read;
    },
    request: ({ method, route, status, seconds }) =>
      observe('flux_request_duration_seconds', seconds, {
        method: oneOf(METHODS, method),
        route,
        status_code: codeOf(status),
        ws: 'false',
      }),
    webhook: (source, result) => add('flux_webhooks_total', 1, { source, result }),
    render: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  };
}

const IMAGES = 'flux_image_repositories';
const LAST_SUCCESS = 'flux_sync_last_success_timestamp_seconds';
const OUTCOMES = ['created', 'configured', 'unchanged', 'deleted', 'skipped', 'held', 'failed'];
const CHANGES = ['created', 'configured', 'deleted', 'failed'];
/** Label values for the kind of a release and the method of a request, which clients can set to anything. */
const RELEASE_KINDS = ['plan', 'execute'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Statuses of interest; others are reported by class. */
const CODES = new Set([
  200, 201, 202, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504,
]);

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const each of numbers) sum += each;
  return sum;
}

/** 1 if all are true. */
function allOf(states: Iterable<boolean>): number {
  return [...states].every(Boolean) ? 1 : 0;
}

function oneOf(words: readonly string[], word: string): string {
  return words.includes(word) ? word : 'other';
}

function codeOf(status: number | undefined): string {
  if (status === undefined) return 'none';
  if (CODES.has(status)) return String(status);
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : 'other';
}
