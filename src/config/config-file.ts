import * as z from 'zod';
import { findEntry, parseYamlDocuments, suggest, type YamlDocument } from '../base/index.ts';
import type { SourceConfig } from './config.ts';
import { type FlagType, parseFlagValue } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, isFlagName } from './flags.ts';
import type { Reading, Setting } from './setting.ts';
import { readSources, SOURCES } from './sources.ts';

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

/** What a config file holds. */
export interface FileReading extends Reading {
  /** Empty without the key `sources`. */
  readonly sources: readonly SourceConfig[];
}

/**
 * Parses a config file: one YAML map from flag names, without dashes, to values, and `sources`. Pure; `file` is its name in messages.
 * Messages never quote values, since they may be secret.
 */
export function readConfigFile(text: string, file: string): FileReading {
  const [document, second] = [...parseYamlDocuments(text)];
  if (document === undefined) return { settings: [], sources: [], problems: [] };
  if (document.error) return { settings: [], sources: [], problems: [`${file}:${document.line}: ${document.error.message}`] };
  if (second) return { settings: [], sources: [], problems: [`${file}: more than one YAML document`] };
  return readDocument(document, file);
}

function readDocument(document: YamlDocument, file: string): FileReading {
  const { root, value: values, position, warnings } = document;
  if (root.kind !== 'mapping' || typeof values !== 'object' || values === null)
    return { settings: [], sources: [], problems: [`${file}: expected a map from flag names to values`] };
  const settings: Setting[] = [];
  let sources: readonly SourceConfig[] = [];
  const problems = warnings.map(({ line, message }) => `${file}:${line}: ${message}`);
  for (const [key, value] of Object.entries(values)) {
    const place = `${file}:${position(Math.max(0, findEntry(root, key)?.pair.key.start ?? 0)).line}`;
    if (key === SOURCES) {
      const read = readSources(value, document, file);
      sources = read.sources;
      problems.push(...read.problems);
    } else if (!isFlagName(key)) problems.push(`${place}: ${unknownKey(key)}`);
    else if (NOT_IN_FILE.includes(key)) problems.push(`${place}: ${key} cannot be set in a config file`);
    else {
      const parsed = SCHEMAS[FLAGS[key].type].safeParse(value);
      if (parsed.success) settings.push({ name: key, value: parsed.data, origin: place });
      else for (const issue of parsed.error.issues) problems.push(`${place}: invalid value for ${key}: ${issue.message}`);
    }
  }
  return { settings, sources, problems };
}

function unknownKey(key: string): string {
  const meant = suggest(key.replace(/^-+/, ''), [...KEYS, SOURCES]);
  return `unknown key${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}
