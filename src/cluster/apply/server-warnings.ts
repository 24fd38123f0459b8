import { FluxError } from '../../base/index.ts';
import type { ApiResponse } from '../connection/transport.ts';

/** What is read of a header at most, and told of one object. */
const MAX_HEADER = 16_384;
const MAX_WARNINGS = 10;

/**
 * What the API server warns of beside an answer (RFC 7234, as kubectl prints it): versions that will go, what Pod Security or an
 * admission policy does not like. Each once.
 */
export function serverWarnings({ headers }: Pick<ApiResponse, 'headers'>): readonly FluxError[] {
  const { warning = '' } = headers;
  const text = (typeof warning === 'string' ? warning : warning.join(', ')).slice(0, MAX_HEADER);
  const found = [...text.matchAll(/\b299 [^\s"]{1,100} "((?:[^"\\]|\\.)*)"/g)];
  const texts = new Set(found.map(([, quoted = '']) => quoted.replace(/\\(.)/g, '$1')));
  return [...texts]
    .slice(0, MAX_WARNINGS)
    .map((message) => new FluxError(`the API server warns: ${message}`, { code: 'cluster/warning', fault: 'user' }));
}
