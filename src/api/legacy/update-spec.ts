import { messageOf } from '../../base/index.ts';
import { parseImageRef } from '../../image/index.ts';
import { formatResourceId, parseResourceId, type ResourceId } from '../../resource/index.ts';
import type { PolicySpec, UpdateSpec } from '../../update/index.ts';
import { badRequest } from '../status.ts';
import { parseFirstJson } from './first-value.ts';
import { anything, type Decoder, flag, isAbsent, isObject, list, mapOf, mismatch, struct, text } from './go-value.ts';

const cause = struct({ Message: text, User: text });
const envelope = struct({ type: text, cause, spec: anything });

const resourceId: Decoder<ResourceId> = (value, at) => {
  if (typeof value !== 'string') throw mismatch(at, 'a string');
  return parseId(value);
};

/** An image reference. It may be absent but not empty: Flux v1 distinguishes the two. */
const imageRef: Decoder<string | undefined> = (value, at) => {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw mismatch(at, 'a string');
  try {
    parseImageRef(value);
  } catch (error) {
    throw badRequest(`${at}: ${messageOf(error)}`, { cause: error });
  }
  return value;
};

/** Policies as an object of strings, or as a list of names with the value `true`. */
const policySet: Decoder<Readonly<Record<string, string>> | null> = (value, at) => {
  if (isAbsent(value)) return null;
  if (!Array.isArray(value)) return mapOf((name) => name, policyValue)(value, at);
  return mapOf((name) => name, text)(Object.fromEntries(value.map((name) => [text(name, at), 'true'])), at);
};
const policyValue: Decoder<string> = (value, at) => text(value, at);

const imageSpec = struct({
  ServiceSpecs: list(text),
  ImageSpec: text,
  Kind: text,
  Excludes: list(resourceId),
  Force: flag,
  TagFilter: text,
  PinDigest: flag,
  SkipVerify: flag,
});
const containerUpdate = struct({ Container: text, Current: imageRef, Target: imageRef });
const containersSpec = struct({
  Kind: text,
  ContainerSpecs: mapOf(parseId, list(containerUpdate)),
  SkipMismatches: flag,
  Force: flag,
  SkipVerify: flag,
  RequireAll: flag,
});
const rollbackSpec = struct({
  Kind: text,
  Workload: resourceId,
  Container: text,
  To: text,
  Force: flag,
  SkipVerify: flag,
  Expected: list(struct({ Container: text, Current: text, Target: text })),
});
const automatedSpec = struct({
  Changes: list(struct({ WorkloadID: resourceId, Container: struct({ Name: text, Image: text }), ImageID: imageRef })),
});
const policySpec: Decoder<PolicySpec> = mapOf(parseId, struct({ add: policySet, remove: policySet }));

/**
 * Parses the body of `POST /v9/update-manifests`.
 * @throws FluxError `api/bad-request`.
 */
export function decodeUpdateSpec(body: string): UpdateSpec {
  const { type, cause, spec } = envelope(parseFirstJson(body), '');
  if (type === '')
    throw badRequest('no type in update spec', {
      help: 'Every update needs a "type": image, containers, rollback, policy or sync.',
    });
  if (spec === undefined) throw badRequest('spec is missing', { help: 'Every update needs a "spec", even if it is {}.' });
  switch (type) {
    case 'image': {
      const { ServiceSpecs, TagFilter, PinDigest, SkipVerify, ...rest } = imageSpec(spec, 'spec');
      const more = { ...(TagFilter === '' ? {} : { TagFilter }), ...(PinDigest ? { PinDigest } : {}), ...skipped(SkipVerify) };
      return { type, cause, spec: { ServiceSpecs: ServiceSpecs ?? [], ...rest, ...more } };
    }
    case 'rollback': {
      const { SkipVerify, Expected, ...rest } = rollbackSpec(spec, 'spec');
      return { type, cause, spec: { ...rest, ...skipped(SkipVerify), ...(Expected === null ? {} : { Expected }) } };
    }
    case 'containers': {
      const { Kind, ContainerSpecs, SkipMismatches, Force, SkipVerify, RequireAll } = containersSpec(spec, 'spec');
      const specs = Object.entries(ContainerSpecs).map(([id, updates]) => [id, (updates ?? []).map(withoutAbsent)] as const);
      const all = { Kind, ContainerSpecs: Object.fromEntries(specs), SkipMismatches, Force };
      return { type, cause, spec: { ...all, ...skipped(SkipVerify), ...(RequireAll ? { RequireAll } : {}) } };
    }
    case 'policy':
      return { type, cause, spec: policySpec(spec, 'spec') };
    case 'sync':
      if (spec !== null && !isObject(spec)) throw mismatch('spec', 'an object');
      return { type, cause, spec: {} };
    case 'auto': {
      const { Changes } = automatedSpec(spec, 'spec');
      return { type, cause, spec: { Changes: (Changes ?? []).map(({ ImageID = '', ...change }) => ({ ...change, ImageID })) } };
    }
    default:
      throw badRequest(`unknown spec type: ${type.slice(0, 100)}`);
  }
}

/** Parses the body of the older `PATCH /v6/policies`. */
export function decodePolicyUpdates(body: string): PolicySpec {
  return policySpec(parseFirstJson(body), '');
}

function skipped(SkipVerify: boolean): { readonly SkipVerify?: true } {
  return SkipVerify ? { SkipVerify } : {};
}

function withoutAbsent({
  Container,
  Current,
  Target = '',
}: {
  Container: string;
  Current: string | undefined;
  Target: string | undefined;
}) {
  return { Container, ...(Current === undefined ? {} : { Current }), Target };
}

/** @throws FluxError `api/bad-request` worded as in Flux v1. */
function parseId(id: string): ResourceId {
  try {
    return formatResourceId(parseResourceId(id));
  } catch (cause) {
    throw badRequest(messageOf(cause), { cause });
  }
}
