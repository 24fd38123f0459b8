import { FluxError, trimEndOf } from '../../base/index.ts';
import { type Credential, createCredential } from './credential.ts';

/** The content of a Docker config: one credential for each host, and the problems of unusable entries. */
export interface DockerConfig {
  readonly byHost: ReadonlyMap<string, Credential>;
  readonly problems: readonly FluxError[];
}

/** Docker Hub has several host names; its credentials are stored under the canonical one. */
const HUB_ALIASES: readonly string[] = ['docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
const HUB = 'index.docker.io';

const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/;

/**
 * Parses a Docker config: `{"auths": {HOST: {"auth": …}}}`, or the older bare `{HOST: {"auth": …}}`. A bad entry is reported and the
 * others are used. An entry without a valid host is reported by number, since the key may be a password. Credential helpers and identity
 * tokens are not supported, and reported.
 */
export function parseDockerConfig(text: string, source: string): DockerConfig {
  const byHost = new Map<string, Credential>();
  const problems: FluxError[] = [];
  const document = recordOf(parseJson(text));
  if (!document) return { byHost, problems: [problem(source, 'is not a Docker config: expected a JSON object')] };
  for (const name of ['credHelpers', 'credsStore']) {
    if (Object.hasOwn(document, name))
      problems.push(problem(source, `uses ${name}, which is not supported: put the credentials under auths`));
  }
  for (const [index, [key, entry]] of entriesOf(document).entries()) {
    let name = `entry ${index + 1}`;
    try {
      const host = hostOf(key);
      name = `entry ${JSON.stringify(host)}`;
      const [username, password] = userOf(entry);
      byHost.set(host, createCredential(host, username, password, source));
    } catch (error) {
      problems.push(problem(source, `${name}: ${error instanceof Error ? error.message : ''}`));
    }
  }
  return { byHost, problems };
}

function entriesOf(document: Record<string, unknown>): [string, Record<string, unknown>][] {
  const auths = Object.entries(recordOf(document.auths) ?? {});
  const bare = Object.entries(document).filter(([, entry]) => {
    const record = recordOf(entry);
    return record !== undefined && ('auth' in record || 'username' in record);
  });
  return (auths.length > 0 ? auths : bare).map(([key, entry]) => [key, recordOf(entry) ?? {}]);
}

/** The host of a key such as `https://index.docker.io/v1/`, `localhost:5000/v2/` or `gcr.io`. Rejects wildcards and user parts: hosts match exactly (S-057). */
function hostOf(key: string): string {
  const [host = ''] = key.replace(/^https?:\/\//, '').split('/');
  if (host === '' && key !== '' && !key.startsWith('/')) throw new Error('Empty registry auth url');
  if (!HOST.test(host.toLowerCase())) {
    throw new Error('Invalid registry auth url. Must be a valid http address (e.g. https://gcr.io/v1/)');
  }
  const name = host.toLowerCase();
  return HUB_ALIASES.includes(name) ? HUB : name;
}

/** User name and password of an entry; `auth` is base64 of `user:password` and overrides the two fields. */
function userOf(entry: Record<string, unknown>): [string, string] {
  const { auth, username, password, identitytoken } = entry;
  if (typeof auth === 'string' && auth !== '') {
    const decoded = trimEndOf(Buffer.from(auth, 'base64').toString('utf8'), '\0');
    const colon = decoded.indexOf(':');
    if (colon < 0) throw new Error('decoded credential has wrong number of fields (expected 2, got 1)');
    if (colon === 0 || colon === decoded.length - 1) throw new Error('has an empty user name or password');
    return [decoded.slice(0, colon), decoded.slice(colon + 1)];
  }
  if (typeof username === 'string' && typeof password === 'string' && username !== '') return [username, password];
  throw new Error(
    typeof identitytoken === 'string' ? 'has only an identity token, which is not supported' : 'has no credentials',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message may quote the document, which contains passwords; the caller reports only the shape.
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function problem(source: string, message: string): FluxError {
  return new FluxError(`registry credentials from ${source}: ${message}`, { code: 'registry/bad-docker-config', fault: 'user' });
}
