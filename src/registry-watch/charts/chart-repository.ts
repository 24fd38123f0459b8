import { FluxError } from '../../base/index.ts';
import { newestVersion, parseVersionRange } from '../../policy/index.ts';
import type { RepositoryChart } from '../../resource/index.ts';
import { failureOf, printable } from '../answer.ts';
import { basicAuthorization, type Credential } from '../credentials/index.ts';
import { type Exchange, subjectOf } from '../exchange.ts';
import type { HostLimit } from '../rate-limit.ts';
import { digestOf, requireDigest } from './archive-digest.ts';
import { requireVersion } from './chosen-version.ts';
import { versionsIn } from './index-file.ts';
import { type AllowedHosts, accessTo } from './reach-of-hosts.ts';

export interface RepositoryRequest {
  readonly url: URL;
  /** Of the host of the URL, and sent to no other. */
  readonly credential: Credential | undefined;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RepositoryReaderOptions {
  readonly exchange: Exchange;
  readonly limitOf: (host: string) => HostLimit;
  readonly hosts: AllowedHosts;
}

/** Reads a file of a chart repository. @throws FluxError unless the status is 200 */
export type ReadFromRepository = (request: RepositoryRequest) => Promise<{ readonly body: Buffer; readonly subject: string }>;

export function createRepositoryReader({ exchange, limitOf, hosts }: RepositoryReaderOptions): ReadFromRepository {
  return async ({ url, credential, maxBytes, signal }) => {
    const answer = await exchange({
      url,
      authorization: credential?.kind === 'password' ? basicAuthorization(credential) : undefined,
      maxBytes,
      limit: limitOf(url.host),
      ...accessTo(url, hosts),
      signal,
    });
    const subject = subjectOf('GET', answer.url);
    if (answer.status !== 200) throw failureOf(answer, subject);
    return { body: answer.body, subject };
  };
}

const MAX_INDEX_BYTES = 64 << 20;

/**
 * The newest version that is allowed by the index of a repository, and the digest of its archive, which is fetched.
 * @throws FluxError `helm/no-version`, `helm/bad-index`, `registry/digest-mismatch`, and those of a host that fails
 */
export async function resolveInRepository(
  read: (url: URL, maxBytes: number) => ReturnType<ReadFromRepository>,
  { repository, name, version: wanted }: RepositoryChart & { readonly version: string },
  maxArchiveBytes: number,
): Promise<{ readonly version: string; readonly url: string; readonly digest: string; readonly archive: Buffer }> {
  const folder = new URL(repository.endsWith('/') ? repository : `${repository}/`);
  const { body, subject } = await read(new URL('index.yaml', folder), MAX_INDEX_BYTES);
  const entries = await versionsIn(body, name, subject);
  const allows = parseVersionRange(wanted);
  const versions = entries.map(({ version }) => version);
  const chart = `${name} of ${repository}`;
  const version = requireVersion(newestVersion(versions.filter((each) => allows?.(each))), { chart, wanted, versions });
  const entry = entries.find((each) => each.version === version);
  const url = archiveUrl(entry?.urls[0] ?? '', folder, chart);
  const { body: archive, subject: place } = await read(url, maxArchiveBytes);
  const digest = await digestOf(new Uint8Array(archive));
  if (entry?.digest !== undefined) requireDigest(digest, `sha256:${entry.digest.replace(/^sha256:/, '').toLowerCase()}`, place);
  return { version, url: url.href, digest, archive };
}

/** A lock is not secret, and fluxd fetches what it says. */
function archiveUrl(written: string, folder: URL, chart: string): URL {
  const url = URL.canParse(written, folder.href) ? new URL(written, folder) : undefined;
  const isPlain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url && isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new FluxError(
    `${chart}: the index has an archive at ${printable(url ? `${url.protocol}//${url.host}${url.pathname}` : 'no URL')}`,
    {
      code: 'helm/bad-archive-url',
      fault: 'user',
      help: 'fluxd fetches archives by http and https, from URLs without user, password and query.',
    },
  );
}
