import type { ResourceRight } from '../../resource/index.ts';
import { isAbsent } from '../connection/absent.ts';
import { createList, listPages, type Pages, type PagesRequest } from '../connection/list.ts';
import type { Transport } from '../connection/transport.ts';
import { type ApiResource, objectPath } from '../discovery/api-resource.ts';
import { type Fields, fieldsOf } from '../object/fields.ts';

/** Throws unless the person who looks has a right. */
export type Permit = (right: ResourceRight) => Promise<void>;

/** Reads for a person, each of them with a right of that person (S-070). They are sent once, since the page repeats them. */
export interface PermittedReads {
  /** Undefined if there is no such object. */
  get(resource: ApiResource, namespace: string | undefined, name: string): Promise<Fields | undefined>;
  list(resource: ApiResource, namespace: string, query: Readonly<Record<string, string>>): Promise<readonly Fields[]>;
  /** A list that may be long, page by page. */
  pages<T>(request: Omit<PagesRequest<T>, 'signal'>): Promise<Pages<T>>;
}

export function permittedReads(
  transport: Pick<Transport, 'request'>,
  permit: Permit,
  signal: AbortSignal | undefined,
): PermittedReads {
  const list = createList(transport, { attempts: 1 });
  return {
    async get(resource, namespace, name) {
      await permit({ ...rightOn(resource, 'get', namespace), name });
      try {
        const { body } = await transport.request({ path: objectPath(resource, namespace, name), attempts: 1, signal });
        return fieldsOf(body);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async list(resource, namespace, query) {
      await permit(rightOn(resource, 'list', namespace));
      return list(resource, namespace, query, signal);
    },
    async pages(request) {
      await permit(rightOn(request.resource, 'list', request.namespace));
      return listPages(transport, { ...request, signal });
    },
  };
}

function rightOn({ group, plural }: ApiResource, verb: ResourceRight['verb'], namespace: string | undefined): ResourceRight {
  return { verb, group, resource: plural, ...(namespace === undefined ? {} : { namespace }) };
}
