import { z } from 'zod';
import type { Cancellable } from '../../base/index.ts';
import { createOwnObject, type OwnObjectOptions } from '../object/own-object.ts';

/** The transport checks the fence of the source before each write. */
export type ConfigMapOptions = Pick<OwnObjectOptions<unknown>, 'transport' | 'namespace' | 'name'>;

const schema = z.object({ data: z.record(z.string(), z.string()).nullish() });

/** The data of one ConfigMap in the daemon's own namespace, which only this daemon and its kind write. */
export function createConfigMapStore(options: ConfigMapOptions) {
  const { read, put } = createOwnObject({ ...options, kind: 'ConfigMap', schema, outside: 'memory/no-namespace' });
  return {
    /** The name of the ConfigMap. */
    name: options.name,

    /** @throws FluxError `memory/no-namespace`, and those of the transport. */
    read: async (cancel?: Cancellable): Promise<Readonly<Record<string, string>>> => (await read(cancel))?.data ?? {},

    /** Sets these keys, and leaves the others as they are. Safe to repeat. @throws FluxError as `read` does, and `lease/not-held`. */
    async write(data: Readonly<Record<string, string>>, cancel: Cancellable = {}): Promise<void> {
      await put({ data }, { data }, cancel);
    },
  };
}
