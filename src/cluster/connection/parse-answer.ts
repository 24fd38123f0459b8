import type { z } from 'zod';
import { FluxError } from '../../base/index.ts';

/** The body of a response as an object of this kind. @throws FluxError `cluster/bad-answer` for anything else. */
export function parseAnswer<T>(
  schema: z.ZodType<T>,
  body: unknown,
  { path, kind }: { readonly path: string; readonly kind: string },
): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new FluxError(`${path}: the response is not a ${kind}`, { code: 'cluster/bad-answer', cause: parsed.error });
}
