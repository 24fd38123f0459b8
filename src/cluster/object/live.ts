import { FluxError, hasCode } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, collectionPath } from '../discovery/api-resource.ts';

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** Fields that others took from us, or removed. */
export interface LostFields {
  /** Paths in display form, `spec.template.spec.containers[name=web].image`; sorted. Empty if all fields are still ours. */
  readonly fields: readonly string[];
  /** The manager that owns them now, or wrote last. */
  readonly by?: string;
}

/** The metadata of an object in the cluster, as returned by the API server. */
export interface LiveObject {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts changes of the spec; many kinds have none. */
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly unknown[];
  readonly finalizers?: readonly string[];
  readonly deletionTimestamp?: string;
  readonly managedFields?: readonly ManagedFields[];
  /** `spec.replicas` of a scaled object that is watched completely. */
  readonly replicas?: number;
  /** Digest of our own managedFields entry, which replaces it for watched objects. */
  readonly fingerprint?: string;
  /** For a watched object: our fields that others took, as last seen. */
  readonly lost?: LostFields;
}

/** A live object that differs by its uid from earlier and later ones of the same name. */
export type Identified = LiveObject & { readonly uid: string };

export function isIdentified(live: LiveObject): live is Identified {
  return live.uid !== undefined && live.uid !== '';
}

export const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Page size: quick responses without much memory on either side. */
const PAGE = 500;
const MAX_PAGES = 20_000;

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly namespace?: string | undefined;
  /** Accepts any state that is not older than this one; '0' means any cached state. The newest by default. */
  readonly notOlderThan?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Objects with the resourceVersion of the list. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Metadata of all objects of a kind. @throws FluxError; never returns a partial list. */
export async function listMetadata(
  transport: Transport,
  resource: ApiResource,
  options: ListOptions = {},
): Promise<readonly LiveObject[]> {
  return (await listPages(transport, resource, 'metadata', metadataOf, options)).items;
}

/** The requested part of each object. */
export type Detail = 'metadata' | 'whole';

/**
 * Lists all objects of a kind, each reduced by `trim` when its page arrives.
 * @throws FluxError; never returns a partial list (R-007).
 */
export async function listPages<T>(
  transport: Transport,
  resource: ApiResource,
  detail: Detail,
  trim: (item: Readonly<Record<string, unknown>>) => T,
  options: ListOptions = {},
): Promise<Listed<T>> {
  const accept = detail === 'metadata' ? METADATA_LIST : 'application/json';
  const kind = detail === 'metadata' ? 'PartialObjectMetadataList' : `${resource.kind}List`;
  for (let restarted = false; ; restarted = true) {
    try {
      return await pass();
    } catch (error) {
      // The continue token is older than etcd's history: restart once.
      if (restarted || !hasCode(error, 'cluster/expired')) throw error;
    }
  }

  async function pass(): Promise<Listed<T>> {
    const items: T[] = [];
    let next = '';
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { body } = await transport.request({
        path: collectionPath(resource, options.namespace),
        query: {
          limit: String(PAGE),
          ...(options.labelSelector ? { labelSelector: options.labelSelector } : {}),
          ...(options.fieldSelector ? { fieldSelector: options.fieldSelector } : {}),
          ...(next
            ? { continue: next }
            : options.notOlderThan === undefined
              ? {}
              : { resourceVersion: options.notOlderThan, resourceVersionMatch: 'NotOlderThan' }),
        },
        headers: { accept },
        signal: options.signal,
      });
      const list = pageOf(body, kind);
      if (!list) throw badList(resource, 'is not a list of that kind');
      for (const item of list.items) items.push(trim(item));
      if (list.next === '') return { items, resourceVersion: list.resourceVersion };
      if (list.next === next) throw badList(resource, 'repeats a page');
      next = list.next;
    }
    throw badList(resource, 'does not end');
  }
}

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next: string;
  /** Empty if the server does not return one. */
  readonly resourceVersion: string;
}

/**
 * A valid page, else undefined. Go writes an empty list of items as null, as do real API servers for an empty collection: null is accepted
 * only together with a resourceVersion and without a continuation.
 */
function pageOf(body: unknown, kind: string): Page | undefined {
  if (!isFields(body) || body.kind !== kind || !isFields(body.metadata)) return undefined;
  const { metadata, items } = body;
  if (metadata.continue !== undefined && typeof metadata.continue !== 'string') return undefined;
  const next = metadata.continue ?? '';
  const resourceVersion = typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : '';
  // The last page must not announce remaining items.
  if (next === '' && typeof metadata.remainingItemCount === 'number' && metadata.remainingItemCount > 0) return undefined;
  if (items === null) return resourceVersion !== '' && next === '' ? { items: [], next, resourceVersion } : undefined;
  if (!Array.isArray(items)) return undefined;
  const named = items.every((item) => isFields(item) && isFields(item.metadata) && typeof item.metadata.name === 'string');
  return named ? { items, next, resourceVersion } : undefined;
}

/** The metadata of an object or of a metadata-only view of it. */
export function metadataOf(item: Readonly<Record<string, unknown>>): LiveObject {
  return item.metadata as LiveObject;
}

function badList({ plural, group }: ApiResource, what: string): FluxError {
  return new FluxError(`list of ${plural}${group ? `.${group}` : ''}: the response ${what}`, {
    code: 'cluster/bad-answer',
    help: 'The API server, or a proxy in front of it, sent an unexpected response, which is ignored.',
  });
}
