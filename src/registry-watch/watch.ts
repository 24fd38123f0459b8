import pLimit from 'p-limit';
import { type Cancellable, messageOf, timeOfDay, waitOrAbort } from '../base/index.ts';
import type { ImageRepository, ImageScan, ImageTarget, RegistryCacheFailure, RegistryHost } from '../image/index.ts';
import type { SignatureQuestion, UrgentQuestions } from '../policy/index.ts';
import { cacheOf, readersOf, regionOf } from './assemble.ts';
import { createOneForAll } from './cache/one-for-all.ts';
import { hostsOf } from './hosts.ts';
import { createImageFilter } from './image-filter.ts';
import { listQueues } from './list-queues.ts';
import { RepositoryState } from './repository.ts';
import { slotsByHost, withFreeSlots } from './scan-slots.ts';
import { ask } from './signatures/verify-asked.ts';
import { expectedTurns, inTurn } from './turns.ts';
import type { ImageWatchOptions } from './watch-options.ts';
import { isWaiting, newlyWatched, type Watched, wantsMore } from './watched.ts';

export type ImageWatch = ReturnType<typeof createImageWatch>;

/** Repositories restored at once, and the time for all that become known together: the rest is scanned without. */
const RESTORED_AT_ONCE = 64;
const RESTORE_MS = 10_000;
/** Flux v1 scans once a minute. */
const LONGEST_SCAN_INTERVAL_MS = 60_000;
/** Of an idle repository at a host that limits requests: its interval doubles with each scan that finds nothing, up to this. */
const LONGEST_QUIET_INTERVAL_MS = 3_600_000;

/** Watches image repositories: scans each at an interval, and keeps what it found. */
export function createImageWatch(options: ImageWatchOptions) {
  const { clock, log, automationIntervalMs, onNewTags, random = Math.random } = options;
  /** From the end of one scan of a repository to the next, with 10 % jitter. */
  const scanIntervalMs = Math.min(LONGEST_SCAN_INTERVAL_MS, automationIntervalMs);
  const { scan, visit } = readersOf(options, scanIntervalMs);
  const cache = cacheOf(options);
  const oneForAll = cache?.isShared ? createOneForAll(cache, { clock, intervalMs: scanIntervalMs }) : undefined;
  const watched = new Map<string, Watched>();
  const inBackground = pLimit(2);
  const inVisits = pLimit(4);
  const stopping = new AbortController();
  let wake = Promise.withResolvers<void>();
  let loop: Promise<void> | undefined;

  let latest: readonly ImageTarget[] = [];
  const onRegion = () => {
    if (!stopping.signal.aborted) watch.watch(latest);
  };
  const filter = createImageFilter({ ...options, askRegion: regionOf(options) }, onRegion, stopping.signal);

  /** Scans a repository, or takes over what another daemon has found; undefined while another one is about to. */
  const scanInTurn = async ({ target, state, gone, isUnfinished }: Watched, isAsked: boolean) => {
    const { name, inUse = [] } = target;
    const run = { isAsked, signal: gone.signal };
    const next = isAsked || isUnfinished ? undefined : await oneForAll?.next({ name, state }, inUse);
    gone.signal.throwIfAborted();
    if (next?.kind === 'wait') return { waitMs: next.ms };
    if (next?.kind !== 'adopt') return { ...(await scan.run(state, target, run)), nextAt: undefined };
    const { header, nextAt } = next.scan;
    const isNew = state.adopt(next.scan, header.checked);
    cache?.adopted(state, next.scan);
    const { news, unfinished, notBefore } = await scan.complete(state, target, run);
    return { news: isNew || news, unfinished, notBefore, postponed: undefined, nextAt };
  };

  const scanOnce = async (entry: Watched, isAsked: boolean): Promise<void> => {
    const { state, gone } = entry;
    const dueAt = Math.min(entry.nextAt, clock.monotonic());
    entry.nextAt = clock.monotonic() + scanIntervalMs;
    await restoreLate(entry);
    const { scannedAt } = state;
    const outcome = await scanInTurn(entry, isAsked);
    if ('waitMs' in outcome) {
      entry.nextAt = clock.monotonic() + outcome.waitMs;
      return;
    }
    const { news, notBefore, unfinished, postponed } = outcome;
    entry.heldUntil = notBefore;
    if (postponed) {
      // It keeps its turn.
      entry.nextAt = dueAt;
      return;
    }
    if (state.scannedAt !== scannedAt) noteList(entry);
    entry.quiet = news || isAsked ? 0 : entry.quiet + 1;
    entry.isUnfinished = unfinished;
    const nextAt = outcome.nextAt ?? clock.monotonic() + intervalOf(entry) * (0.9 + random() / 5);
    entry.nextAt = unfinished ? clock.monotonic() : nextAt;
    remember(entry);
    if (news && !gone.signal.aborted) onNewTags(entry.target.name);
    entry.filling ??= inBackground(() => scan.fillIn(state, entry.target, gone.signal))
      .catch((error: unknown) => {
        if (!gone.signal.aborted) log.error({ image: entry.target.name, err: messageOf(error) }, 'reading image dates failed');
      })
      .finally(() => {
        entry.filling = undefined;
        remember(entry);
      });
  };

  const noteList = (entry: Watched): void => {
    const now = clock.monotonic();
    if (entry.listedAt !== undefined) entry.intervalMs = now - entry.listedAt;
    entry.listedAt = now;
  };

  const intervalOf = ({ target, state, quiet }: Watched): number => {
    if (target.isIdle !== true || scan.spending(state, target).budget === undefined) return scanIntervalMs;
    return Math.max(scanIntervalMs, Math.min(scanIntervalMs * 2 ** Math.min(quiet, 20), LONGEST_QUIET_INTERVAL_MS));
  };

  const queues = listQueues(scan, clock);

  const remember = ({ target: { name }, state, gone, nextAt }: Watched): void => {
    if (!gone.signal.aborted) cache?.save({ name, state, nextAt });
  };

  /** Restores what is remembered of new repositories. Those whose list is in time are not scanned before they are due. */
  const restore = async (entries: readonly Watched[]): Promise<void> => {
    const giveUpAt = clock.monotonic() + RESTORE_MS;
    const parts = Array.from({ length: Math.ceil(entries.length / RESTORED_AT_ONCE) }, (_, part) =>
      entries.slice(part * RESTORED_AT_ONCE, (part + 1) * RESTORED_AT_ONCE),
    ).values();
    // The store reads for one while the other decodes.
    const one = async () => {
      for (const some of parts) await restoreSome(some, clock.monotonic() < giveUpAt);
    };
    await Promise.all([one(), one()]);
  };

  /** Restores a repository before a scan, since the store did not say at its start what it has. */
  const restoreLate = async ({ target: { name }, state, gone }: Watched): Promise<void> => {
    if (cache?.isUnread(state) !== true) return;
    await cache.restore([{ name, state }], onNewTags);
    gone.signal.throwIfAborted();
  };

  const restoreSome = async (some: readonly Watched[], inTime: boolean): Promise<void> => {
    const entries = new Map(some.map((entry) => [entry.target.name, entry]));
    const onRestored = (name: string, dueAt: number | undefined) => {
      const entry = entries.get(name);
      if (entry === undefined || entry.gone.signal.aborted) return;
      entry.restoring = undefined;
      if (dueAt === undefined) return;
      entry.nextAt = wantsMore(entry) ? clock.monotonic() : dueAt;
      onNewTags(name);
    };
    const named = some.map(({ target: { name }, state }) => ({ name, state }));
    if (inTime) await cache?.restore(named, onRestored);
    for (const entry of some) entry.restoring = undefined;
    wake.resolve();
  };

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

  const waitingOnes = () => [...watched.values()].filter(isWaiting);

  const nextScan = (entry: Watched, at = Math.max(entry.nextAt, entry.heldUntil)): Pick<ImageScan, 'nextAt'> =>
    isWaiting(entry) && Number.isFinite(at) ? { nextAt: timeOfDay(clock, Math.max(at, clock.monotonic())) } : {};

  const describe = (entry: Watched, turn: number | undefined): ImageScan => {
    const { target, state, intervalMs } = entry;
    const { tags, scannedAt } = state;
    const { name } = target;
    const error = scan.errorOf(state, target);
    const blockedUntil = scan.blockedUntil(name);
    return {
      name,
      tags: scannedAt === undefined ? 0 : tags.length,
      ...(scannedAt === undefined ? {} : { scannedAt }),
      ...(intervalMs === undefined ? {} : { intervalMs: Math.round(intervalMs) }),
      isScanning: !isWaiting(entry),
      ...nextScan(entry, turn),
      ...(blockedUntil > clock.monotonic() ? { blockedUntil: timeOfDay(clock, blockedUntil) } : {}),
      ...(error === undefined ? {} : { error }),
    };
  };

  const loopUntilStopped = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const now = clock.monotonic();
      const { due, nextAt = now + scanIntervalMs } = inTurn(waitingOnes(), now, queues);
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
      if (cache && added.length > 0) {
        const restored = restore(added);
        for (const entry of added) entry.restoring = restored;
      }
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
      return { ...state.snapshot(), ...nextScan(entry), ...(error === undefined ? {} : { error }) };
    },
    scans(): readonly ImageScan[] {
      const turns = expectedTurns(waitingOnes(), clock.monotonic(), queues);
      return [...watched.values()].map((entry) => describe(entry, turns.get(entry))).sort((a, b) => (a.name < b.name ? -1 : 1));
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
