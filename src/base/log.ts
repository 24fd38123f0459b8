import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import { FluxError, messageOf } from './errors.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  /** `json` is pino's own form; `fmt` is Flux v1's logfmt, or pretty lines when the destination is a terminal. */
  readonly format: 'fmt' | 'json';
  readonly level?: string;
  readonly destination: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** The daemon's logger. Messages are constant lower-case text; everything that varies is a field. */
export async function createLogger({ format, level = 'info', destination }: LogOptions): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  if (format === 'json') return pino(options, destination);
  if (destination.isTTY) {
    const { default: pretty } = await import('pino-pretty');
    return pino(
      options,
      pretty({
        destination,
        sync: true,
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'component',
        messageFormat: '{if component}{component}: {end}{msg}',
      }),
    );
  }
  return pino(options, logfmtStream(destination));
}

/** A logger that writes nothing, for tests and for library use. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

/** What is expected to go wrong is told by its message and help; only what is not carries a stack. */
function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof FluxError)
    return { code: error.code, message: error.message, ...(error.help === undefined ? {} : { help: error.help }) };
  return { message: messageOf(error), ...(error instanceof Error ? { stack: error.stack } : {}) };
}

function logfmtStream(destination: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      const { time, level, component, msg, err, ...rest } = JSON.parse(String(chunk)) as Record<string, unknown>;
      // One line for each event: an error is flattened, and the stack of an unexpected one goes along quoted.
      const error = typeof err === 'object' && err !== null ? (err as Record<string, unknown>) : {};
      const { message, help, stack } = error;
      destination.write(`${logfmt({ ts: time, level, component, msg, ...rest, err: message, help, stack })}\n`);
      done();
    },
  });
}

function logfmt(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${logfmtValue(value)}`)
    .join(' ');
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
