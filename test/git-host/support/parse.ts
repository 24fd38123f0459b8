import type * as z from 'zod';
import type { Asked, HostState, Pull } from './imitation.ts';
import { Refusal } from './refusal.ts';

/** The body, if the reference allows it. @throws Refusal */
export function bodyOf<T>({ body }: Asked, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    throw new Refusal(422, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  return parsed.data;
}

/** The request with a number. @throws Refusal */
export function pullOf({ pulls }: HostState, number: string | undefined): Pull {
  const pull = pulls.find((each) => String(each.number) === number);
  if (!pull) throw new Refusal(404, 'no such request');
  return pull;
}

/** The query, of these keys and no others. @throws Refusal */
export function queryOf({ query }: Asked, keys: readonly string[]): URLSearchParams {
  for (const key of query.keys()) if (!keys.includes(key)) throw new Refusal(400, `unknown parameter ${key}`);
  return query;
}
