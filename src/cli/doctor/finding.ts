/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** `fail`: Flux does not work; `warn`: it does, but somebody should look, or it could not be checked. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it. */
  readonly help?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, level: 'ok', message };
}

export function warn(check: string, message: string, help: string): Finding {
  return { check, level: 'warn', message, help };
}

export function fail(check: string, message: string, help: string): Finding {
  return { check, level: 'fail', message, help };
}
