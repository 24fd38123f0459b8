import { FluxError, type FluxErrorOptions, isCut, redact } from '../../base/index.ts';

/** A `Status` object, the API server's error response (Kubernetes API conventions, "Response Status Kind"). */
interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly causes?: readonly Cause[];
  };
}

interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** Schema errors of server-side apply arrive as 500 without a reason; retrying cannot help. */
const SCHEMA_ERROR = /^failed to (create typed|convert new|create manager|update managed)|error decoding|strict decoding/;
const WEBHOOK_DOWN = /failed calling webhook "/;
/** The message of etcd, or of its client in the API server, for an object beyond its limit; it arrives as 500. */
const TOO_LARGE = /etcdserver: request is too large|trying to send message larger than max/;
const DENIED = /admission webhook "[^"]+" denied the request|ValidatingAdmissionPolicy '[^']+' .*denied request/;

/** Messages of API servers, and of custom kinds' rules, about immutable fields. */
const IMMUTABLE =
  /\bimmutable\b|\bupdates to .{1,80} are forbidden|\bupdates to \w+ spec for fields other than|\bmay not (be )?(change|update)|\bcan(not| not|'t) (be )?(change|update|modif)/i;
/** Quoted parts of a message: values and field names of the object. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|$)|`[^`]*(?:`|$)/gs;
/** Some messages contain a diff of Go structs, which is unreadable. */
const GO_DIFF = /\n@@ [\s\S]*$/;

/** Limits of a message in characters, and of its causes: webhooks can return text of any length. */
const MAX_MESSAGE = 8 * 1024;
const MAX_CAUSES = 20;
const MAX_CAUSE = 2 * 1024;

/** The typed error of a response with an error status; `path` is the requested path. */
export function errorFromStatus(httpStatus: number, body: unknown, path: string): FluxError {
  const status = isStatus(body) ? bounded(body) : undefined;
  const message = redact(oneLine(fieldErrors(status) ?? status?.message ?? textOf(body) ?? `status ${httpStatus}`));
  return new FluxError(
    message === '404 page not found' ? `${path} does not exist on this API server` : message,
    classify(httpStatus, status, message),
  );
}

/**
 * `Job.batch "a" is invalid: spec.template: field is immutable`: the API server's own sentence, with values that fill a screen
 * (whole pod templates) left out.
 */
function fieldErrors(status: Status | undefined): string | undefined {
  const causes = status?.details?.causes ?? [];
  const subject = /^.*? is invalid: /s.exec(status?.message ?? '')?.[0];
  if (subject === undefined || causes.length === 0) return undefined;
  const each = causes.map(({ field = '', message = '' }) => {
    const long = /^(Invalid value|Duplicate value|Unsupported value): .{120,}: ([^:{}"]+)$/s.exec(message);
    return `${field}: ${long ? long[2] : message.replace(GO_DIFF, '')}`;
  });
  return subject + (each.length === 1 ? each[0] : `[${each.join(', ')}]`);
}

function classify(httpStatus: number, status: Status | undefined, message: string): FluxErrorOptions {
  const causes = status?.details?.causes ?? [];
  if (DENIED.test(message)) {
    return {
      code: 'cluster/denied',
      fault: 'user',
      help: 'An admission policy of the cluster rejected the object; change the object, or the policy.',
    };
  }
  if (httpStatus === 500 && WEBHOOK_DOWN.test(message)) {
    // Not a failure of the server itself: a retry would only wait for the webhook's timeout again (R-012).
    return {
      code: 'cluster/webhook-failed',
      help: 'The API server gets no response from this admission webhook: check that its Service is running. The object is applied as soon as the webhook responds.',
    };
  }
  if (TOO_LARGE.test(message)) return TOO_LARGE_OBJECT;
  switch (httpStatus) {
    case 400:
      return INVALID;
    case 422:
      return causes.length > 0 && causes.every(saysImmutable) ? IMMUTABLE_FIELD : INVALID;
    case 401:
      return {
        code: 'cluster/unauthorized',
        help: 'The API server rejected the credentials of fluxd: check whether the token or certificate is expired or revoked.',
      };
    case 403:
      if (causes.some((cause) => cause.reason === 'NamespaceTerminating')) {
        return {
          code: 'cluster/namespace-terminating',
          fault: 'user',
          help: 'The namespace is being deleted. If that hangs, look for finalizers of objects in it; the object is applied once the namespace exists again.',
        };
      }
      return {
        code: 'cluster/forbidden',
        help: 'Grant the service account of Flux this right in RBAC, or remove the object from the repository.',
      };
    case 404:
      if (status?.details?.kind === 'namespaces' && !/\/namespaces\/[^/]*$/.test(message)) {
        return {
          code: 'cluster/namespace-missing',
          fault: 'user',
          help: `Namespace ${status.details.name ?? ''} does not exist: add its manifest to the repository, or correct metadata.namespace.`,
        };
      }
      return status?.details?.name
        ? { code: 'cluster/not-found', fault: 'missing' }
        : { code: 'cluster/unknown-resource', fault: 'missing' };
    case 405:
    case 406:
    case 415:
      return { code: 'cluster/not-supported' };
    case 409:
      return { code: 'cluster/conflict', help: 'The object was changed at the same time; the next sync tries again.' };
    case 410:
      return { code: 'cluster/expired' };
    case 413:
      return TOO_LARGE_OBJECT;
    case 429:
      return { code: 'cluster/throttled', help: 'The API server is overloaded and requested a pause.' };
    case 504:
      return { code: 'cluster/timeout' };
    default:
      if (httpStatus === 500 && SCHEMA_ERROR.test(message)) return INVALID;
      return httpStatus >= 500 ? { code: 'cluster/unavailable' } : { code: 'cluster/refused' };
  }
}

const TOO_LARGE_OBJECT: FluxErrorOptions = {
  code: 'cluster/too-large',
  fault: 'user',
  help: 'The API server does not store objects this large (1.5 MiB with the defaults of etcd): split it, or store the data elsewhere.',
};

const INVALID: FluxErrorOptions = { code: 'cluster/invalid', fault: 'user', help: 'Correct the field in the repository.' };

/** Only if all errors are about immutable fields: recreating the object cannot fix others (R-016). */
const IMMUTABLE_FIELD: FluxErrorOptions = {
  code: 'cluster/immutable',
  fault: 'user',
  help: 'This field is immutable: restore the old value, rename the object, or delete the object in the cluster and let the next sync create it.',
};

/** The rule in a cause, without the field and quoted values, which may contain any word. */
function saysImmutable({ message = '' }: Cause): boolean {
  return IMMUTABLE.test(withoutStructure(message.replace(GO_DIFF, '').replace(QUOTED, '')));
}

/** Removes a structured value, after blanking quoted parts. */
function withoutStructure(text: string): string {
  const [start, end] = [text.indexOf('{'), text.lastIndexOf('}')];
  return start < 0 || end < start ? text : text.slice(0, start) + text.slice(end + 1);
}

/** The beginning of a status: the rest would not be shown, but costs time in every pattern. */
function bounded({ message, reason, details }: Status): Status {
  return {
    ...(message === undefined ? {} : { message: message.slice(0, MAX_MESSAGE) }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details: { ...details, ...boundedCauses(details.causes) } }),
  };
}

function boundedCauses(causes: readonly Cause[] | undefined): { readonly causes?: readonly Cause[] } {
  if (causes === undefined) return {};
  return {
    causes: causes
      .slice(0, MAX_CAUSES)
      .map(({ message, ...rest }) => ({ ...rest, ...(message === undefined ? {} : { message: message.slice(0, MAX_CAUSE) }) })),
  };
}

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'Status';
}

function textOf(body: unknown): string | undefined {
  return typeof body === 'string' && body.trim() !== '' ? body.slice(0, 300) : undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * The same error for a Secret without its content, since API servers quote the offending value (S-074). Quoted texts, dumped values and
 * all values of the manifest are blanked; the name of the Secret stays.
 */
export function withoutSecretData(error: FluxError, object: Readonly<Record<string, unknown>>, name: string): FluxError {
  // The end of a truncated message may be an unrecognisable part of a value, so only the text before values is kept.
  const whole = isCut(error.message) ? `${error.message.split(/invalid|["'`{]/i, 1)[0]}…` : error.message;
  let message = whole.replace(/expected (\w+), got .*/s, 'expected $1');
  for (const value of secretValues([object.data, object.stringData, annotationsOf(object.metadata)])) {
    if (value !== name) message = message.replaceAll(value, '***');
  }
  message = message.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\{.*\}/gs, (quoted) =>
    quoted === `"${name}"` ? quoted : '***',
  );
  return new FluxError(message, {
    code: error.code,
    fault: error.fault,
    ...(error.help === undefined ? {} : { help: error.help }),
  });
}

function annotationsOf(metadata: unknown): unknown {
  return typeof metadata === 'object' && metadata !== null && 'annotations' in metadata ? metadata.annotations : undefined;
}

/** All strings and numbers in a value, their base64 and decoded forms; the longest first, so that no part of one remains. */
export function secretValues(value: unknown): string[] {
  const found = new Set<string>();
  const visit = (each: unknown): void => {
    if (typeof each === 'object' && each !== null) Object.values(each).forEach(visit);
    else if (typeof each === 'string' || typeof each === 'number') {
      found.add(String(each));
      found.add(Buffer.from(String(each), 'base64').toString());
      found.add(Buffer.from(String(each)).toString('base64'));
    }
  };
  visit(value);
  return [...found].filter((text) => text.length >= 3).sort((a, b) => b.length - a.length);
}
