import { Writable } from 'node:stream';
import { createLogger, type Logger } from '../../src/base/index.ts';

/** A line of the log. */
export interface TestLogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A logger, and what it has written so far. */
export async function createTestLog(): Promise<{ readonly log: Logger; readonly lines: () => readonly TestLogLine[] }> {
  const written: TestLogLine[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      written.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { log: await createLogger({ format: 'json', destination }), lines: () => written };
}
