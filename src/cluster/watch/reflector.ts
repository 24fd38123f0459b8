import {
  asFluxError,
  type Cancellable,
  type Clock,
  FluxError,
  hasCode,
  type Logger,
  messageOf,
  waitOrAbort,
} from '../../base/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, collectionPath, kindKey } from '../discovery/api-resource.ts';
import { listPages, METADATA } from '../object/live.ts';
import { Copy } from './copy.ts';
import { type WatchEvent, watchEvents } from './event-stream.ts';
import { Store, type StoreOptions } from './store.ts';
import {
  connected,
  disordered,
  ended,
  failed,
  isOutcome,
  listed,
  listing,
  NOT_LISTED,
  needsPages,
  outdated,
  pauseAfterEnd,
  pauseAfterFailure,
  rested,
  type WatchState,
  withoutStreaming,
  woken,
} from './watch-state.ts';

export interface ReflectorOptions<T> extends StoreOptions<T> {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resource: ApiResource;
  /** One namespace instead of all. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  /** Called when the watch is lost and the first attempt to get it back has failed. Must not throw. */
  readonly onLost?: () => void;
  /** Source of jitter in [0, 1). */
  readonly random?: () => number;
}

/** A local copy of the objects of one kind, kept up to date by a watch. */
export interface Reflector<T> {
  /** By `objectKeyIn`. Meaningful after `current` resolved. */
  readonly objects: ReadonlyMap<string, T>;
  /**
   * Resolves when the copy is complete and a watch keeps it up to date; after a lost connection, reconnects at once.
   * @throws FluxError with the reason if that fails, for a temporary one twice; the last copy stays, and retries continue.
   */
  current(options?: Cancellable): Promise<void>;
  /** True while a watch keeps the copy current. */
  readonly live: boolean;
  /** Number of lists so far. */
  readonly lists: number;
  /** Counts every change of `objects`. */
  readonly changes: number;
  readonly note: Store<T>['note'];
  /**
   * Suspends the watch until `wake`, until a call of `current`, or for half a minute; then it resumes. For bulk writes, whose results `note`
   * adds in place of the watch.
   */
  rest(): void;
  wake(): void;
  close(): void;
}

/** The server ends a watch after this time, and it is resumed. */
const WATCH_S = 45;
/** Grace period after which the connection of a watch counts as dead (R-006: detected within a minute). */
const GRACE_MS = 10_000;
/** Well within the minute for which an API server keeps its history. */
const REST_MS = 30_000;
const RESTING = new FluxError('the watch rests', { code: 'cluster/stopped' });

/**
 * Lists one kind and follows it by a watch. If supported, the list arrives as the watch's first events (streaming list); otherwise in
 * pages. Partial lists are never used; a version that is too old for the server (410) requires a new list, with backoff; a connection that
 * ended or went silent is resumed, and duplicate or late events change nothing.
 */
export function createReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { transport, clock, log, resource, detail, random } = options;
  const path = collectionPath(resource, options.namespace);
  const selector = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };
  const jitter = random ? { random } : {};
  const subject = { kind: kindKey(resource), ...(options.namespace === undefined ? {} : { namespace: options.namespace }) };
  const closing = new AbortController();

  const store = new Store(options);
  let state = NOT_LISTED;
  /** The outcome of the attempt under way, for those who wait for it. */
  let attempt = newAttempt();
  let endPause: (() => void) | undefined;
  /** Ends the connection that is followed. */
  let cut: AbortController | undefined;

  void run();

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const afterMs = await connect();
      const pauseMs = state.phase === 'resting' ? REST_MS : afterMs;
      if (pauseMs > 0) await pause(pauseMs);
      become(woken(state));
    }
    attempt.reject(new FluxError('the watch was closed', { code: 'cluster/watch-closed' }));
  }

  /** A watch that is not live any more makes others wait for the next attempt. */
  function become(next: WatchState): void {
    if (state.phase === 'live' && next.phase !== 'live') attempt = newAttempt();
    state = next;
  }

  /** One connection, until it ends or fails. Resolves to how long to wait before the next. */
  async function connect(): Promise<number> {
    const openedAt = clock.monotonic();
    try {
      await follow();
      become(ended(state, clock.monotonic() - openedAt));
      return pauseAfterEnd(state, jitter);
    } catch (thrown) {
      if (closing.signal.aborted || thrown === RESTING) return 0;
      fail(asFluxError(thrown, { code: 'cluster/watch-failed' }), clock.monotonic() - openedAt);
      return pauseAfterFailure(state, jitter);
    }
  }

  /** Lists if there is need, then follows until the server ends the connection. */
  async function follow(): Promise<void> {
    if (needsPages(state)) await listAll();
    const openedAt = clock.monotonic();
    const ending = new AbortController();
    cut = ending;
    const signal = AbortSignal.any([closing.signal, ending.signal]);
    const silence = clock
      .sleep(WATCH_S * 1000 + GRACE_MS, { signal })
      .then(() => ending.abort(silent()))
      .catch(() => undefined);
    try {
      const response = await open(signal);
      let incoming = state.start === 'resume' ? undefined : new Copy<T>();
      let heard = false;
      if (incoming) become(listing(state));
      else found();
      for await (const event of watchEvents(response, path)) {
        heard = true;
        if (!incoming) take(event);
        else if (event.type === 'synced') {
          replace(incoming, event.resourceVersion);
          incoming = undefined;
          found();
        } else if (event.type === 'set') store.add(incoming, event.object);
        else if (event.type === 'deleted') store.remove(incoming, event.object);
      }
      if (incoming) {
        // Servers that do not know streaming lists may take it for an ordinary watch.
        become(withoutStreaming(state));
        throw new FluxError(`list of ${kindKey(resource)}: the stream ended before the list was complete`, {
          code: 'cluster/bad-answer',
        });
      }
      // A watch ends with a bookmark. Where nothing was said all the time, the server may wait for a version it will not reach soon.
      if (!heard && clock.monotonic() - openedAt >= WATCH_S * 900) become(outdated(state));
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : error;
    } finally {
      ending.abort(new Error('ended'));
      await silence;
    }
  }

  async function open(signal: AbortSignal) {
    const streaming = state.start !== 'resume';
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_S),
      ...selector,
      ...(streaming
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', resourceVersion: store.version ?? '0' }
        : { resourceVersion: store.version ?? '0' }),
    };
    try {
      return await transport.stream({ path, query, signal, headers: detail === 'metadata' ? { accept: METADATA } : {} });
    } catch (error) {
      if (!streaming || !isRefused(error)) throw error;
      // Before Kubernetes 1.32: pages, then.
      become(withoutStreaming(state));
      await listAll();
      return open(signal);
    }
  }

  async function listAll(): Promise<void> {
    become(listing(state));
    const incoming = new Copy<T>();
    const { items, resourceVersion } = await listPages(transport, resource, detail, (item) => item, {
      ...selector,
      namespace: options.namespace,
      ...(state.start === 'newest list' ? {} : { notOlderThan: store.version ?? '0' }),
      signal: closing.signal,
    });
    for (const item of items) store.add(incoming, item);
    replace(incoming, resourceVersion);
  }

  function replace(incoming: Copy<T>, listedAt: string): void {
    become(listed(state));
    store.replace(incoming, listedAt);
  }

  function take(event: WatchEvent): void {
    if (store.take(event)) return;
    become(disordered(state));
    throw new FluxError(`watch of ${path}: events are out of order`, { code: 'cluster/bad-answer' });
  }

  function found(): void {
    if (state.phase !== 'live' && state.failures > 0) log.info({ ...subject }, 'watch recovered');
    become(connected(state));
    attempt.resolve();
  }

  function fail(error: FluxError, heldMs: number): void {
    const before = state;
    become(failed(before, error, heldMs));
    if (state.failures === 2) options.onLost?.();
    // Once per outage, since every failed sync reports it as well.
    const level = state.failures === 3 ? 'warn' : 'debug';
    log[level]({ ...subject, err: messageOf(error) }, 'watch failed; retrying');
    if (!isOutcome(before, state)) return;
    attempt.reject(error);
    attempt = newAttempt();
  }

  async function pause(ms: number): Promise<void> {
    const woken = new AbortController();
    endPause = () => woken.abort();
    await clock.sleep(ms, { signal: AbortSignal.any([closing.signal, woken.signal]) }).catch(() => undefined);
    endPause = undefined;
  }

  function wake(): void {
    become(woken(state));
    endPause?.();
  }

  function silent(): FluxError {
    return new FluxError(`watch of ${path}: not ended by the server after ${WATCH_S + GRACE_MS / 1000} s`, {
      code: 'cluster/unreachable',
      help: 'The connection to the API server is dead, although it was not closed. The watch is reopened.',
    });
  }

  return {
    get objects() {
      return store.objects;
    },
    get live() {
      return state.phase === 'live';
    },
    get lists() {
      return state.lists;
    },
    get changes() {
      return store.changes;
    },
    async current({ signal } = {}) {
      if (state.phase === 'live') return;
      const outcome = attempt.promise;
      wake();
      await waitOrAbort(outcome, signal);
    },
    note: (object, merge) => store.note(object, merge),
    rest() {
      if (state.phase !== 'live') return;
      become(rested(state));
      cut?.abort(RESTING);
    },
    wake,
    close() {
      closing.abort(new FluxError('the watch was closed', { code: 'cluster/stopped' }));
      wake();
    },
  };
}

/** An attempt whose outcome may go unobserved. */
function newAttempt(): PromiseWithResolvers<void> {
  const attempt = Promise.withResolvers<void>();
  attempt.promise.catch(() => undefined);
  return attempt;
}

/** A server without streaming lists answers so to the parameters it does not know. */
function isRefused(error: unknown): boolean {
  return hasCode(error, 'cluster/invalid', 'cluster/refused', 'cluster/not-supported');
}
