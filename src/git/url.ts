import { redact } from '../base/index.ts';
import { hasControlCharacter } from './control-character.ts';

/** A repository URL as Flux v1 parses it; identifies a repository, but is never passed to git. */
export interface GitUrl {
  readonly scheme: string;
  /** User name as written, percent-encoded; the password is dropped. */
  readonly user: string;
  /** Host, with `:port` if given. */
  readonly host: string;
  /** Percent-encoded; as written, so scp-like paths have no leading `/`. */
  readonly path: string;
  /** Query and fragment as written, including `?` and `#`. */
  readonly rest: string;
}

const TRANSPORTS = new Set(['ssh', 'git', 'git+ssh', 'http', 'https', 'ftp', 'ftps', 'rsync', 'file']);

/**
 * Parses a URL by Flux v1's rules: one of the known schemes, else `[user@]host:path` (ssh), else a local path (file). Undefined for a
 * malformed URL with a known scheme.
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

/** Whether ssh reaches the repository. */
export function usesSsh(url: string): boolean {
  return parseGitUrl(url)?.scheme.includes('ssh') ?? false;
}

/**
 * Flux v1's form of the URL without password, which the sync-set name is derived from:
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
 * The URL for display. Over http(s) it also lacks the user, which Flux v1 showed, because many hosts accept a token in its place.
 */
export function shownUrl(url: string): string {
  return safeUrl(url).replace(/^(https?:\/\/)[^/@]*@/, '$1');
}

/**
 * Whether two URLs refer to the same repository, for notifications from Git hosts: same host and port, and same path without leading
 * `/` and trailing `.git`; scheme, user and case are ignored, as by the hosts.
 */
export function sameRepository(a: string, b: string): boolean {
  const [left, right] = [parseGitUrl(a), parseGitUrl(b)];
  if (!left || !right) return false;
  const name = ({ host, path }: GitUrl) => `${host}/${path.replace(/^\//, '').replace(/\.git$/i, '')}`.toLowerCase();
  return name(left) === name(right);
}

/** Escapes a path as Go's net/url does, without escaping twice. */
function escapePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!'()*;:@&=+$,/[\]%]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}

function hasControls(text: string): boolean {
  return text.includes(' ') || hasControlCharacter(text);
}
