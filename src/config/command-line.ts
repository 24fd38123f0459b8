import { messageOf, suggest } from '../base/index.ts';
import { parseFlagValue, quote } from './flag.ts';
import { FLAG_NAMES, FLAGS, type FlagName, isFlagName } from './flags.ts';
import type { Reading } from './setting.ts';

/** A parsed command line. Problems are worded as in Flux v1 (pflag). */
export interface CommandLine extends Reading {
  readonly help: boolean;
  /** Words that are neither flags nor values; Flux v1 ignored them. */
  readonly strays: readonly string[];
}

const BY_SHORT = new Map(FLAG_NAMES.flatMap((name) => ('short' in FLAGS[name] ? [[FLAGS[name].short, name] as const] : [])));

/** Parses GNU-style flags as Go's pflag does: `--x=v`, `--x v`, `-lv`, `-l v`, `--bool[=false]`, lists by comma and repetition. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const values = new Map<FlagName, unknown>();
  const problems: string[] = [];
  const strays: string[] = [];
  const rest = [...argv];

  const set = (name: FlagName, text: string) => {
    try {
      const value = parseFlagValue(FLAGS[name].type, text);
      const before = values.get(name);
      values.set(name, Array.isArray(value) && Array.isArray(before) ? [...before, ...value] : value);
    } catch (error) {
      problems.push(`invalid argument ${quote(text)} for ${quote(spelling(name))} flag: ${messageOf(error)}`);
    }
  };
  /** The value of a flag without an attached one: `true` for a boolean flag, else the next word. */
  const take = (name: FlagName, shown: string) => {
    const text = FLAGS[name].type === 'bool' ? 'true' : rest.shift();
    if (text === undefined) problems.push(`flag needs an argument: ${shown}`);
    else set(name, text);
  };
  const readLong = (word: string) => {
    const [, name = '', text] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === '' || name.startsWith('-')) problems.push(`bad flag syntax: ${word.split('=', 1)[0]}`);
    else if (!isFlagName(name)) problems.push(unknownFlag(name));
    else if (text === undefined) take(name, `--${name}`);
    else set(name, text);
  };
  const readShort = (word: string) => {
    const name = BY_SHORT.get(word.charAt(1));
    const text = word.slice(2);
    if (name === undefined) problems.push(`unknown shorthand flag: '${word.charAt(1)}' in ${word.split('=', 1)[0]}`);
    else if (text === '') take(name, `'${word.charAt(1)}' in ${word}`);
    else set(name, text.startsWith('=') ? text.slice(1) : text);
  };

  let help = false;
  // Arguments after it are ignored, and errors before it take precedence.
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') strays.push(...rest.splice(0));
    else if (word === '--help' || word === '-h') {
      help = problems.length === 0;
      if (help) break;
    } else if (word.startsWith('--')) readLong(word);
    else if (word.startsWith('-') && word !== '-') readShort(word);
    else strays.push(word);
  }
  const settings = [...values].map(([name, value]) => ({ name, value, origin: '' }));
  return { settings, help, problems, strays };
}

function spelling(name: FlagName): string {
  const flag = FLAGS[name];
  return 'short' in flag ? `-${flag.short}, --${name}` : `--${name}`;
}

function unknownFlag(name: string): string {
  const meant = suggest(name, FLAG_NAMES);
  return `unknown flag: --${name}${meant === undefined ? '' : ` (did you mean --${meant}?)`}`;
}
