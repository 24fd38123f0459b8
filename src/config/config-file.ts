import * as z from 'zod';
import { findEntry, parseYamlDocuments, suggest, type YamlDocument } from '../base/index.ts';
import { type FlagType, parseFlagValue } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, isFlagName } from './flags.ts';
import type { Reading, Setting } from './setting.ts';

/** The YAML form of each type. */
const SCHEMAS = {
  string: z.string('expected text; put it in quotes'),
  bool: z.boolean('expected true or false'),
  int: z.int('expected a whole number'),
  float: z.number('expected a number'),
  duration: z.string('expected a duration as text, such as 5m').transform((text, context) => {
    try {
      return parseFlagValue('duration', text);
    } catch {
      // The parser's own message would quote the value.
      context.addIssue('expected a duration, such as 5m');
      return z.NEVER;
    }
  }),
  list: z.array(z.string('expected text; put it in quotes'), 'expected a list'),
} as const satisfies Readonly<Record<FlagType, z.ZodType>>;

/** Flags that only the command line or the environment can set. */
const NOT_IN_FILE: readonly FlagName[] = ['config-file', 'version'];
const KEYS = FLAG_NAMES.filter((name) => !NOT_IN_FILE.includes(name));

/**
 * Parses a config file: one YAML map from flag names, without dashes, to values. Pure; `file` is its name in messages. Messages never
 * quote values, since they may be secret.
 */
export function readConfigFile(text: string, file: string): Reading {
  const [document, second] = [...parseYamlDocuments(text)];
  if (document === undefined) return { settings: [], problems: [] };
  if (document.error) return { settings: [], problems: [`${file}:${document.line}: ${document.error.message}`] };
  if (second) return { settings: [], problems: [`${file}: more than one YAML document`] };
  return readDocument(document, file);
}

function readDocument({ root, value: values, position, warnings }: YamlDocument, file: string): Reading {
  if (root.kind !== 'mapping' || typeof values !== 'object' || values === null)
    return { settings: [], problems: [`${file}: expected a map from flag names to values`] };
  const settings: Setting[] = [];
  const problems = warnings.map(({ line, message }) => `${file}:${line}: ${message}`);
  for (const [key, value] of Object.entries(values)) {
    const place = `${file}:${position(Math.max(0, findEntry(root, key)?.pair.key.start ?? 0)).line}`;
    if (!isFlagName(key)) problems.push(`${place}: ${unknownKey(key)}`);
    else if (NOT_IN_FILE.includes(key)) problems.push(`${place}: ${key} cannot be set in a config file`);
    else {
      const parsed = SCHEMAS[FLAGS[key].type].safeParse(value);
      if (parsed.success) settings.push({ name: key, value: parsed.data, origin: place });
      else for (const issue of parsed.error.issues) problems.push(`${place}: invalid value for ${key}: ${issue.message}`);
    }
  }
  return { settings, problems };
}

function unknownKey(key: string): string {
  const meant = suggest(key.replace(/^-+/, ''), KEYS);
  return `unknown key${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}
