import { inspect } from 'node:util';

/** A value that must not be printed: string conversion, JSON and inspection all show `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that sends it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** Removes passwords from every URL in a text (`https://user:password@host` → `https://user:***@host`) and bearer tokens. */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,256}):[^\s/@]{1,1024}@/gi, '$1:***@')
    .replace(/\b(bearer|basic|token=)(\s*)[a-z0-9._~+/=-]{8,8192}/gi, '$1$2***');
}
