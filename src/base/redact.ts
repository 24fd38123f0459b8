import { inspect } from 'node:util';

/** A secret value: string conversion, JSON and inspection show `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, only for sending it. */
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

/** Shorter secrets would match too much of a text. */
const MIN_HIDDEN = 6;

/** Removes a secret that was sent, verbatim or encoded, from a server's text that may echo it. */
export function withoutSecret(text: string, secret: string): string {
  if (secret.length < MIN_HIDDEN) return text;
  const base64 = Buffer.from(secret).toString('base64');
  const forms = [secret, encodeURIComponent(secret), base64, base64.replace(/=+$/, '')];
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text);
}

const SCHEME = '[a-z][a-z0-9+.-]{0,20}://';
/** A URL up to white space or the next URL; `withoutPassword` parses its parts. */
const URLS = new RegExp(`(${SCHEME})((?:(?!${SCHEME})\\S)*)`, 'gi');
const CREDENTIALS = /\b((?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}/gi;
const PARAMETERS = /((?:token|password|passwd|secret|sig|signature)=)[^\s&;,"'#]+/gi;
const JSON_FIELDS = /("[a-z_-]{0,40}(?:token|password|secret)"\s*:\s*")(?:[^"\\]|\\.)*/gis;

/**
 * Removes secrets from a text: passwords in URLs (`https://user:password@host` → `https://user:***@host`), bearer and basic
 * credentials, and the values of parameters and JSON fields with tokens, passwords or signatures. Runs in linear time.
 */
export function redact(text: string): string {
  // The expression looks for a scheme from each letter on, which takes twenty times as long.
  const urls = text.includes('://')
    ? text.replace(URLS, (_url, scheme: string, rest: string) => scheme + withoutPassword(rest))
    : text;
  return urls.replace(CREDENTIALS, '$1***').replace(PARAMETERS, '$1***').replace(JSON_FIELDS, '$1***');
}

/** Replaces the password in the text after a scheme, even if it contains characters that are invalid there (`@`, `/`, `?`, `#`). */
function withoutPassword(rest: string): string {
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  let at = authority.lastIndexOf('@');
  // Not a host and port: a `/`, `?` or `#` in the password ended the authority, which extends to the last `@`.
  if (!/^(?:\[[^\]]*\]|[^:]*)(?::\d+)?$/.test(authority.slice(at + 1))) at = rest.lastIndexOf('@');
  const colon = rest.indexOf(':');
  return colon < 0 || colon > at ? rest : `${rest.slice(0, colon)}:***${rest.slice(at)}`;
}
