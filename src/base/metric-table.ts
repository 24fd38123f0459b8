/** Flux v1's buckets, so that its dashboards and alerts keep working. */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SYNC_BUCKETS = [0.5, 5, 10, 20, 30, 40, 50, 60, 75, 90, 120, 240];
const JOB_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120];
/** Buckets for steps of the loop: a sync without changes takes milliseconds, a first one of thousands of objects minutes. */
const STEP_BUCKETS = [0.01, 0.1, 1, 10, 60, 300, 1800];

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[];
}

function counter(help: string, ...labels: string[]): MetricDefinition {
  return { type: 'counter', help, labels };
}

function gauge(help: string, ...labels: string[]): MetricDefinition {
  return { type: 'gauge', help, labels };
}

function histogram(buckets: readonly number[], help: string, ...labels: string[]): MetricDefinition {
  return { type: 'histogram', help, labels, buckets };
}

/** Metrics of Flux v1 that apply here, with its labels and buckets. */
const FLUX_V1 = {
  flux_daemon_sync_duration_seconds: histogram(
    SYNC_BUCKETS,
    'Duration of git-to-cluster synchronisation, in seconds.',
    'success',
  ),
  flux_daemon_sync_manifests: gauge('Number of synchronized manifests', 'success'),
  flux_daemon_job_duration_seconds: histogram(JOB_BUCKETS, 'Duration of job execution, in seconds.', 'success'),
  flux_daemon_queue_duration_seconds: histogram(
    JOB_BUCKETS,
    'Duration of time spent in the job queue before execution, in seconds.',
  ),
  flux_daemon_queue_length_count: gauge('Count of jobs waiting in the queue to be run.'),
  flux_git_ready: gauge('Status of the git repository.'),
  flux_registry_fetch_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of looking up the metadata of an image repository, in seconds; success=false if there is none.',
    'success',
  ),
  flux_client_fetch_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of reading the tags of an image repository, or the metadata of one tag, from its registry, in seconds.',
    'kind',
    'success',
  ),
  flux_cache_request_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of an operation on the store of --registry-cache, which may concern many entries, in seconds.',
    'method',
    'success',
  ),
  flux_fluxsvc_release_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of planning a release, including dry runs, in seconds.',
    'release_type',
    'release_kind',
    'success',
  ),
  flux_fluxsvc_release_stage_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of one stage of a release, in seconds.',
    'stage',
  ),
  flux_request_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of API requests, in seconds.',
    'method',
    'route',
    'status_code',
    'ws',
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Metrics that Flux v1 does not have. */
const OURS = {
  flux_build_info: gauge('Always 1; the version is a label.', 'version'),
  flux_leader: gauge('Whether this daemon leads, that is, writes for its source (1), or not (0).'),
  flux_loop_step_duration_seconds: histogram(STEP_BUCKETS, 'Duration of one step of the loop, in seconds.', 'step', 'success'),
  flux_sync_info: gauge('Always 1; the revision of the last sync is a label.', 'revision'),
  flux_sync_last_success_timestamp_seconds: gauge('End of the last successful sync, in seconds since 1970.'),
  flux_sync_objects: gauge('Objects of the last sync by outcome.', 'outcome'),
  flux_sync_refused_manifests: gauge('Files, documents and objects that the last sync refused.'),
  flux_sync_changes_total: counter('Objects that syncs created, configured, deleted, or failed to change.', 'outcome'),
  flux_drift_corrections_total: counter('Objects corrected after they were changed or deleted in the cluster.'),
  flux_prune_held_objects: gauge('Objects removed from Git whose deletion is held.'),
  flux_automation_containers: gauge('Containers of automated workloads, by what automation decided last.', 'state', 'reason'),
  flux_git_unverified_commits: gauge('Commits of the branch that are not synced, because one of them has no valid signature.'),
  flux_git_commits_total: counter('Commits pushed, by cause.', 'type'),
  flux_git_remote_duration_seconds: histogram(
    DEFAULT_BUCKETS,
    'Duration of Git commands that contact the remote, in seconds.',
    'operation',
    'success',
  ),
  flux_kubernetes_requests_total: counter(
    'Requests to the API server, by method and status; 429 means throttled.',
    'method',
    'code',
  ),
  flux_kubernetes_events_total: counter('Kubernetes Events, by result.', 'result'),
  flux_registry_requests_total: counter('Requests to image registries, by status; 429 means throttled.', 'code'),
  flux_image_repositories: gauge('Watched image repositories, by state of their last scan.', 'state'),
  flux_registry_budget_left_ratio: gauge('Smallest part left of the requests that a registry host answers in a window.'),
  flux_registry_scan_interval_seconds: gauge('Longest time between the last two tag lists of an image repository.'),
  flux_webhooks_total: counter('Webhooks received, by source and result.', 'source', 'result'),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** All metrics of ours; those of the process come from prom-client. */
export const METRICS = { ...FLUX_V1, ...OURS } as const;
