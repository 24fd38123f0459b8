import type * as z from 'zod';

export interface Parameter {
  readonly description: string;
  readonly schema: z.ZodType;
  /** Without it the route does not exist. */
  readonly required?: true;
}

/** What the OpenAPI document says of a route beyond what the table of routes says. */
export interface Operation {
  /** `operationId`: camelCase, unique, and never changed, since generated clients name their functions after it. */
  readonly id: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Parameter>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  readonly answer: {
    readonly status: number;
    readonly description: string;
    /** Absent: no body. */
    readonly schema?: z.ZodType;
    /** `application/json` where nothing else is said. */
    readonly mediaType?: string;
  };
  /** Whether an answer has an ETag, so that it may be 304. */
  readonly conditional?: true;
}

/** By method and path, as in `GET /api/v1/objects`. */
export type Operations = Readonly<Record<string, Operation>>;
