import { posix } from 'node:path';
import { messageOf } from '../../base/index.ts';
import type { Pace } from '../units/pace.ts';
import { refusedChart } from './refused.ts';

const MAX_BYTES = 256 << 10;
/** What a schema may refer to by an address without reading it: the drafts that Helm has built in. */
const DRAFT = /^https?:\/\/json-schema\.org\/(?:draft-(?:04|06|07)|draft\/(?:2019-09|2020-12))\/schema#?$/;
const REFERENCES = new Set(['$ref', '$dynamicRef', '$recursiveRef']);

export function isSchema(path: string): boolean {
  return posix.basename(path) === 'values.schema.json';
}

/**
 * Requires that a schema of values refers to itself only: Helm would read other schemas from the network, or from files of fluxd.
 * @throws FluxError `helm/refused` (S-026)
 */
export async function requireOwnReferences(path: string, content: Buffer, pace: Pace): Promise<void> {
  if (content.length > MAX_BYTES) throw refusedChart(`${path} has more than ${MAX_BYTES >> 10} KiB`);
  let schema: unknown;
  try {
    schema = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw refusedChart(`${path} is not JSON: ${messageOf(error)}`);
  }
  const waiting = [schema];
  while (waiting.length > 0) {
    await pace.before(1);
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inside] of Object.entries(value)) {
      if (typeof inside !== 'string') waiting.push(inside);
      else if (REFERENCES.has(key) && !inside.startsWith('#'))
        throw refusedChart(`${path} refers to another schema with ${key}; copy that into it`);
      else if (key === '$schema' && !DRAFT.test(inside))
        throw refusedChart(`${path} has a $schema that is none of the published drafts of JSON Schema`);
    }
  }
}
