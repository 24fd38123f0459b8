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

/** Of a shorter one too much of a text would go with it. */
const MIN_HIDDEN = 6;

/** A text of the far side without a secret that it was sent, as it is or encoded, should it say it back. */
export function withoutSecret(text: string, secret: string): string {
  if (secret.length < MIN_HIDDEN) return text;
  const base64 = Buffer.from(secret).toString('base64');
  const forms = [secret, encodeURIComponent(secret), base64, base64.replace(/=+$/, '')];
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text);
}

const SCHEME = '[a-z][a-z0-9+.-]{0,20}://';
/** A URL up to white space or the next URL; what it is made of is told apart by `withoutPassword`. */
const URLS = new RegExp(`(${SCHEME})((?:(?!${SCHEME})\\S)*)`, 'gi');
const CREDENTIALS = /\b((?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}/gi;
const PARAMETERS = /((?:token|password|passwd|secret|sig|signature)=)[^\s&;,"'#]+/gi;
const JSON_FIELDS = /("[a-z_-]{0,40}(?:token|password|secret)"\s*:\s*")(?:[^"\\]|\\.)*/gis;

/**
 * Removes what must stay secret from a text: passwords in URLs (`https://user:password@host` → `https://user:***@host`),
 * bearer and basic credentials, and the values of parameters and JSON fields that hold tokens, passwords or signatures.
 * Works in linear time on any text.
 */
export function redact(text: string): string {
  return text
    .replace(URLS, (_url, scheme: string, rest: string) => scheme + withoutPassword(rest))
    .replace(CREDENTIALS, '$1***')
    .replace(PARAMETERS, '$1***')
    .replace(JSON_FIELDS, '$1***');
}

/** What follows a scheme, its password replaced. Passwords that no URL may hold as they are (`@`, `/`, `?`, `#`) are found too. */
function withoutPassword(rest: string): string {
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  let at = authority.lastIndexOf('@');
  // No host and port: the authority was cut short by a `/`, `?` or `#` in the password, and goes on to the last `@`.
  if (!/^(?:\[[^\]]*\]|[^:]*)(?::\d+)?$/.test(authority.slice(at + 1))) at = rest.lastIndexOf('@');
  const colon = rest.indexOf(':');
  return colon < 0 || colon > at ? rest : `${rest.slice(0, colon)}:***${rest.slice(at)}`;
}
