import { z } from 'zod';
import { type Cancellable, FluxError, hasCode } from '../../base/index.ts';
import type { Transport } from '../connection/transport.ts';

export interface ConfigMapOptions {
  /** Checks the fence of the source before each write. */
  readonly transport: Pick<Transport, 'request'>;
  /** The daemon's own namespace; undefined outside of the cluster. */
  readonly namespace: () => Promise<string | undefined>;
  readonly name: string;
}

const schema = z.object({ data: z.record(z.string(), z.string()).nullish() });

/** A patch of a ConfigMap that another daemon deletes or creates meanwhile is repeated so often. */
const ATTEMPTS = 3;

/** The data of one ConfigMap in the daemon's own namespace, which only this daemon and its kind write. */
export function createConfigMapStore({ transport, namespace, name }: ConfigMapOptions) {
  async function collection(): Promise<string> {
    const own = await namespace();
    if (own !== undefined) return `/api/v1/namespaces/${encodeURIComponent(own)}/configmaps`;
    throw new FluxError('fluxd runs outside of the cluster, and has no namespace there', { code: 'memory/no-namespace' });
  }

  return {
    /** The name of the ConfigMap. */
    name,

    /** @throws FluxError `memory/no-namespace`, and those of the transport. */
    async read({ signal }: Cancellable = {}): Promise<Readonly<Record<string, string>>> {
      const path = `${await collection()}/${name}`;
      try {
        const parsed = schema.safeParse((await transport.request({ path, signal })).body);
        if (parsed.success) return parsed.data.data ?? {};
        throw new FluxError(`${path}: the response is not a ConfigMap`, { code: 'cluster/bad-answer', cause: parsed.error });
      } catch (error) {
        if (hasCode(error, 'cluster/not-found')) return {};
        throw error;
      }
    },

    /** Sets these keys, and leaves the others as they are. Safe to repeat. @throws FluxError as `read` does, and `lease/not-held`. */
    async write(data: Readonly<Record<string, string>>, { signal }: Cancellable = {}): Promise<void> {
      const path = await collection();
      for (let attempt = 1; ; attempt += 1) {
        try {
          const body = JSON.stringify({ data });
          const headers = { 'content-type': 'application/merge-patch+json' };
          await transport.request({ method: 'PATCH', path: `${path}/${name}`, headers, body, signal });
          return;
        } catch (error) {
          if (!hasCode(error, 'cluster/not-found') || attempt === ATTEMPTS) throw error;
        }
        try {
          const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
          const headers = { 'content-type': 'application/json' };
          await transport.request({ method: 'POST', path, headers, body, signal });
          return;
        } catch (error) {
          // It is there: a request whose answer was lost may have created it.
          if (!hasCode(error, 'cluster/conflict')) throw error;
        }
      }
    },
  };
}
