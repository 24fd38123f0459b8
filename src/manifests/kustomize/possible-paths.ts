import { type JsonValue, parseYamlDocuments } from '../../base/index.ts';
import type { Pace } from '../units/pace.ts';
import { MAX_KUSTOMIZATION_BYTES } from './kustomization.ts';

/** As in Linux. */
const MAX_PATH = 4096;
/** Finding one, and looking whether it was tried already, takes a part of a step. */
const STEPS_PER_PATH = 0.5;
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
    const { value: first } = parseYamlDocuments(text).next();
    if (first && !first.error) yield* textsOf(first.value);
  }
  for (const line of text.split(/\r?\n|\r/)) {
    await pace.beforeName(line);
    for (const path of pathsIn(line)) {
      await pace.before(STEPS_PER_PATH);
      if (path !== '' && path.length <= MAX_PATH) yield path;
    }
  }
}

function* textsOf(value: JsonValue): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const inside of Object.values(value)) yield* textsOf(inside);
}

/** What stands in quotes, between blanks and brackets, and behind a dash or key: a path may have blanks. All in linear time. */
function* pathsIn(line: string): Generator<string> {
  for (const [, ...quoted] of line.matchAll(/'([^']*)'|"([^"]*)"/g)) yield quoted.join('');
  for (const [path] of line.matchAll(/[^\s'"[\]{},]+/g)) yield path;
  const comment = line.search(/\s#/);
  const [rest = ''] = (comment < 0 ? line : line.slice(0, comment)).replace(/^[\s-]+/, '').split(/[\]}]/, 1);
  yield rest.trim();
  yield rest.replace(/^[^:]*:\s/, '').trim();
}
