import { type Clock, createHttpTransport, type Logger } from '../../base/index.ts';
import { badOption } from '../names.ts';
import type { GitAddress } from '../validate-url.ts';
import type { GitCredential, TokenType } from './git-credential.ts';
import { githubApp } from './github-app.ts';
import { createInstallationTokens, type GitHubApp } from './installation-token.ts';
import { tokenFile } from './token-file.ts';
import { urlCredential } from './url-credential.ts';

/** Where the credentials of a source come from, unless from its URL. */
export type GitAuthentication =
  | { readonly kind: 'token-file'; readonly file: string; readonly type: TokenType }
  | ({ readonly kind: 'github-app' } & GitHubApp);

export interface ChooseOptions {
  readonly remote: GitAddress;
  /** The credentials of the URL by default. */
  readonly authentication?: GitAuthentication;
  /** PEM certificate authorities, which the API of a Git host has in common with the host. */
  readonly caFile?: string;
  /** The daemon's own, with the proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The credential of a source, bound to the place of its URL.
 * @throws FluxError `git/bad-option` for one that does not fit the URL
 */
export function chooseCredential(options: ChooseOptions): GitCredential | undefined {
  const { remote, authentication, environment, clock, log } = options;
  const { origin, credentials } = remote;
  switch (authentication?.kind) {
    case undefined:
      return origin === undefined || credentials === undefined ? undefined : urlCredential(origin, credentials);
    case 'token-file': {
      const { file, type } = authentication;
      if (origin === undefined) throw badOption('--git-token-file', file, 'only an http(s) --git-url has a token');
      return tokenFile({ origin, username: credentials?.username, file, type });
    }
    case 'github-app': {
      if (origin === undefined) throw badOption('--git-github-app-id', authentication.appId, 'it needs an http(s) --git-url');
      const http = createHttpTransport({ maxSockets: 1, proxyEnvironment: environment });
      const { ask } = createInstallationTokens({
        ...authentication,
        http,
        ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
        clock,
      });
      return githubApp({ origin, ask, clock, log });
    }
  }
}
