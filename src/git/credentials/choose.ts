import { badOption } from '../names.ts';
import type { GitAddress } from '../validate-url.ts';
import type { GitCredential, TokenType } from './git-credential.ts';
import { tokenFile } from './token-file.ts';
import { urlCredential } from './url-credential.ts';

/** Where the credentials of a source come from, unless from its URL. */
export type GitAuthentication = { readonly kind: 'token-file'; readonly file: string; readonly type: TokenType };

/**
 * The credential of a source, bound to the place of its URL.
 * @throws FluxError `git/bad-option` for one that does not fit the URL
 */
export function chooseCredential(
  { origin, credentials }: GitAddress,
  authentication: GitAuthentication | undefined,
): GitCredential | undefined {
  if (authentication === undefined)
    return origin === undefined || credentials === undefined ? undefined : urlCredential(origin, credentials);
  const { file, type } = authentication;
  if (origin === undefined) throw badOption('--git-token-file', file, 'only an http(s) --git-url has a token');
  return tokenFile({ origin, username: credentials?.username, file, type });
}
