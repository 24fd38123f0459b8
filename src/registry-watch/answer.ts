import type { HttpResponse } from '../base/index.ts';
import { exceedsIndicators, FluxError, redact } from '../base/index.ts';

/** Sanitised text from a registry: one line, bounded, without control characters and secrets. */
export function printable(text: string, limit = 200): string {
  const clean = redact(text.slice(0, limit * 2))
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}

/** Limit of JSON values in a response: parsing and validating that many blocks the process for about 30 ms (S-052). */
const MAX_VALUES = 120_000;

/**
 * Parses the body of a response as JSON.
 * @throws FluxError `registry/bad-answer` if it is not JSON or not UTF-8 (a login page, a partial response), or has more values than a
 * registry has reason to send.
 */
export function jsonOf(body: Buffer, subject: string, maxValues: number = MAX_VALUES): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (exceedsIndicators(text, maxValues))
      throw new FluxError(`${subject}: the response has more than ${maxValues} values`, { code: 'registry/bad-answer' });
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof FluxError) throw error;
    throw new FluxError(`${subject}: the response is not JSON`, {
      code: 'registry/bad-answer',
      help: 'The server at this address may not be a registry, but for example a proxy or a login page.',
      cause: error,
    });
  }
}

/** The error for a failure status; quotes the registry's message. */
export function failureOf({ status, body }: HttpResponse, subject: string): FluxError {
  const { code, message } = ociError(body);
  const said = printable([code.toLowerCase().replaceAll('_', ' '), message].filter(Boolean).join(': '));
  const text = `${subject}: status ${status}${said === '' ? '' : `, ${said}`}`;
  if (status === 429 || code === 'TOOMANYREQUESTS') return new FluxError(text, { code: 'registry/rate-limited' });
  if (status === 401 || status === 403) return unauthorized(text);
  if (status === 404) return new FluxError(text, { code: 'registry/not-found', fault: 'missing' });
  return new FluxError(text, { code: status >= 500 ? 'registry/unavailable' : 'registry/bad-answer' });
}

export function unauthorized(message: string): FluxError {
  return new FluxError(message, {
    code: 'registry/unauthorized',
    fault: 'user',
    help: 'Add an imagePullSecret for this registry to the workload or its service account, or a Docker config file to the daemon. Some registries report missing repositories this way.',
  });
}

/** The first error of an OCI error document; empty strings if the body is not one. */
function ociError(body: Buffer): { readonly code: string; readonly message: string } {
  const none = { code: '', message: '' };
  if (body.length === 0 || body.length > 65_536) return none;
  try {
    const [first] = JSON.parse(body.toString('utf8')).errors;
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    return { code: text(first?.code), message: text(first?.message) };
  } catch {
    // Not an error document: only the status is known.
    return none;
  }
}
