import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type JsonValue, parseYamlDocuments } from '../../src/base/index.ts';

/**
 * What kubectl 1.32 made of each snippet, as the rest of a ConfigMap, by
 * `kubectl label --local -f FILE -o json x=y`, less the envelope; `refused` holds its error.
 */
interface Case {
  readonly yaml: string;
  readonly json?: Record<string, JsonValue>;
  readonly refused?: string;
}

const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'yaml-kubectl.json'), 'utf8')) as readonly Case[];

/** Read here although kubectl's parser refuses them: YAML 1.2 and JSON allow all of these, and no two readers see different values. */
const MORE_LENIENT = new Set(['flow: [b?c]\n', 'q: "\\u00e9\\/ \\x41 \\e"\n', 'a: "\\ud83d\\ude00"\n']);
/** kubectl reads them; here they are refused with a clear error, as nothing good is written like that. */
const STRICTER = new Set([
  '__proto__: {a: 1}\n',
  'a: {\n\t"b": 1}\n',
  'd: [2001-1-1, 2001-01-01 10:00:00, 1.2.3, 1-2, +, -, "-", --1, 1e, e1, 0x1G, 1,000]\n',
  'k: {1e30: a, 1.123456789: b, -0x10: c}\n',
  'Off: 1\nNULL2: 2\n+1: 3\n.5: 4\n-.5: 5\n1e300: 6\n',
]);

const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\n';

describe('S-023 YAML is read as kubectl reads it', () => {
  test.each(cases.map((entry) => [entry.yaml.replaceAll('\n', '⏎'), entry] as const))('%s', (_, { yaml, json, refused }) => {
    const documents = [...parseYamlDocuments(HEAD + yaml)];
    expect(documents).toHaveLength(1);
    const [document] = documents;
    if (STRICTER.has(yaml)) {
      expect(document?.error?.code).toMatch(/^yaml\//);
      return;
    }
    if (refused !== undefined && !MORE_LENIENT.has(yaml)) {
      expect(document?.error, refused).toBeDefined();
      return;
    }
    if (!document || document.error) throw document?.error ?? new Error('no document');
    if (refused !== undefined) return;
    const { apiVersion: _a, kind: _k, metadata: _m, ...rest } = document.value as Record<string, JsonValue>;
    expect(JSON.parse(JSON.stringify(rest))).toEqual(json);
  });
});
