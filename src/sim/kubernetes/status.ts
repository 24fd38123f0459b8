import type { JsonObject } from './json.ts';

/** One reason for rejecting an object, with the field. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A rejected request: becomes a `Status` body (kind Status, apiVersion v1) with its HTTP code. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: JsonObject | undefined;

  constructor(code: number, reason: string | undefined, message: string, details?: JsonObject) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  body(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** Plain text instead of a Status, as on the real server for unknown paths. */
export class PlainError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Named {
  readonly group: string;
  readonly plural: string;
}

function detailsOf({ group, plural }: Named, name: string): JsonObject {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}

/** "deployments.apps", as in messages. */
export function qualified({ group, plural }: Named): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export const badRequest = (message: string) => new ApiError(400, 'BadRequest', message);
export const noSuchResource = () => new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
export const notFound = (resource: Named, name: string) =>
  new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
export const alreadyExists = (resource: Named, name: string) =>
  new ApiError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));
export const forbidden = (resource: Named, name: string, why: string, extra: JsonObject = {}) =>
  new ApiError(403, 'Forbidden', `${qualified(resource)} "${name}" is forbidden: ${why}`, {
    ...detailsOf(resource, name),
    ...extra,
  });
export const conflict = (resource: Named, name: string, why: string) =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );
export const modified = (resource: Named, name: string) =>
  conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');
export const methodNotAllowed = () =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
export const expired = (message: string) => new ApiError(410, 'Expired', message);

const MESSAGE_PREFIX: Readonly<Record<string, string>> = {
  FieldValueInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueTooLong: 'Too long',
  FieldValueNotFound: 'Not found',
  FieldValueTypeInvalid: 'Invalid value',
};

/** 422 with one cause for each field; the message lists them as the real server does. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly Cause[],
): ApiError {
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: causes.map((cause) => ({ ...cause })),
  });
}

/** `Invalid value: "x": detail`, `Required value: detail` … worded as in Kubernetes' field package. */
export function cause(field: string, reason: keyof typeof MESSAGE_PREFIX, detail: string, value?: unknown): Cause {
  const prefix = MESSAGE_PREFIX[reason] ?? reason;
  const shown = value === undefined ? '' : `: ${JSON.stringify(value)}`;
  return { reason, message: `${prefix}${shown}${detail === '' ? '' : `: ${detail}`}`, field };
}
