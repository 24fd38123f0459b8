import { type ApiResource, collectionPath } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf, recordsOf } from '../object/fields.ts';
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
