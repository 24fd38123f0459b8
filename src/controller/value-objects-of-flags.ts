import { type Cancellable, FluxError, type Logger } from '../base/index.ts';
import type { SubstitutionConfig, SubstitutionSource } from '../config/index.ts';
import { type ValueObject, type ValueObjects, valueObjectName } from '../manifests/index.ts';
import type { Cluster } from './ports/cluster.ts';

interface Options {
  readonly cluster: Pick<Cluster, 'ownValues'>;
  readonly log: Logger;
}

/** Reads the objects of `--substitute-from`, again each time: one small request for each. */
export function valueObjectsOf({ sources, optional }: SubstitutionConfig, { cluster, log }: Options) {
  return async (cancel: Cancellable): Promise<ValueObjects> => {
    const read = async (source: SubstitutionSource): Promise<readonly [string, ValueObject]> => {
      const name = valueObjectName(source);
      try {
        const found = await cluster.ownValues(source, cancel);
        return [name, found ? { kind: 'present', ...found } : { kind: 'absent' }];
      } catch (error) {
        cancel.signal?.throwIfAborted();
        if (!(error instanceof FluxError)) throw error;
        log.warn({ err: error, object: name }, 'object with values cannot be read');
        return [name, { kind: 'unreadable', why: error.message }];
      }
    };
    return { kind: 'read', byName: new Map(await Promise.all(sources.map(read))), optional };
  };
}
