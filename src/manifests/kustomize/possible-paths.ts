import { type JsonValue, parseYamlDocuments } from '../../base/index.ts';
import { MAX_KUSTOMIZATION_BYTES } from './kustomization.ts';
import type { Pace } from './pace.ts';

/** So much of a kustomization that is too large is looked at, in bytes. */
const MAX_BYTES = 1 << 20;

/**
 * The paths that a kustomization may have although it cannot be read, so that no folder that it refers to is mistaken for one that nothing
 * refers to: each text of it, if it is YAML, and all that looks like a path in its lines.
 */
export async function* possiblePaths(bytes: Buffer, pace: Pace): AsyncGenerator<string> {
  await pace.beforeParsing(Math.min(bytes.length, MAX_KUSTOMIZATION_BYTES));
  const text = bytes.subarray(0, MAX_BYTES).toString('utf8');
  if (bytes.length <= MAX_KUSTOMIZATION_BYTES) {
    const [first] = parseYamlDocuments(text);
    if (first && !first.error) yield* textsOf(first.value);
  }
  for (const line of text.split(/\r?\n|\r/)) {
    await pace.beforeParsing(line.length);
    yield* pathsIn(line);
  }
}

function* textsOf(value: JsonValue): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const inside of Object.values(value)) yield* textsOf(inside);
}

/** What stands in quotes, between blanks and brackets, and behind a dash or key: a path may have blanks. */
function* pathsIn(line: string): Generator<string> {
  for (const [, ...quoted] of line.matchAll(/'([^']*)'|"([^"]*)"/g)) yield quoted.join('');
  for (const [path] of line.matchAll(/[^\s'"[\]{},]+/g)) yield path;
  const [rest = ''] = line.replace(/^[\s-]+|\s+#.*$/g, '').split(/[\]}]/);
  yield rest.trim();
  yield rest.replace(/^[^:]*:\s/, '').trim();
}
