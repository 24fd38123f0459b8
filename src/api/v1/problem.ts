import { type FluxError, http } from '../../base/index.ts';
import type { Reply } from '../route.ts';
import { statusOf } from '../status.ts';
import type { ProblemWire } from '../wire/index.ts';

/** An error as problem details (RFC 9457), with our code and help as extension members; `instance` is the requested path. */
export function problemReply(error: FluxError, instance: string): Reply {
  const status = statusOf(error);
  const body: ProblemWire = {
    type: 'about:blank',
    title: http.STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    instance,
    code: error.code,
    ...(error.help === undefined ? {} : { help: error.help }),
  };
  return { status, headers: { 'Content-Type': 'application/problem+json' }, body: JSON.stringify(body) };
}
