import { apiVersionOf, type Resource } from './catalog.ts';
import { pruneAndDefault, validateCustom } from './custom.ts';
import { DecodeError, decode } from './decode.ts';
import { applyDefaults } from './defaults.ts';
import type { JsonObject } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { ANY } from './schema.ts';
import { ApiError, badRequest, invalid } from './status.ts';
import { validate } from './validate.ts';

/** Options for validating a body. */
export interface BodyOptions {
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Duplicate keys in the body, for strict validation. */
  readonly duplicates?: readonly string[];
  /** Collects Warning headers for the client. */
  readonly warnings?: string[];
}

/** Type checks, pruning and defaults: turns a client's body into an object of the kind. */
export function admit(
  resource: Resource,
  body: JsonObject,
  options: BodyOptions,
  verb: 'create' | 'update' | 'patch' | 'apply',
): KubeObject {
  const unknown: string[] = [];
  const subject = `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}`;
  const refuse = (why: string) => {
    if (verb !== 'patch') return badRequest(`${subject}: ${why}`);
    return new ApiError(
      422,
      'Invalid',
      ` "" is invalid: patch: Invalid value: ${JSON.stringify(JSON.stringify(body))}: ${why}`,
      {},
    );
  };
  let object: KubeObject;
  try {
    object = resource.custom ? decodeCustom(resource, body, unknown) : (decode(resource.schema, body, unknown) as KubeObject);
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
  const problems = [
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...(options.duplicates ?? []).map((path) => `duplicate field ${JSON.stringify(path)}`),
  ];
  if (problems.length > 0 && options.fieldValidation === 'Strict') throw refuse(`strict decoding error: ${problems.join(', ')}`);
  if (options.fieldValidation !== 'Ignore') options.warnings?.push(...problems);
  object.apiVersion = apiVersionOf(resource);
  object.kind = resource.kind;
  if (!resource.custom) applyDefaults(resource.group, resource.kind, object);
  return object;
}

export function check(resource: Resource, object: KubeObject, old: KubeObject | undefined): void {
  const causes = [
    ...validate(resource.group, resource.custom ? '' : resource.kind, object, old),
    ...(resource.custom ? validateCustom(resource.schema, object) : []),
  ];
  if (causes.length > 0) throw invalid(resource, metaOf(object).name, causes);
}

function decodeCustom(resource: Resource, body: JsonObject, unknown: string[]): KubeObject {
  const { metadata, ...rest } = body;
  const object = pruneAndDefault(resource.schema, rest, unknown) as KubeObject;
  const metaSchema = resource.schema.fields?.().get('metadata')?.schema ?? ANY;
  const lost: string[] = [];
  object.metadata = decode(metaSchema, metadata ?? {}, lost);
  unknown.push(...lost.map((path) => `metadata.${path}`));
  return object;
}
