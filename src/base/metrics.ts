/** What the daemon counts, in Prometheus' terms. Durations in seconds. The names and buckets are Flux v1's, so that its dashboards and alerts keep working. */
export interface Metrics {
  syncDone(outcome: { readonly success: boolean; readonly seconds: number }): void;
  /** Objects of the last sync. */
  objects(counts: { readonly applied: number; readonly failed: number; readonly heldDeletions: number }): void;
  /** A job left the queue after waiting this long; `queueLength` are waiting still. */
  jobStarted(waitedSeconds: number, queueLength: number): void;
  jobDone(outcome: { readonly success: boolean; readonly seconds: number }): void;
  gitReady(ready: boolean): void;
  /** A webhook came in; both words are of a fixed list. */
  webhook(source: string, result: string): void;
  /** Everything in the text format of Prometheus. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

const SYNC_BUCKETS = [0.5, 5, 10, 20, 30, 40, 50, 60, 75, 90, 120, 240];
const JOB_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120];

/** A registry of its own with the daemon's metrics and those of the process. Loads prom-client only when called. */
export async function createMetrics(): Promise<Metrics> {
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const syncDuration = new Histogram({
    name: 'flux_daemon_sync_duration_seconds',
    help: 'Duration of git-to-cluster synchronisation, in seconds.',
    labelNames: ['success'],
    buckets: SYNC_BUCKETS,
    registers,
  });
  const syncManifests = new Gauge({
    name: 'flux_daemon_sync_manifests',
    help: 'Number of synchronized manifests',
    labelNames: ['success'],
    registers,
  });
  const pruneHeld = new Gauge({
    name: 'flux_prune_held_objects',
    help: 'Objects gone from Git whose deletion waits until it is confirmed.',
    registers,
  });
  const jobDuration = new Histogram({
    name: 'flux_daemon_job_duration_seconds',
    help: 'Duration of job execution, in seconds.',
    labelNames: ['success'],
    buckets: JOB_BUCKETS,
    registers,
  });
  const queueDuration = new Histogram({
    name: 'flux_daemon_queue_duration_seconds',
    help: 'Time that jobs waited in the queue, in seconds.',
    buckets: JOB_BUCKETS,
    registers,
  });
  const queueLength = new Gauge({
    name: 'flux_daemon_queue_length_count',
    help: 'Count of jobs waiting in the queue to be run.',
    registers,
  });
  const gitReady = new Gauge({ name: 'flux_git_ready', help: 'Status of the git repository.', registers });
  const webhooks = new Counter({
    name: 'flux_webhooks_total',
    help: 'Webhooks that came in, by source and by what became of them.',
    labelNames: ['source', 'result'],
    registers,
  });

  return {
    syncDone: ({ success, seconds }) => syncDuration.observe({ success: String(success) }, seconds),
    objects({ applied, failed, heldDeletions }) {
      syncManifests.set({ success: 'true' }, applied);
      syncManifests.set({ success: 'false' }, failed);
      pruneHeld.set(heldDeletions);
    },
    jobStarted(waitedSeconds, length) {
      queueDuration.observe(waitedSeconds);
      queueLength.set(length);
    },
    jobDone: ({ success, seconds }) => jobDuration.observe({ success: String(success) }, seconds),
    gitReady: (ready) => gitReady.set(ready ? 1 : 0),
    webhook: (source, result) => webhooks.inc({ source, result }),
    render: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  };
}
