import { Writable } from 'node:stream';
import { type Logger, type LoggerOptions, pino } from 'pino';
import type { Clock } from './clock.ts';
import { cut } from './cut.ts';
import { FluxError, messageOf } from './errors.ts';
import { limitLines } from './log-limit.ts';
import { redact } from './redact.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  /** `json` is pino's own format; `fmt` is Flux v1's logfmt, or pretty lines on a terminal. */
  readonly format: 'fmt' | 'json';
  readonly level?: string;
  readonly destination: Writable & { readonly isTTY?: boolean };
  /** Enables the limit of 100 lines per second, by this clock, and drops lines for a stalled reader. Without it all lines are written. */
  readonly limit?: Clock;
}

/**
 * The daemon's logger. Messages are constant lower-case text; variable data goes into fields. Each event is one line. Control characters
 * from repositories and registries are escaped, passwords that `redact` finds are removed, and each text is truncated to 2 KiB.
 */
export async function createLogger({ format, level = 'info', destination, limit }: LogOptions): Promise<Logger> {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: format === 'json' ? nestErrors : flattenErrors },
    // The formatter serialises errors; pino's own serialiser would do so again.
    serializers: { err: (described: unknown) => described, msg: (msg: unknown) => shown(String(msg)) },
  };
  const toText = format === 'json' ? escapeHidden : destination.isTTY ? await terminalLine() : logfmtLine;
  const lines = throughText(destination, toText);
  return pino(options, limit ? limitLines(lines, () => destination.writableLength, limit) : lines);
}

/** A logger without output, for tests and library use. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

type Fields = Record<string, unknown>;

/** Serialises errors as objects. `err` always is one, since log stores expect one type per field. */
function nestErrors(fields: Fields): Fields {
  return mapFields(fields, (key, value) => {
    if (value instanceof Error) return { [key]: describeError(value) };
    return key === 'err' && typeof value === 'string' ? { err: { message: shown(value) } } : undefined;
  });
}

/** Serialises errors as their message, with help and stack in separate fields. */
function flattenErrors(fields: Fields): Fields {
  return mapFields(fields, (key, value) => {
    if (!(value instanceof Error)) return undefined;
    const { code: _code, message, ...rest } = describeError(value);
    return { [key]: message, ...rest };
  });
}

function mapFields(fields: Fields, describe: (key: string, value: unknown) => Fields | undefined): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => {
      const described = describe(key, value);
      return described ? Object.entries(described) : [[key, typeof value === 'string' ? shown(value) : value]];
    }),
  );
}

/** Expected errors have message and help; only unexpected ones have a stack. */
function describeError(error: Error): Fields {
  const message = shown(messageOf(error));
  if (error instanceof FluxError)
    return { code: error.code, message, ...(error.help === undefined ? {} : { help: shown(error.help) }) };
  return { message, stack: shown(String(error.stack)) };
}

function shown(text: string): string {
  return redact(cut(text));
}

/** A text stream that transforms each write and passes it on, without buffering. */
function throughText(destination: Writable, change: (text: string) => string): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      destination.write(change(String(chunk)));
      done();
    },
  });
}

async function terminalLine(): Promise<(json: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    singleLine: true,
    errorLikeObjectKeys: [],
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'component',
    messageFormat: (log, key) => escapeControls(`${log.component === undefined ? '' : `${log.component}: `}${log[key]}`),
  });
  return (json) => escapeHidden(pretty(json));
}

function logfmtLine(json: string): string {
  const { time, level, component, msg, ...rest } = JSON.parse(json) as Fields;
  const pairs = Object.entries({ ts: time, level, component, msg, ...rest }).filter(([, value]) => value !== undefined);
  return `${pairs.map(([key, value]) => `${logfmtKey(key)}=${logfmtValue(value)}`).join(' ')}\n`;
}

function logfmtKey(key: string): string {
  return key.replace(NOT_BARE, '_') || '_';
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text !== '' && text.search(NOT_BARE) < 0 ? text : escapeHidden(JSON.stringify(text));
}

/** Characters that logfmt must quote, including invisible ones. */
const NOT_BARE = /[\s"=\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
/** Characters that JSON does not escape although terminals interpret them (C1 controls), or that end lines or reorder text. */
const HIDDEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
const CONTROLS = /[\u0000-\u001f]/g;

function escapeHidden(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function escapeControls(text: string): string {
  return text.replace(CONTROLS, (char) => JSON.stringify(char).slice(1, -1));
}
