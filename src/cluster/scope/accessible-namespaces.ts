import { type ChangedOnly, FluxError, type Logger } from '../../base/index.ts';
import type { Transport } from '../connection/transport.ts';
import { METADATA } from '../object/live.ts';
import type { AllowedNamespaces } from './allowed-namespaces.ts';

export interface AccessDeps {
  readonly transport: Transport;
  readonly allowed: AllowedNamespaces;
  readonly log: Logger;
  readonly changedOnly: ChangedOnly;
}

const NO_ACCESS = new Set(['cluster/forbidden', 'cluster/not-found', 'cluster/namespace-missing']);

/**
 * The namespaces to list: `[undefined]`, meaning all, without a restriction. Each allowed namespace is checked first; one that is missing
 * or inaccessible is omitted, which is logged once until it recovers (Flux v1's rule). `only` restricts the result to one.
 */
export async function accessibleNamespaces(
  only: string | undefined,
  { transport, allowed, log, changedOnly }: AccessDeps,
  signal?: AbortSignal,
): Promise<readonly (string | undefined)[]> {
  if (!allowed.names) return [undefined];
  const asked = allowed.names.filter((name) => only === undefined || name === only);
  const found = await Promise.all(asked.map(async (name) => ((await isAccessible(name)) ? [name] : [])));
  return found.flat();

  async function isAccessible(name: string): Promise<boolean> {
    const subject = `namespace ${name}`;
    try {
      await transport.request({ path: `/api/v1/namespaces/${encodeURIComponent(name)}`, headers: { accept: METADATA }, signal });
      changedOnly.recovered(subject);
      return true;
    } catch (error) {
      if (!(error instanceof FluxError && NO_ACCESS.has(error.code))) throw error;
      if (changedOnly.hasChanged(subject, error.code))
        log.warn({ namespace: name, err: error.message }, 'cannot access allowed namespace');
      return false;
    }
  }
}
