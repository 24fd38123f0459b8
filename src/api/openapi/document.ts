import * as z from 'zod';
import { LEGACY_PREFIX } from '../legacy/index.ts';
import type { Route } from '../route.ts';
import { V1_PREFIX } from '../v1/prefix.ts';
import {
  diffReportSchema,
  errorBodySchema,
  eventSchema,
  healthSchema,
  heldDeletionsSchema,
  historySchema,
  imageListSchema,
  imageScansSchema,
  jobStatusSchema,
  objectStatesSchema,
  problemSchema,
  publicKeySchema,
  repositorySchema,
  syncReportSchema,
  updateRequestSchema,
  workloadListSchema,
} from '../wire/index.ts';
import { FLUX_V1_OPERATIONS } from './flux-v1-operations.ts';
import type { Operation, Operations, Parameter } from './operation.ts';
import { PROBE_OPERATIONS } from './probe-operations.ts';
import { V1_OPERATIONS } from './v1-operations.ts';

type JsonObject = { readonly [key: string]: unknown };

/** Describes every route; a test compares it with the table of routes. */
export const OPERATIONS: Operations = { ...PROBE_OPERATIONS, ...FLUX_V1_OPERATIONS, ...V1_OPERATIONS };

/** Schemas that are named components of the document. */
const COMPONENTS = {
  DiffReport: diffReportSchema,
  Event: eventSchema,
  FluxV1Error: errorBodySchema,
  FluxV1Images: imageListSchema,
  FluxV1Job: jobStatusSchema,
  FluxV1PublicKey: publicKeySchema,
  FluxV1Repository: repositorySchema,
  FluxV1Update: updateRequestSchema,
  FluxV1Workloads: workloadListSchema,
  Health: healthSchema,
  HeldDeletions: heldDeletionsSchema,
  History: historySchema,
  ImageScans: imageScansSchema,
  Objects: objectStatesSchema,
  Problem: problemSchema,
  SyncReport: syncReportSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>;

const NAMES: ReadonlyMap<z.ZodType, string> = new Map(Object.entries(COMPONENTS).map(([name, schema]) => [schema, name]));

export type DescribedRoute = Pick<Route, 'methods' | 'path' | 'access'>;

/** The OpenAPI 3.1 document of these routes; a route without a description is omitted. */
export function openApiDocument(routes: readonly DescribedRoute[]): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const method of route.methods) {
      const operation = OPERATIONS[`${method === 'HEAD' ? 'GET' : method} ${route.path}`];
      if (!operation) continue;
      paths[route.path] ??= {};
      Object.assign(paths[route.path] ?? {}, { [method.toLowerCase()]: describe(operation, method, route) });
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flux',
      version: '1',
      summary: 'Keeps a Kubernetes cluster in sync with a Git repository.',
      description:
        'The API of fluxd on --listen: the API of Flux v1 under /api/flux, the new one under /api/v1, probes and metrics. Requests over loopback need no token; other requests need TLS and a token. Fields may be added at any time; clients must ignore unknown ones.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(COMPONENTS).map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A Kubernetes token of the cluster.' },
        fluxV1Token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: "The same token in the form that the fluxctl of Flux v1 sends: 'Scope-Probe token=TOKEN'.",
        },
      },
    },
  };
}

function describe(operation: Operation, method: string, { path, access }: DescribedRoute): JsonObject {
  const { id, summary, query = {}, headers = {}, body, answer, conditional } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query).map(([name, parameter]) => describeParameter(name, 'query', parameter)),
    ...Object.entries(headers).map(([name, parameter]) => describeParameter(name, 'header', parameter)),
  ];
  const isHead = method === 'HEAD';
  return {
    operationId: isHead ? `${id}Head` : id,
    summary,
    tags: [path.startsWith(LEGACY_PREFIX) ? 'Flux v1' : path.startsWith(V1_PREFIX) ? 'v1' : 'probes'],
    security: access === 'public' || access === 'page' ? [] : [{}, { token: [] }, { fluxV1Token: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: body.required, content: { 'application/json': { schema: refOr(body.schema) } } } }
      : {}),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.schema && !isHead
          ? { content: { [answer.mediaType ?? 'application/json']: { schema: refOr(answer.schema) } } }
          : {}),
      },
      ...(conditional ? { 304: { description: 'The response has not changed since the ETag in If-None-Match.' } } : {}),
      default: errorAnswer(path),
    },
  };
}

function describeParameter(name: string, place: 'query' | 'header', { description, schema, required }: Parameter): JsonObject {
  return { name, in: place, description, ...(required ? { required } : {}), schema: jsonSchema(schema) };
}

function errorAnswer(path: string): JsonObject {
  const description = 'An error.';
  if (path.startsWith(V1_PREFIX))
    return { description, content: { 'application/problem+json': { schema: refOr(problemSchema) } } };
  const text = { 'text/plain': { schema: { type: 'string' } } };
  if (!path.startsWith(LEGACY_PREFIX)) return { description, content: text };
  return { description, content: { 'application/json': { schema: refOr(errorBodySchema) }, ...text } };
}

function refOr(schema: z.ZodType): JsonObject {
  const name = NAMES.get(schema);
  return name === undefined ? jsonSchema(schema) : { $ref: `#/components/schemas/${name}` };
}

/** A schema for clients: unknown fields are allowed, because newer daemons may send them. */
function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, { io: 'input' });
  return simplified(json) as JsonObject;
}

/** Removes what is meaningless in a larger document: the `$defs` of z.json() for any JSON, and TypeScript's readonly. */
function simplified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simplified);
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (key === 'readOnly' && each === true ? [] : [[key, simplified(each)]])),
  );
}
