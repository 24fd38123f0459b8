import type { IncomingHttpHeaders } from 'node:http';

/**
 * The token of an Authorization header: `Bearer TOKEN` (RFC 6750), or `Scope-Probe token=TOKEN`, the form in which Flux v1's fluxctl
 * sends --token.
 */
export function tokenOf({ authorization }: Pick<IncomingHttpHeaders, 'authorization'>): string | undefined {
  const [, bearer, probe] =
    /^(?:bearer +([\w.~+/=-]+)|scope-probe +token=([\w.~+/=-]+))$/i.exec(authorization?.trim() ?? '') ?? [];
  return bearer ?? probe;
}
