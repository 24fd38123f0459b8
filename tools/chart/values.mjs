// Reads the values of the chart with the comments above them; charts/flux/values.yaml describes their form.
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

export const CHART = new URL('../../charts/flux/', import.meta.url);

const TAGS = new Set(['flag', 'accept', 'refuse', 'nothing', 'new']);

/**
 * Every documented value in the order of the file: `{ path, text, default, flag?, accept?, refuse?, nothing?, new? }`.
 * Throws for a value that nothing documents, and for a tag that there is not.
 */
export function readValues() {
  const source = readFileSync(new URL('values.yaml', CHART), 'utf8');
  const defaults = load(source);
  const values = [];
  const parents = [];
  let comment = [];
  for (const line of source.split('\n')) {
    const written = line.match(/^\s*# ?(.*)$/);
    if (written) {
      comment.push(written[1]);
      continue;
    }
    const key = line.match(/^( *)(\w+):/);
    if (key) {
      const depth = key[1].length / 2;
      parents.length = Math.min(depth, parents.length);
      parents[depth] = key[2];
      const described = comment.findIndex((text) => text.startsWith('-- '));
      if (described >= 0) values.push(describe(parents.slice(0, depth + 1), comment.slice(described), defaults));
    }
    comment = [];
  }
  const documented = values.map(({ path }) => path);
  for (const leaf of leaves(defaults)) {
    if (!documented.some((path) => leaf === path || leaf.startsWith(`${path}.`)))
      throw new Error(`values.yaml: nothing describes ${leaf}`);
  }
  return values;
}

function describe(keys, [first, ...rest], defaults) {
  const value = { path: keys.join('.'), text: first.slice(3), default: keys.reduce((map, key) => map[key], defaults) };
  for (const line of rest) {
    const [, tag, text] = line.match(/^@(\w+) ?(.*)$/) ?? [];
    if (!TAGS.has(tag)) throw new Error(`values.yaml: ${value.path}: what is "${line}"?`);
    value[tag] = tag === 'accept' ? JSON.parse(text) : text || true;
  }
  return value;
}

function* leaves(value, path = []) {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    yield path.join('.');
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, [...path, key]);
}
