import { apiVersionOf, type Resource, storageKey } from './catalog.ts';
import type { JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { type Match, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { ApiError, badRequest, cause, expired, invalid } from './status.ts';
import type { Store, StoreEvent } from './store.ts';

export interface Page {
  readonly objects: readonly KubeObject[];
  readonly metadata: JsonObject;
}

export function matchOf(resource: Resource, query: URLSearchParams): Match {
  const byLabel = parseLabelSelector(query.get('labelSelector') ?? '');
  const byField = parseFieldSelector(query.get('fieldSelector') ?? '', resource.kind);
  return (object) => byLabel(object) && byField(object);
}

function parseVersion(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^\d+$/.test(text)) {
    const why = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new ApiError(500, undefined, why);
  }
  return Number(text);
}

function checkNotInFuture(version: number, current: number): void {
  if (version <= current) return;
  throw new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Paginated lists; all pages show the state at the first one. */
export interface Lister {
  list(resource: Resource, namespace: string | undefined, query: URLSearchParams): Page;
  /** Invalidates the continue tokens of earlier lists. */
  forget(): void;
}

const SNAPSHOTS = 200;

export function createLister(store: Store): Lister {
  const snapshots = new Map<string, readonly KubeObject[]>();
  return {
    forget: () => snapshots.clear(),
    list: (resource, namespace, query) => {
      const token = query.get('continue');
      const limit = Number(query.get('limit') ?? 0);
      const matches = matchOf(resource, query);
      checkNotInFuture(parseVersion(query.get('resourceVersion')), store.version());
      const position = token ? parseToken(token) : { version: store.version(), start: 0 };
      const key = `${storageKey(resource)} ${namespace ?? ''} ${position.version} ${query.get('labelSelector') ?? ''} ${query.get('fieldSelector') ?? ''}`;
      const all = token ? snapshots.get(key) : store.list(storageKey(resource), namespace).filter(matches);
      if (!all)
        throw expired(
          'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
        );
      const objects = limit > 0 ? all.slice(position.start, position.start + limit) : all.slice(position.start);
      const end = position.start + objects.length;
      if (end >= all.length) return { objects, metadata: { resourceVersion: String(position.version) } };
      snapshots.set(key, all);
      const oldest = snapshots.keys().next().value;
      if (snapshots.size > SNAPSHOTS && oldest !== undefined) snapshots.delete(oldest);
      const next = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: position.version, start: end })).toString('base64url');
      return {
        objects,
        // As on the real server, remaining items are not counted for a selector.
        metadata: {
          resourceVersion: String(position.version),
          continue: next,
          ...(query.get('labelSelector') || query.get('fieldSelector') ? {} : { remainingItemCount: all.length - end }),
        },
      };
    },
  };
}

function parseToken(token: string): { readonly version: number; readonly start: number } {
  try {
    const raw = JSON.parse(Buffer.from(token, 'base64url').toString()) as { rv?: unknown; start?: unknown };
    if (typeof raw.rv === 'number' && typeof raw.start === 'number') return { version: raw.rv, start: raw.start };
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${(error as Error).message}`);
  }
  throw badRequest('invalid continue token: continue key is not valid: it has no position');
}

export interface WatchMessage {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

export interface WatchOptions {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  /** Called for each message in order; bookmarks carry only kind, apiVersion and resourceVersion. */
  readonly send: (message: WatchMessage) => void;
}

export interface Watch {
  /** Sends a bookmark with the current version, if the client requested bookmarks. */
  bookmark(): void;
  stop(): void;
}

/** Opens a watch. Throws ApiError for an invalid request; a version that is too old causes an ERROR message with code 410. */
export function watch(store: Store, { resource, namespace, query, send }: WatchOptions): Watch {
  const matches = matchOf(resource, query);
  const inScope: Match = (object) => (namespace === undefined || metaOf(object).namespace === namespace) && matches(object);
  const bookmarks = query.get('allowWatchBookmarks') === 'true';
  const initial = initialEvents(query);
  const from = parseVersion(query.get('resourceVersion'));
  checkNotInFuture(from, store.version());
  const key = storageKey(resource);

  const bookmark = (annotations?: JsonObject) => {
    const metadata = {
      resourceVersion: String(store.version()),
      creationTimestamp: null,
      ...(annotations ? { annotations } : {}),
    };
    const empty = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
    send({ type: 'BOOKMARK', object: empty });
  };
  const deliver = (event: StoreEvent) => {
    const now = inScope(event.object) && event.type !== 'DELETED';
    const before = event.type === 'ADDED' ? false : inScope(event.previous ?? event.object);
    if (now) send({ type: before ? 'MODIFIED' : 'ADDED', object: event.object });
    else if (before)
      send({
        type: 'DELETED',
        object: withVersion(event.type === 'DELETED' ? event.object : (event.previous ?? event.object), event.version),
      });
  };

  if (initial || from === 0) {
    if (initial !== false) for (const object of store.list(key)) if (inScope(object)) send({ type: 'ADDED', object });
    if (initial) bookmark({ 'k8s.io/initial-events-end': 'true' });
  } else {
    const missed = store.since(key, from);
    if (!missed) {
      send({ type: 'ERROR', object: expired(`too old resource version: ${from} (${store.oldest()})`).body() });
      return { bookmark: () => undefined, stop: () => undefined };
    }
    for (const event of missed) deliver(event);
  }
  return { bookmark: () => bookmarks && bookmark(), stop: store.subscribe(key, deliver) };
}

function withVersion(object: KubeObject, version: number): KubeObject {
  return { ...object, metadata: { ...(object.metadata as JsonObject), resourceVersion: String(version) } };
}

/** The streaming list: https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists */
function initialEvents(query: URLSearchParams): boolean | undefined {
  const wanted = query.get('sendInitialEvents');
  if (wanted === null) return undefined;
  const match = query.get('resourceVersionMatch');
  if (match !== 'NotOlderThan')
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      cause(
        'resourceVersionMatch',
        'FieldValueForbidden',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    ]);
  return wanted === 'true';
}
