import { redact } from '../base/index.ts';

/** A repository URL as Flux v1 reads it; names a repository, it is never handed to git. */
export interface GitUrl {
  readonly scheme: string;
  /** User name as written, percent-encoded; the password is dropped while reading. */
  readonly user: string;
  /** Host, with `:port` when one is written. */
  readonly host: string;
  /** Percent-encoded; as written, so scp-like paths have no leading `/`. */
  readonly path: string;
  /** Query and fragment as written, `?` and `#` included. */
  readonly rest: string;
}

const TRANSPORTS = new Set(['ssh', 'git', 'git+ssh', 'http', 'https', 'ftp', 'ftps', 'rsync', 'file']);

/**
 * Reads a URL by Flux v1's rules: one of the known schemes, else `[user@]host:path` (ssh), else a local path (file). Undefined
 * when it has a known scheme but is malformed.
 */
export function parseGitUrl(url: string): GitUrl | undefined {
  const transport = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(url);
  const scheme = transport?.[1]?.toLowerCase() ?? '';
  if (transport && TRANSPORTS.has(scheme)) {
    const [, , authority = '', path = '', rest = ''] = transport;
    const at = authority.lastIndexOf('@');
    const user = authority.slice(0, Math.max(at, 0)).split(':', 1)[0] ?? '';
    const host = authority.slice(at + 1);
    const wellFormed =
      /^([^:[\]%]*|\[[0-9a-fA-F:.]+\])(:\d*)?$/.test(host) && !hasControls(url) && !/%(?![0-9a-f]{2})/i.test(path);
    return wellFormed ? { scheme, user, host, path: escapePath(path), rest } : undefined;
  }
  const scp = /^(?:([a-zA-Z0-9_]+)@)?([a-zA-Z0-9._-]+):([a-zA-Z0-9./_-]+)(.*)$/.exec(url);
  if (scp) {
    const [, user = '', host = '', path = '', rest = ''] = scp;
    return { scheme: 'ssh', user, host, path, rest: rest === '' ? '' : `?${rest}` };
  }
  return { scheme: 'file', user: '', host: '', path: escapePath(url.replaceAll('%', '%25')).replaceAll('?', '%3F'), rest: '' };
}

/**
 * The URL without its password as Flux v1 spells it, which the sync-set name is made of:
 * `git@github.com:o/r` becomes `ssh://git@github.com/o/r`, `/srv/x.git` becomes `file:///srv/x.git`.
 */
export function safeUrl(url: string): string {
  const parsed = parseGitUrl(url);
  if (!parsed) return `<unparseable: ${redact(url)}>`;
  const { scheme, user, host, path, rest } = parsed;
  if (host === '' && user === '' && path === '') return `${scheme}:${rest}`;
  const slash = host !== '' && path !== '' && !path.startsWith('/') ? '/' : '';
  return `${scheme}://${user === '' ? '' : `${user}@`}${host}${slash}${path}${rest}`;
}

/**
 * The URL for people: over http(s) the user goes too, because many hosts take a token in its place. Flux v1 showed it.
 */
export function shownUrl(url: string): string {
  return safeUrl(url).replace(/^(https?:\/\/)[^/@]*@/, '$1');
}

/**
 * Whether two URLs mean the same repository, as notifications from Git hosts need it: same host (with port) and same path
 * without leading `/` and trailing `.git`; scheme, user, and upper or lower case do not matter, as they do not to the hosts.
 */
export function sameRepository(a: string, b: string): boolean {
  const [left, right] = [parseGitUrl(a), parseGitUrl(b)];
  if (!left || !right) return false;
  const name = ({ host, path }: GitUrl) => `${host}/${path.replace(/^\//, '').replace(/\.git$/i, '')}`.toLowerCase();
  return name(left) === name(right);
}

/** Escapes as Go's net/url writes paths; what is escaped already stays. */
function escapePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!'()*;:@&=+$,/[\]%]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}

function hasControls(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  return /[\x00-\x20\x7f]/.test(text);
}
