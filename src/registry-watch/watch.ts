import pLimit from 'p-limit';
import { type Cancellable, messageOf, waitOrAbort } from '../base/index.ts';
import type { ImageRepository, ImageScan, ImageTarget, RegistryCacheFailure, RegistryHost } from '../image/index.ts';
import type { SignatureQuestion, UrgentQuestions } from '../policy/index.ts';
import { cacheOf, readersOf, regionOf } from './assemble.ts';
import { hostsOf } from './hosts.ts';
import { createImageFilter } from './image-filter.ts';
import { listQueues } from './list-queues.ts';
import { RepositoryState } from './repository.ts';
import { createRestoring } from './restoring.ts';
import { slotsByHost, withFreeSlots } from './scan-slots.ts';
import { nextScan, scansOf } from './scans.ts';
import { ask } from './signatures/verify-asked.ts';
import { inTurn } from './turns.ts';
import type { ImageWatchOptions } from './watch-options.ts';
import { isWaiting, newlyWatched, type Watched, wantsMore } from './watched.ts';
import { createWatchedScan } from './watched-scan.ts';

export type ImageWatch = ReturnType<typeof createImageWatch>;

/** Flux v1 scans once a minute. */
const LONGEST_SCAN_INTERVAL_MS = 60_000;

/** Watches image repositories: scans each at an interval, and keeps what it found. */
export function createImageWatch(options: ImageWatchOptions) {
  const { clock, log, automationIntervalMs, onNewTags, random = Math.random } = options;
  /** From the end of one scan of a repository to the next, with 10 % jitter. */
  const scanIntervalMs = Math.min(LONGEST_SCAN_INTERVAL_MS, automationIntervalMs);
  const { scan, visit } = readersOf(options, scanIntervalMs);
  const cache = cacheOf(options);
  const watched = new Map<string, Watched>();
  const inVisits = pLimit(4);
  const stopping = new AbortController();
  let wake = Promise.withResolvers<void>();
  let loop: Promise<void> | undefined;

  let latest: readonly ImageTarget[] = [];
  const onRegion = () => {
    if (!stopping.signal.aborted) watch.watch(latest);
  };
  const filter = createImageFilter({ ...options, askRegion: regionOf(options) }, onRegion, stopping.signal);

  const onRestored = () => wake.resolve();
  const memory = cache && { cache, restoring: createRestoring({ cache, clock, log, onNewTags, onRestored }) };
  const scanOnce = createWatchedScan({ scan, intervalMs: scanIntervalMs, memory, clock, log, onNewTags, random });
  const queues = listQueues(scan, clock);

  /** Runs a scan. A request during a scan starts another one afterwards, since it may be for something newer. */
  const launch = (entry: Watched, isAsked = false): Promise<void> => {
    if (entry.restoring !== undefined) return entry.restoring.then(() => launch(entry, isAsked));
    if (entry.running !== undefined) {
      entry.queued ??= entry.running.then(() => {
        entry.queued = undefined;
        return launch(entry, true);
      });
      return entry.queued;
    }
    entry.running = scanOnce(entry, isAsked)
      .catch((error: unknown) => {
        // A scan handles its errors; it throws only when aborted, or because of a bug.
        if (!entry.gone.signal.aborted)
          log.error({ image: entry.target.name, err: messageOf(error) }, 'image scan aborted by an error');
      })
      .finally(() => {
        entry.running = undefined;
        wake.resolve();
      });
    return entry.running;
  };

  const loopUntilStopped = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const now = clock.monotonic();
      const { due, nextAt = now + scanIntervalMs } = inTurn([...watched.values()].filter(isWaiting), now, queues);
      for (const entry of withFreeSlots(due, watched.values())) void launch(entry);
      // Without a free slot, the end of a scan wakes the loop.
      await sleepUntil(nextAt - now);
    }
  };

  const sleepUntil = async (ms: number): Promise<void> => {
    const awake = new AbortController();
    const sleep = clock.sleep(ms, { signal: AbortSignal.any([stopping.signal, awake.signal]) });
    // An early wake-up rejects the sleep, which is expected.
    await Promise.race([sleep, wake.promise]).catch(() => undefined);
    awake.abort();
    await sleep.catch(() => undefined);
    wake = Promise.withResolvers<void>();
  };

  const watch = {
    watch(targets: readonly ImageTarget[]): void {
      latest = targets;
      const wanted = new Map(
        targets.filter(({ name }) => filter.scopeOf(name).state === 'included').map((target) => [target.name, target]),
      );
      for (const [name, entry] of watched) {
        if (wanted.has(name)) continue;
        entry.gone.abort();
        watched.delete(name);
        cache?.drop(name);
      }
      const added: Watched[] = [];
      for (const [name, target] of wanted) {
        const entry = watched.get(name);
        if (!entry) {
          const state = cache?.createState() ?? new RepositoryState();
          const created = newlyWatched(target, state);
          watched.set(name, created);
          added.push(created);
          continue;
        }
        entry.target = target;
        if (wantsMore(entry)) entry.nextAt = Math.min(entry.nextAt, clock.monotonic());
      }
      memory?.restoring.begin(added);
      wake.resolve();
    },
    readTag(name: string, tag: string): void {
      const entry = watched.get(name);
      const known = entry?.state.images.get(tag);
      if (!entry || (known && !known.error) || entry.state.asked.has(tag)) return;
      entry.state.asked.add(tag);
      if (!wantsMore(entry)) return;
      entry.nextAt = Math.min(entry.nextAt, clock.monotonic());
      wake.resolve();
    },
    verify(question: SignatureQuestion): void {
      const entry = watched.get(question.image);
      if (!entry || !ask(entry.state, question, false, clock)) return;
      entry.nextAt = Math.min(entry.nextAt, clock.monotonic());
      wake.resolve();
    },
    async verifyNow(asked: UrgentQuestions, { signal }: Cancellable = {}): Promise<ImageRepository | undefined> {
      const { image, questions } = asked;
      const entry = watched.get(image);
      if (entry) {
        const idle = questions.filter((question) => !ask(entry.state, question, true, clock));
        await watch.scanNow(image, signal ? { signal } : {});
        // That scan may have been the first to list an image.
        if (idle.filter((question) => ask(entry.state, question, true, clock)).length > 0)
          await watch.scanNow(image, signal ? { signal } : {});
        return undefined;
      }
      const scope = await waitOrAbort(filter.decided(image), signal);
      if (scope.state === 'barred') return { tags: [], images: new Map(), barredBy: scope.by };
      const until = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]);
      return waitOrAbort(
        inVisits(() => visit(asked, { signal: until })),
        until,
      );
    },
    barredBy(name: string): string | undefined {
      const scope = filter.scopeOf(name);
      return scope.state === 'barred' ? scope.by : undefined;
    },
    repository(name: string): ImageRepository | undefined {
      const entry = watched.get(name);
      if (!entry) return undefined;
      const { state, target } = entry;
      const error = scan.errorOf(state, target);
      if (state.scannedAt === undefined && error === undefined) return undefined;
      return { ...state.snapshot(), ...nextScan(entry, clock), ...(error === undefined ? {} : { error }) };
    },
    scans(): readonly ImageScan[] {
      return scansOf([...watched.values()], { scan, queues, clock });
    },
    cacheFailure: (): RegistryCacheFailure | undefined => cache?.failure,
    hosts: (): readonly RegistryHost[] => hostsOf(watched.values(), { scan, clock }),
    async scanNow(name?: string, { signal }: Cancellable = {}): Promise<void> {
      signal?.throwIfAborted();
      const one = name === undefined ? undefined : watched.get(name);
      const entries = name === undefined ? [...watched.values()] : one ? [one] : [];
      const inTurn = slotsByHost();
      await waitOrAbort(
        Promise.all(
          entries.map((entry) =>
            name === undefined ? inTurn(entry.target.name, () => launch(entry, true)) : launch(entry, true),
          ),
        ),
        signal,
      );
    },
    start() {
      loop ??= loopUntilStopped();
    },
    async stop() {
      stopping.abort();
      for (const { gone } of watched.values()) gone.abort();
      const entries = [...watched.values()];
      await Promise.allSettled([loop, ...entries.flatMap(({ running, filling }) => [running, filling])]);
      await cache?.close(entries.map(({ target: { name }, state, nextAt }) => ({ name, state, nextAt })));
    },
  };
  return watch;
}
