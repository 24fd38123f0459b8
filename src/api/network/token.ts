import type { IncomingHttpHeaders } from 'node:http';

/**
 * The token of an Authorization header: `Bearer TOKEN` (RFC 6750), or `Scope-Probe token=TOKEN`, as Flux v1's fluxctl sends what
 * --token gives it.
 */
export function tokenOf({ authorization }: Pick<IncomingHttpHeaders, 'authorization'>): string | undefined {
  const [, bearer, probe] =
    /^(?:bearer +([\w.~+/=-]+)|scope-probe +token=([\w.~+/=-]+))$/i.exec(authorization?.trim() ?? '') ?? [];
  return bearer ?? probe;
}
