import pLimit from 'p-limit';
import { FluxError, hasCode } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import { isAbsent } from '../connection/absent.ts';
import type { Transport } from '../connection/transport.ts';
import { objectPath } from '../discovery/api-resource.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { type LiveObject, listMetadata, METADATA, metadataOf } from '../object/live.ts';
import { isNamespace, type Part } from '../scope/allowed-namespaces.ts';
import type { Target } from '../scope/scope.ts';

/** Reads current metadata from the API server, with a few concurrent requests. */
export interface Reads {
  /** The objects of a part, all or those with a label. @throws FluxError; never returns a partial list. */
  list(part: Part, label?: string): Promise<readonly LiveObject[]>;
  /** One object; undefined if there is none. */
  get(place: Pick<Target, 'resource' | 'namespace' | 'name'>): Promise<LiveObject | undefined>;
}

export interface ReadDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
}

/** Concurrency of lists, which are expensive for the API server. */
const IN_FLIGHT = 8;

export function createReads({ transport, discovery }: ReadDeps, signal: AbortSignal | undefined): Reads {
  const limit = pLimit(IN_FLIGHT);

  async function get({ resource, namespace, name }: Parameters<Reads['get']>[0]): Promise<LiveObject | undefined> {
    const path = objectPath(resource, namespace, name);
    try {
      const { body } = await limit(() => transport.request({ path, headers: { accept: METADATA }, signal }));
      const live = isFields(body) && isFields(body.metadata) ? metadataOf(body) : undefined;
      if (live?.name === name && live.uid !== undefined) return live;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw doubted(error);
    }
    throw new FluxError(`${path}: the response contains no object`, { code: 'cluster/bad-answer' });
  }

  /** Invalidates discovery if the server contradicts it. */
  function doubted(error: unknown): unknown {
    if (isUnknownKind(error)) discovery.distrust();
    return error;
  }

  return {
    get,
    async list({ resource, namespace }, label) {
      if (isNamespace(resource) && namespace !== undefined) {
        // Rights in a namespace allow reading that Namespace, but not listing all.
        const live = await get({ resource, namespace: undefined, name: namespace });
        return live && (label === undefined || live.labels?.[label] !== undefined) ? [live] : [];
      }
      const options = { signal, namespace, ...(label === undefined ? {} : { labelSelector: label }) };
      return limit(() => listMetadata(transport, resource, options)).catch((error: unknown) => {
        throw doubted(error);
      });
    },
  };
}

/** Whether the server does not serve the kind, in contrast to discovery. */
export function isUnknownKind(error: unknown): boolean {
  return hasCode(error, 'cluster/unknown-resource');
}
