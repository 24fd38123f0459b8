import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';

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
  };
  if (format === 'json') return pino(options, destination);
  if (destination.isTTY) {
    const { default: pretty } = await import('pino-pretty');
    return pino(
      options,
      pretty({
        destination,
        sync: true,
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

function logfmtStream(destination: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      const { time, level, component, msg, ...rest } = JSON.parse(String(chunk)) as Record<string, unknown>;
      const fields = { ts: time, level, component, msg, ...rest };
      destination.write(
        `${Object.entries(fields)
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => `${key}=${logfmtValue(value)}`)
          .join(' ')}\n`,
      );
      done();
    },
  });
}

function logfmtValue(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : value instanceof Object && 'message' in value
        ? String(value.message)
        : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
