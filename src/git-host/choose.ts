import { type Cancellable, type Clock, createHttpTransport, type HttpTransport, type Secret } from '../base/index.ts';
import { type ApiOptions, createApi } from './api.ts';
import { azureDevops } from './azure-devops.ts';
import { bitbucketCloud } from './bitbucket-cloud.ts';
import { bitbucketServer } from './bitbucket-server.ts';
import type { GitHost, RequestExtras } from './git-host.ts';
import { gitea } from './gitea.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import type { HostKind } from './host-kind.ts';
import type { HostParts } from './host-parts.ts';
import type { Repository } from './repository.ts';

export interface GitHostOptions {
  readonly kind: HostKind;
  readonly repository: Repository;
  readonly extras: RequestExtras;
  /** The token for the next request. @throws FluxError if there is none. */
  readonly token: (options: Cancellable) => Promise<Secret>;
  /** PEM certificate authorities, which the API has in common with the host. */
  readonly caFile?: string;
  /** The daemon's own, with the proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** A transport of its own by default. */
  readonly http?: HttpTransport;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

interface Dialect {
  readonly name: string;
  readonly authorization: ApiOptions['authorization'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly host: (parts: HostParts) => GitHost;
}

const DIALECTS: Readonly<Record<HostKind, Dialect>> = {
  github: {
    name: 'GitHub',
    authorization: (token) => `Bearer ${token}`,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    host: github,
  },
  gitlab: { name: 'GitLab', authorization: (token) => `Bearer ${token}`, host: gitlab },
  gitea: { name: 'Gitea', authorization: (token) => `token ${token}`, host: gitea },
  'bitbucket-cloud': {
    name: 'Bitbucket Cloud',
    // An access token alone, or the token of a user with the user before it.
    authorization: (token) => (token.includes(':') ? basic(token) : `Bearer ${token}`),
    host: bitbucketCloud,
  },
  'bitbucket-server': {
    name: 'Bitbucket Data Center',
    authorization: (token) => (token.includes(':') ? basic(token) : `Bearer ${token}`),
    host: bitbucketServer,
  },
  'azure-devops': {
    name: 'Azure DevOps',
    // A token of Microsoft Entra is a JSON Web Token; a personal access token is the password of no user.
    authorization: (token) => (/^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? `Bearer ${token}` : basic(`:${token}`)),
    host: azureDevops,
  },
};

/** The pull requests of a repository at its host. */
export function createGitHost(options: GitHostOptions): GitHost {
  const { kind, repository, extras, token, caFile, environment, clock } = options;
  const { name, authorization, headers, host } = DIALECTS[kind];
  const http = options.http ?? createHttpTransport({ maxSockets: 2, proxyEnvironment: environment });
  const api = createApi({
    name,
    url: repository.api,
    http,
    token,
    authorization,
    ...(headers ? { headers } : {}),
    ...(caFile === undefined ? {} : { caFile }),
    clock,
  });
  return host({ name, api, repository, extras, clock });
}
