import { FluxError } from '../base/index.ts';
import { gitAddress } from './address.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './git-process.ts';
import { shownUrl } from './url.ts';

/** A renamed repository whose new name lacks `.git` takes two. */
export const MAX_HOPS = 5;
const SUFFIX = '/info/refs';

export function isRedirect(error: unknown): boolean {
  return error instanceof FluxError && error.code === 'git/redirected';
}

/**
 * The repository that a host names instead of the one it was asked for. Git follows no redirect by itself: it would go to any host and
 * path. Here one counts that stays with the scheme, host and port, and names a repository as git does.
 * @throws FluxError `git/redirected` for any other
 */
export async function redirected(git: Git, address: string, run: RunOptions): Promise<string> {
  const asked = new URL(address);
  const location = await git.redirectOf(address, run);
  const target = location === undefined ? null : URL.parse(location, `${address}${SUFFIX}`);
  if (target === null) throw refused(address, 'to nowhere that is an URL');
  const place = `${target.protocol}//${target.host}`;
  if (target.protocol !== asked.protocol || target.host !== asked.host) throw refused(address, `to another place, ${place}`);
  if (target.username !== '' || target.password !== '' || !target.pathname.endsWith(SUFFIX))
    throw refused(address, 'to what is no repository');
  const { address: next } = gitAddress(`${place}${target.pathname.slice(0, -SUFFIX.length)}`);
  if (next === address) throw refused(address, 'to itself');
  return next;
}

function refused(address: string, where: string): FluxError {
  return new FluxError(`${shownUrl(address)} is redirected ${where}`, {
    code: 'git/redirected',
    fault: 'user',
    help: 'Redirects are followed within the same scheme, host and port only. Name in --git-url where the repository is now.',
  });
}
