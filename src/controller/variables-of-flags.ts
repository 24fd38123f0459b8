import { type Cancellable, FluxError, type Logger } from '../base/index.ts';
import type { SubstitutionConfig } from '../config/index.ts';
import { isVariableName, type Variable, type Variables } from '../manifests/index.ts';
import type { Cluster } from './ports/cluster.ts';

interface Options {
  readonly cluster: Pick<Cluster, 'ownValues'>;
  readonly log: Logger;
}

/**
 * Reads what variables stand for, again each time: one small request for each object. While one of them cannot be read, none is known,
 * since it may have the value that counts.
 */
export function variablesOf({ sources, optional }: SubstitutionConfig, { cluster, log }: Options) {
  const names = sources.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);

  return async (cancel: Cancellable): Promise<Variables> => {
    const values: Record<string, Variable> = Object.create(null);
    const versions: string[] = [];
    const common = { sources: names, optional };
    for (const [index, { kind, name }] of sources.entries()) {
      const shown = names[index];
      try {
        const found = await cluster.ownValues({ kind, name }, cancel);
        if (!found && !optional) return { ...common, values: {}, version: 'unknown', unknown: `${shown} does not exist` };
        versions.push(found?.version ?? '');
        for (const [key, value] of Object.entries(found?.data ?? {}))
          if (isVariableName(key)) values[key] = { value, isSecret: kind === 'Secret' };
      } catch (error) {
        cancel.signal?.throwIfAborted();
        if (!(error instanceof FluxError)) throw error;
        log.warn({ err: error, object: shown }, 'values of variables cannot be read');
        return { ...common, values: {}, version: 'unknown', unknown: `${shown} cannot be read: ${error.message}` };
      }
    }
    return { ...common, values: { ...values }, version: versions.join(' ') };
  };
}
