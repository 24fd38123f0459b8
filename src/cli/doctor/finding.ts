/** The result of one check. */
export interface Finding {
  /** Name of the check. */
  readonly check: string;
  /** `fail`: Flux does not work; `warn`: it works but needs attention, or the check could not run. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** The next step. */
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
