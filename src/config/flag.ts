import { parseCsvLine, parseDuration } from '../base/index.ts';

/** The parsed type of a flag: durations become milliseconds, lists arrays. */
export interface FlagTypes {
  readonly string: string;
  readonly bool: boolean;
  readonly int: number;
  readonly float: number;
  readonly duration: number;
  readonly list: readonly string[];
}
export type FlagType = keyof FlagTypes;

/**
 * The status of a flag. `built`: works. `unbuilt`: not supported yet, so a value other than the default prevents the start.
 * `meaningless`: will never have an effect.
 * `deprecated`: works, but has a new name.
 */
export type FlagStatus = 'built' | 'unbuilt' | 'meaningless' | 'deprecated';

export interface Flag<T extends FlagType = FlagType> {
  readonly type: T;
  /** In command-line form. */
  readonly default: string;
  readonly help: string;
  readonly status: FlagStatus;
  /** What replaces the flag, or why it has no effect. */
  readonly note?: string;
  /** One-letter form. */
  readonly short?: string;
}

export function built<T extends FlagType>(type: T, byDefault: string, help: string, short?: string): Flag<T> {
  return { type, default: byDefault, help, status: 'built', ...(short === undefined ? {} : { short }) };
}

export function unbuilt<T extends FlagType>(type: T, byDefault: string, help: string): Flag<T> {
  return { type, default: byDefault, help, status: 'unbuilt' };
}

export function meaningless<T extends FlagType>(type: T, byDefault: string, help: string, note: string): Flag<T> {
  return { type, default: byDefault, help, status: 'meaningless', note };
}

export function deprecated<T extends FlagType>(type: T, byDefault: string, help: string, note: string): Flag<T> {
  return { type, default: byDefault, help, status: 'deprecated', note };
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const INT = /^[+-]?(?:0x[0-9a-f]+|0o?[0-7]+|0b[01]+|[1-9][0-9]*|0)$/i;
const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i;

const PARSERS: { readonly [T in FlagType]: (text: string) => FlagTypes[T] } = {
  string: (text) => text,
  bool: (text) => {
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
    throw invalidSyntax('ParseBool', text);
  },
  int: (text) => {
    if (!INT.test(text)) throw invalidSyntax('ParseInt', text);
    const digits = text.replace(/^[+-]/, '');
    const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
    if (!Number.isSafeInteger(value)) throw new RangeError(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
    return text.startsWith('-') ? -value : value;
  },
  float: (text) => {
    if (!FLOAT.test(text)) throw invalidSyntax('ParseFloat', text);
    return Number(text);
  },
  duration: parseDuration,
  list: parseCsvLine,
};

/**
 * Parses the text of one flag as Go's pflag does.
 * @throws RangeError worded as in Go's standard library.
 */
export function parseFlagValue<T extends FlagType>(type: T, text: string): FlagTypes[T] {
  return PARSERS[type](text);
}

function invalidSyntax(parser: string, text: string): RangeError {
  return new RangeError(`strconv.${parser}: parsing ${quote(text)}: invalid syntax`);
}

export function quote(text: string): string {
  return JSON.stringify(text);
}
