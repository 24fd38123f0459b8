import { resolve } from 'node:path';
import { FluxError, percentDecoded, redact, Secret } from '../base/index.ts';
import { hasControlCharacter, replaceControlCharacters } from './control-character.ts';

/** A repository URL as git parses it, validated and without the password. */
export interface GitAddress {
  /** The repository argument for git; contains no password. */
  readonly address: string;
  /** The only transport that this source may use, as in `GIT_ALLOW_PROTOCOL`. */
  readonly protocol: string;
  /** Scheme, host and port of an http(s) URL, as written. */
  readonly origin?: string;
  /** User and password of an http(s) URL. */
  readonly credentials?: { readonly username: string; readonly password: Secret };
}

const FORBIDDEN = new Set(['ext', 'fd']);

/**
 * Validates a URL before git sees it (S-001, S-002, S-003, S-009): no option, no control character, no host or user that ssh would parse
 * as an option, no transport that runs programs. The transport is determined as git does: `x::y` is a helper, a colon before any slash
 * means ssh.
 * @throws FluxError `git/bad-url`
 */
export function gitAddress(url: string): GitAddress {
  if (hasControlCharacter(url)) throw refused(url, 'it contains a control character');
  if (url !== url.trim()) throw refused(url, 'it starts or ends with a space');
  const [variable] = /\$\([A-Za-z_][\w.-]{0,100}\)/.exec(url) ?? [];
  if (variable !== undefined) throw refused(url, `it contains ${variable}, a variable without a value`, NO_VARIABLE);
  if (url.startsWith('-')) throw refused(url, 'it starts with "-"');
  if (url.startsWith('\\')) throw refused(url, 'it is a network share, which git cannot access safely');

  const helper = /^([A-Za-z0-9][A-Za-z0-9+.-]*)::/.exec(url)?.[1]?.toLowerCase();
  if (helper) return { address: url, protocol: allowed(url, helper) };

  const transport = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/.exec(url);
  if (transport) {
    const [, scheme = '', authority = '', path = ''] = transport;
    return fromTransport(url, scheme.toLowerCase(), authority, path);
  }

  const colon = url.indexOf(':');
  const slash = url.indexOf('/');
  if (colon >= 0 && (slash < 0 || colon < slash)) {
    checkSsh(url, url.slice(0, colon), url.slice(colon + 1));
    return { address: url, protocol: 'ssh' };
  }
  // A local directory with that name is written ./github.com/…
  if (/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\/./i.test(url))
    throw refused(
      url,
      'it has no scheme',
      `Write https://${shownText(url)} or git@${shownText(url.replace('/', ':'))}; a local path starts with / or ./.`,
    );
  return { address: resolve(url), protocol: 'file' };
}

function fromTransport(url: string, scheme: string, authority: string, path: string): GitAddress {
  const protocol = allowed(url, scheme);
  if (scheme === 'file') {
    if (authority !== '') throw refused(url, 'a file URL has no host: file:///path');
    return { address: url, protocol };
  }
  const at = authority.lastIndexOf('@');
  const [host, userinfo] = [authority.slice(at + 1), authority.slice(0, Math.max(at, 0))];
  const colon = userinfo.indexOf(':');
  const user = colon < 0 ? userinfo : userinfo.slice(0, colon);
  if (protocol === 'ssh') {
    checkSsh(url, `${user}${at < 0 ? '' : '@'}${host.replace(/:\d+$/, '')}`, path);
    return { address: `${scheme}://${at < 0 ? '' : `${user}@`}${host}${path}`, protocol };
  }
  if (!/^([A-Za-z0-9_.][A-Za-z0-9_.-]*|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/.test(host)) throw refused(url, 'its host is invalid');
  const [username, password] = [decoded(url, user), decoded(url, colon < 0 ? '' : userinfo.slice(colon + 1))];
  decoded(url, path);
  return {
    // The user is not passed in arguments either, which every local user can read: hosts accept tokens in its place.
    address: `${scheme}://${host}${path}`,
    protocol,
    ...(scheme === 'http' || scheme === 'https' ? { origin: `${scheme}://${host}` } : {}),
    ...(user === '' && colon < 0 ? {} : { credentials: { username, password: new Secret(password) } }),
  };
}

/** ssh receives a host argument and a command line for the remote shell; both are limited to plain characters. */
function checkSsh(url: string, destination: string, path: string): void {
  if (
    !/^([A-Za-z0-9_][A-Za-z0-9_.+~-]*@)?([A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9a-fA-F:.]+\]|\[[A-Za-z0-9_][A-Za-z0-9_.-]*(:\d+)?\])$/.test(
      destination,
    )
  )
    throw refused(url, 'its user or host is invalid');
  if (/^\/?-/.test(path)) throw refused(url, 'its path starts with "-"');
  if (/['"`;|&$<>\\!*?(){}]/.test(decoded(url, path))) throw refused(url, 'its path contains a shell metacharacter');
}

function allowed(url: string, scheme: string): string {
  if (FORBIDDEN.has(scheme)) throw refused(url, `transport "${scheme}" runs programs and is never allowed`);
  return scheme === 'git+ssh' || scheme === 'ssh+git' ? 'ssh' : scheme;
}

function decoded(url: string, text: string): string {
  const plain = percentDecoded(text);
  if (plain === undefined) throw refused(url, 'it contains a malformed percent escape');
  if (hasControlCharacter(plain)) throw refused(url, 'it contains an encoded control character');
  return plain;
}

const FORMS = 'Write the repository as https://host/path, ssh://user@host/path, user@host:path, or an absolute local path.';

const NO_VARIABLE =
  'Kubernetes replaces only variables that the container has, and only in its arguments: give the Secret that has it to the container, with envFrom (in the chart env.secretName). Or use --git-token-file.';

function refused(url: string, why: string, help = FORMS): FluxError {
  return new FluxError(`--git-url "${shownText(url)}" is refused: ${why}`, { code: 'git/bad-url', fault: 'user', help });
}

function shownText(url: string): string {
  return redact(replaceControlCharacters(url, '?'))
    .replace(/^(https?:\/\/)[^/]*@/i, '$1***@')
    .slice(0, 200);
}
