import { FluxError } from '../../base/index.ts';
import type { ApiResponse } from '../connection/transport.ts';

/** Limits of a header's length, and of warnings for one object. */
const MAX_HEADER = 16_384;
const MAX_WARNINGS = 10;

/**
 * The API server's Warning headers (RFC 7234, as kubectl prints them), without duplicates: deprecated versions, violations of Pod Security
 * or admission policies.
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
