import { FluxError, hasCode } from '../base/index.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { shownUrl } from './url.ts';
import { gitAddress } from './validate-url.ts';

/** Limit of redirects; a renamed repository whose new URL lacks `.git` needs two. */
export const MAX_HOPS = 5;
const SUFFIX = '/info/refs';

export function isRedirect(error: unknown): boolean {
  return hasCode(error, 'git/redirected');
}

/**
 * The target of a repository's redirect. Git's own redirects are disabled, since they would lead to any host and path. A redirect is
 * followed if scheme, host and port stay the same, and the target is a repository URL.
 * @throws FluxError `git/redirected` for any other
 */
export async function redirected(git: Git, address: string, run: RunOptions): Promise<string> {
  const asked = new URL(address);
  const location = await git.redirectOf(address, run);
  const target = location === undefined ? null : URL.parse(location, `${address}${SUFFIX}`);
  if (target === null) throw refused(address, 'to an invalid URL');
  const place = `${target.protocol}//${target.host}`;
  if (target.protocol !== asked.protocol || target.host !== asked.host) throw refused(address, `to another server, ${place}`);
  if (target.username !== '' || target.password !== '' || !target.pathname.endsWith(SUFFIX))
    throw refused(address, 'to something that is not a repository');
  const { address: next } = gitAddress(`${place}${target.pathname.slice(0, -SUFFIX.length)}`);
  if (next === address) throw refused(address, 'to itself');
  return next;
}

function refused(address: string, where: string): FluxError {
  return new FluxError(`${shownUrl(address)} is redirected ${where}`, {
    code: 'git/redirected',
    fault: 'user',
    help: 'Redirects are followed only within the same scheme, host and port. Set --git-url to the new address of the repository.',
  });
}
