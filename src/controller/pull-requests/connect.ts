import { type Cancellable, type Clock, FluxError, Secret } from '../../base/index.ts';
import type { ProposalsConfig, SourceConfig } from '../../config/index.ts';
import { parseGitUrl, readSecretFile } from '../../git/index.ts';
import { createGitHost, type GitHost, repositoryOf } from '../../git-host/index.ts';
import type { ProposalsOptions } from './proposals.ts';

export interface ConnectOptions {
  /** The token of the GitHub App, if the repository is accessed as one. */
  readonly appToken?: ((cancel: Cancellable) => Promise<Secret>) | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/**
 * How a source proposes images, from its configuration.
 * @throws FluxError `git-host/no-repository`, `git-host/not-encrypted`
 */
export function proposalsOf(
  { url, tls }: Pick<SourceConfig, 'url' | 'tls'>,
  { branch, releases, per, host }: ProposalsConfig,
  options: ConnectOptions,
): Pick<ProposalsOptions, 'branch' | 'releases' | 'per' | 'host' | 'template'> {
  const template = host?.template;
  return {
    branch,
    releases,
    per,
    ...(host ? { host: hostOf(url, host, tls?.caFile, options) } : {}),
    template: async () => (template === undefined ? undefined : readSecretFile('--pull-request-template', template)),
  };
}

function hostOf(
  url: string,
  { kind, api, tokenFile, labels, reviewers, autoMerge }: NonNullable<ProposalsConfig['host']>,
  caFile: string | undefined,
  { appToken, environment, clock }: ConnectOptions,
): GitHost {
  const place = parseGitUrl(url) ?? { scheme: '', host: '', path: '' };
  const repository = repositoryOf(kind, place, api);
  requireEncrypted(repository.api);
  return createGitHost({
    kind,
    repository,
    extras: { labels, reviewers, autoMerge },
    async token(cancel) {
      if (tokenFile !== undefined) return tokenIn(await readSecretFile('--pull-request-token-file', tokenFile), tokenFile);
      if (appToken) return appToken(cancel);
      throw new FluxError('there is no token for pull requests', {
        code: 'git-host/no-token',
        fault: 'user',
        help: 'Set --pull-request-token-file.',
      });
    },
    ...(caFile === undefined ? {} : { caFile }),
    environment,
    clock,
  });
}

/** Like --pull-request-api-url: the API that belongs to an http URL of Git would get the token in the clear. */
function requireEncrypted(api: string): void {
  const { protocol, hostname } = new URL(api);
  if (protocol === 'https:' || /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) return;
  throw new FluxError(`the API of --pull-request, ${api}, is not encrypted, so that anyone could read the token`, {
    code: 'git-host/not-encrypted',
    fault: 'user',
    help: 'Set --pull-request-api-url to its https URL.',
  });
}

/** One line of characters that a header may have. */
function tokenIn(text: string, file: string): Secret {
  if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text);
  throw new FluxError(`--pull-request-token-file ${file}: it is not one line with a token`, {
    code: 'git/secret-file',
    fault: 'user',
    help: 'Write the token alone into the file, or USER:TOKEN where the host asks for a user.',
  });
}
