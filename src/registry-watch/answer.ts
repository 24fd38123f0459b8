import type { HttpResponse } from '../base/index.ts';
import { exceedsIndicators, FluxError, redact } from '../base/index.ts';

/** Text that a registry sent, safe to show: one line, bounded, no control characters, no secrets. */
export function printable(text: string, limit = 200): string {
  const clean = redact(text.slice(0, limit * 2))
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}

/** Values of one answer: to parse and check as many takes about 30 ms, in which nothing else is done (S-052). */
const MAX_VALUES = 120_000;

/**
 * Body of an answer as JSON.
 * @throws FluxError `registry/bad-answer` when it is none, is not UTF-8 (a login page, half an answer), or has more values than any
 * registry has reason to send.
 */
export function jsonOf(body: Buffer, subject: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (exceedsIndicators(text, MAX_VALUES))
      throw new FluxError(`${subject}: the answer has more than ${MAX_VALUES} values`, { code: 'registry/bad-answer' });
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof FluxError) throw error;
    throw new FluxError(`${subject}: the answer is not JSON`, {
      code: 'registry/bad-answer',
      help: 'Something other than a registry may be answering at this address, for example a proxy or a login page.',
      cause: error,
    });
  }
}

/** The error that an answer other than success stands for; the registry's own words are quoted. */
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
    help: 'Give the workload (or its service account) an imagePullSecret for this registry, or the daemon a Docker config file. Some registries say this of repositories that do not exist.',
  });
}

/** First error of an OCI error document; empty texts when the body is none. */
function ociError(body: Buffer): { readonly code: string; readonly message: string } {
  const none = { code: '', message: '' };
  if (body.length === 0 || body.length > 65_536) return none;
  try {
    const [first] = JSON.parse(body.toString('utf8')).errors;
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    return { code: text(first?.code), message: text(first?.message) };
  } catch {
    // Not an error document: the status alone has to do.
    return none;
  }
}
