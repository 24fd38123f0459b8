import type * as z from 'zod';

export interface Parameter {
  readonly description: string;
  readonly schema: z.ZodType;
  /** Required: without it the route does not match. */
  readonly required?: true;
}

/** The description of a route in the OpenAPI document, beyond the table of routes. */
export interface Operation {
  /** `operationId`: camelCase, unique and permanent, since generated clients name their functions after it. */
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
    /** Defaults to `application/json`. */
    readonly mediaType?: string;
  };
  /** Whether responses have an ETag, so that a 304 is possible. */
  readonly conditional?: true;
}

/** By method and path, as in `GET /api/v1/objects`. */
export type Operations = Readonly<Record<string, Operation>>;
