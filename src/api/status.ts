import { type Fault, FluxError, redact } from '../base/index.ts';

const BY_CODE: Readonly<Record<string, number>> = {
  'api/bad-request': 400,
  'api/access-unknown': 503,
  'api/forbidden': 403,
  'api/bad-token': 403,
  'oidc/refused': 403,
  'oidc/unavailable': 503,
  'ui/no-session': 403,
  'ui/bad-code': 403,
  'api/not-found': 404,
  'gc/changed': 409,
  'sync/window-closed': 409,
  'api/method-not-allowed': 405,
  'api/deprecated': 410,
  'api/too-large': 413,
  'api/too-many-requests': 429,
  'api/unsupported-media-type': 415,
  'preview/busy': 429,
  'events/too-many-readers': 503,
  'api/busy': 503,
  'live/too-many-logs': 429,
  'objects/diff-busy': 429,
  'job/queue-full': 503,
  'job/busy': 503,
  'webhooks/keys-unavailable': 503,
  'lease/elsewhere': 503,
  'lease/unknown': 503,
  'lease/lost': 503,
  'lease/not-held': 503,
};
const BY_FAULT: Readonly<Record<Fault, number>> = { user: 422, missing: 404, server: 500 };

/** The HTTP status of an error: by fault, as in Flux v1, or by code for errors of this room. */
export function statusOf(error: FluxError): number {
  return BY_CODE[error.code] ?? BY_FAULT[error.fault];
}

/** The client-visible form of a thrown value. Anything but a FluxError is a bug of ours; its text stays in the log. */
export function visibleError(thrown: unknown): FluxError {
  if (!(thrown instanceof FluxError)) {
    return new FluxError('internal error of the daemon', {
      code: 'api/internal',
      help: 'See the log of the daemon. Please report this as a bug.',
      cause: thrown,
    });
  }
  const { code, fault, help } = thrown;
  return new FluxError(redact(thrown.message), {
    code,
    fault,
    ...(help === undefined ? {} : { help: redact(help) }),
    cause: thrown,
  });
}

/** @param detail subject first, as in every message */
export function badRequest(detail: string, options: { readonly help?: string; readonly cause?: unknown } = {}): FluxError {
  return new FluxError(detail, { code: 'api/bad-request', fault: 'user', ...options });
}
