import type * as z from 'zod';
import { FluxError } from '../../base/index.ts';
import type { Answer, Call } from './exchange.ts';
import { oneLine } from './one-line.ts';
import { unknownOutcome } from './outcome.ts';

/**
 * Parses a response by its schema.
 * @throws FluxError `api/bad-answer`; `api/unknown-outcome` for a request that changes something.
 */
export function parseAnswer<T>(schema: z.ZodType<T>, { text }: Answer, { method, path, effect }: Call): T {
  const unreadable = (why: string, cause: unknown) => {
    const error = badAnswer(method, path, why, cause);
    return effect ? unknownOutcome(error, effect) : error;
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable('it is not JSON', error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unreadable(`${issue?.path.join('.') || 'value'}: ${issue?.message ?? 'unexpected'}`, parsed.error);
}

function badAnswer(method: string, path: string, why: string, cause: unknown): FluxError {
  return new FluxError(`decoding response of ${method} ${path}: ${oneLine(why)}`, {
    code: 'api/bad-answer',
    help: 'The server at this URL does not speak the fluxd API.',
    cause,
  });
}
