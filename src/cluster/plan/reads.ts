import pLimit from 'p-limit';
import { FluxError } from '../../base/index.ts';
import { isFields } from '../../resource/index.ts';
import type { Transport } from '../connection/transport.ts';
import { objectPath } from '../discovery/api-resource.ts';
import type { Discovery } from '../discovery/discovery.ts';
import { type LiveObject, listMetadata, METADATA, metadataOf } from '../object/live.ts';
import { isNamespace, type Part } from '../scope/allowed-namespaces.ts';
import type { Target } from '../scope/scope.ts';

/** Metadata as the API server has it now, a few requests at a time. */
export interface Reads {
  /** What is in a part, all or what carries a label. @throws FluxError; a list is whole or it is nothing. */
  list(part: Part, label?: string): Promise<readonly LiveObject[]>;
  /** One object; undefined when there is none. */
  get(place: Pick<Target, 'resource' | 'namespace' | 'name'>): Promise<LiveObject | undefined>;
}

export interface ReadDeps {
  readonly transport: Transport;
  readonly discovery: Discovery;
}

/** A list is a heavy request to the API server. */
const IN_FLIGHT = 8;
/** A Namespace that is not there is asked for like anything else, and answered as if something in it were. */
const ABSENT = new Set(['cluster/not-found', 'cluster/namespace-missing']);

export function createReads({ transport, discovery }: ReadDeps, signal: AbortSignal | undefined): Reads {
  const limit = pLimit(IN_FLIGHT);

  async function get({ resource, namespace, name }: Parameters<Reads['get']>[0]): Promise<LiveObject | undefined> {
    const path = objectPath(resource, namespace, name);
    try {
      const { body } = await limit(() => transport.request({ path, headers: { accept: METADATA }, signal }));
      const live = isFields(body) && isFields(body.metadata) ? metadataOf(body) : undefined;
      if (live?.name === name && live.uid !== undefined) return live;
    } catch (error) {
      if (error instanceof FluxError && ABSENT.has(error.code)) return undefined;
      throw doubted(error);
    }
    throw new FluxError(`${path}: the answer holds no object`, { code: 'cluster/bad-answer' });
  }

  /** When the server contradicts discovery, the next plan looks anew. */
  function doubted(error: unknown): unknown {
    if (isUnknownKind(error)) discovery.distrust();
    return error;
  }

  return {
    get,
    async list({ resource, namespace }, label) {
      if (isNamespace(resource) && namespace !== undefined) {
        // Rights in a namespace allow to read that Namespace, but not to list them all.
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

/** The server does not serve the kind, whatever discovery said. */
export function isUnknownKind(error: unknown): boolean {
  return error instanceof FluxError && error.code === 'cluster/unknown-resource';
}
