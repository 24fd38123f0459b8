import { FluxError } from '../base/index.ts';

/**
 * Flux v1's id of a resource: `namespace:kind/name`, with the kind in lower case, and `<cluster>` for cluster-scoped objects. It lacks the
 * API group; use `objectKey` if two groups could clash.
 */
export type ResourceId = string;

export interface ResourceIdParts {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

export const CLUSTER_SCOPE = '<cluster>';

const FULL = /^(<cluster>|[a-zA-Z0-9_-]+):([a-zA-Z0-9_-]+)\/([a-zA-Z0-9_.:-]+)$/;
const UNQUALIFIED = /^([a-zA-Z0-9_-]+)\/([a-zA-Z0-9_.:-]+)$/;
const LEGACY = /^([a-zA-Z0-9_-]+)\/([a-zA-Z0-9_-]+)$/;

export function formatResourceId({
  namespace,
  kind,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly kind: string;
  readonly name: string;
}): ResourceId {
  return `${namespace || CLUSTER_SCOPE}:${kind.toLowerCase()}/${name}`;
}

/** Whether a string is a full id, `ns:kind/name`. */
export function isResourceId(text: string): boolean {
  return FULL.test(text);
}

/**
 * Parses `ns:kind/name`, and Flux v1's oldest form `ns/name`.
 * @throws FluxError `resource/bad-id` worded as in Flux v1.
 */
export function parseResourceId(text: string): ResourceIdParts {
  const full = FULL.exec(text);
  if (full) return parts(full[1], full[2], full[3]);
  const legacy = LEGACY.exec(text);
  if (legacy) return parts(legacy[1], 'service', legacy[2]);
  throw invalidId(text);
}

/** Parses user input: `ns:kind/name`, or `kind/name` in the given namespace. */
export function parseResourceIdIn(namespace: string, text: string): ResourceIdParts {
  const full = FULL.exec(text);
  if (full) return parts(full[1], full[2], full[3]);
  const short = UNQUALIFIED.exec(text);
  if (short) return parts(namespace, short[1], short[2]);
  throw invalidId(text);
}

function parts(namespace = '', kind = '', name = ''): ResourceIdParts {
  return { namespace, kind: kind.toLowerCase(), name };
}

function invalidId(text: string): FluxError {
  return new FluxError(`parsing ${text}: invalid service ID`, {
    code: 'resource/bad-id',
    fault: 'user',
    help: 'A resource id has the form namespace:kind/name, for example default:deployment/web.',
  });
}
