import { type ApiResource, collectionPath } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import type { Transport } from './transport.ts';

/** Lists objects of a kind in a namespace; the query bounds their number. @throws FluxError `cluster/forbidden` … */
export type List = (
  resource: ApiResource,
  namespace: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
) => Promise<readonly Fields[]>;

/** `attempts` as in a request of the transport. */
export function createList(transport: Pick<Transport, 'request'>, options: { readonly attempts?: number } = {}): List {
  return async (resource, namespace, query, signal) => {
    const { body } = await transport.request({ path: collectionPath(resource, namespace), query, signal, ...options });
    return recordsOf(fieldsOf(body).items);
  };
}

/** What a list that is read page by page has, and whether there is more. */
export interface Pages<T> {
  readonly items: readonly T[];
  readonly isCut: boolean;
}

export interface PagesRequest<T> {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly labelSelector?: string | undefined;
  /** What is kept of an object; undefined for nothing. */
  readonly keep: (object: Fields) => T | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A page of pods is about a megabyte of JSON, which is parsed in one turn. */
const PAGE = 100;
const MAX_PAGES = 10;

/** The first thousand objects of a kind in a namespace, in pages of which each is asked for once. @throws FluxError `cluster/forbidden` … */
export async function listPages<T>(
  transport: Pick<Transport, 'request'>,
  { resource, namespace, labelSelector, keep, signal }: PagesRequest<T>,
): Promise<Pages<T>> {
  const kept: T[] = [];
  let next = '';
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const query = {
      limit: String(PAGE),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(next === '' ? {} : { continue: next }),
    };
    const { body } = await transport.request({ path: collectionPath(resource, namespace), query, attempts: 1, signal });
    const { items, metadata } = fieldsOf(body);
    kept.push(...recordsOf(items).flatMap((each) => keep(each) ?? []));
    next = textOf(fieldsOf(metadata).continue);
    if (next === '') return { items: kept, isCut: false };
  }
  return { items: kept, isCut: true };
}
