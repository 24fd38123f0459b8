import { type Clock, measured, type ScanSummary, type SourceMetrics } from '../base/index.ts';
import type { ImageScan, RegistryHost } from '../image/index.ts';
import { LATEST_IMAGES, type Timed, type UpdateSpec } from '../update/index.ts';
import type { ImageWatch } from './ports/image-watch.ts';

/** Metrics of one source; durations in seconds. */
export interface ControllerMetrics extends SharedMetrics, SourceMetrics {}

/** Metrics that sources share. */
export interface SharedMetrics {
  jobStarted(waitedSeconds: number): void;
  jobDone(outcome: { readonly success: boolean; readonly seconds: number }): void;
  stepDone(step: { readonly step: string; readonly success: boolean; readonly seconds: number }): void;
  committed(type: string): void;
  release(release: { readonly type: string; readonly kind: string; readonly success: boolean; readonly seconds: number }): void;
  releaseStage(stage: string, seconds: number): void;
  imageLookup(lookup: { readonly success: boolean; readonly seconds: number }): void;
  registryFetch(fetch: { readonly kind: 'tags' | 'metadata'; readonly success: boolean; readonly seconds: number }): void;
  registryCache(operation: { readonly method: 'GetKey' | 'SetKey'; readonly success: boolean; readonly seconds: number }): void;
  registryRequest(status: number | undefined): void;
  imageScans(read: () => ScanSummary): void;
}

/** Measures planning an update and its stages, if it is about images, which Flux v1 calls a release. */
export function measuredRelease<T>(
  { type, spec }: UpdateSpec,
  { metrics, clock }: { readonly metrics: ControllerMetrics; readonly clock: Clock },
  work: (timed?: Timed) => Promise<T>,
): Promise<T> {
  if (type === 'policy' || type === 'sync') return work();
  const timed: Timed = (stage, inner) => measured(clock, ({ seconds }) => metrics.releaseStage(stage, seconds), inner);
  const word = type === 'image' ? (spec.ImageSpec === LATEST_IMAGES ? 'latest_images' : 'specific_image') : RELEASE_TYPES[type];
  const kind = type === 'auto' ? 'execute' : spec.Kind;
  return measured(
    clock,
    (outcome) => metrics.release({ type: word, kind, ...outcome }),
    () => work(timed),
  );
}

const RELEASE_TYPES = { containers: 'containers', rollback: 'rollback', auto: 'automated' } as const;

/** Wraps an image watch to measure each look-up of a repository. */
export function measuredLookups(images: ImageWatch, metrics: Pick<SharedMetrics, 'imageLookup'>, clock: Clock): ImageWatch {
  return {
    ...images,
    repository(name) {
      const startedAt = clock.monotonic();
      const found = images.repository(name);
      metrics.imageLookup({ success: found !== undefined, seconds: (clock.monotonic() - startedAt) / 1000 });
      return found;
    },
  };
}

/** The image scans as a whole: no name of a host or an image is in a metric. */
export function summariseScans(scans: readonly ImageScan[], hosts: readonly RegistryHost[]): ScanSummary {
  const left = hosts.flatMap(({ budgets }) => budgets.map(({ remaining, limit }) => remaining / limit));
  const intervals = scans.flatMap(({ intervalMs }) => intervalMs ?? []);
  return {
    repositories: countScans(scans),
    ...(left.length === 0 ? {} : { leastBudget: Math.min(...left) }),
    ...(intervals.length === 0 ? {} : { longestIntervalSeconds: Math.max(...intervals) / 1000 }),
  };
}

/** Number of image repositories by state of their last scan. */
function countScans(scans: readonly ImageScan[]): Readonly<Record<string, number>> {
  const counts = { scanned: 0, failed: 0, paused: 0, waiting: 0 };
  for (const { error, blockedUntil, scannedAt } of scans) {
    if (blockedUntil !== undefined) counts.paused += 1;
    else if (error) counts.failed += 1;
    else if (scannedAt === undefined) counts.waiting += 1;
    else counts.scanned += 1;
  }
  return counts;
}
