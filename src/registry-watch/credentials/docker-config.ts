import { FluxError, trimEndOf } from '../../base/index.ts';
import { type Fields, isFields } from '../../resource/index.ts';
import { jsonObjectIn } from '../parsed-json.ts';
import { type Credential, createCredential, createIdentityToken } from './credential.ts';

/** The content of a Docker config: one credential for each host, and the problems of unusable entries. */
export interface DockerConfig {
  readonly byHost: ReadonlyMap<string, Credential>;
  readonly helpers: CredentialHelpers;
  readonly problems: readonly FluxError[];
}

/** Names of credential helpers: the program is `docker-credential-<name>`. */
export interface CredentialHelpers {
  /** `credHelpers` */
  readonly byHost: ReadonlyMap<string, string>;
  /** `credsStore`, for all other hosts. */
  readonly store?: string;
}

export const NO_HELPERS: CredentialHelpers = { byHost: new Map() };

const HELPER = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Docker Hub has several host names; its credentials are stored under the canonical one. */
const HUB_ALIASES: readonly string[] = ['docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
const HUB = 'index.docker.io';

const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/;

/**
 * Parses a Docker config: `{"auths": {HOST: {"auth": …}}}`, or the older bare `{HOST: {"auth": …}}`. A bad entry is reported and the
 * others are used. An entry without a valid host is reported by number, since the key may be a password. Credential helpers run programs,
 * so only the operator's own file may name them.
 */
export function parseDockerConfig(text: string, source: string, mayNameHelpers = false): DockerConfig {
  const byHost = new Map<string, Credential>();
  const problems: FluxError[] = [];
  const document = jsonObjectIn(text);
  if (!document) {
    const problems = [problem(source, 'is not a Docker config: expected a JSON object')];
    return { byHost, helpers: NO_HELPERS, problems };
  }
  for (const name of mayNameHelpers ? [] : ['credHelpers', 'credsStore']) {
    if (Object.hasOwn(document, name))
      problems.push(problem(source, `uses ${name}, which only the file of --docker-config may: put the credentials under auths`));
  }
  const helpers = mayNameHelpers ? helpersOf(document, (message) => problems.push(problem(source, message))) : NO_HELPERS;
  for (const [index, [key, entry]] of entriesOf(document).entries()) {
    let name = `entry ${index + 1}`;
    try {
      const host = hostOf(key);
      name = `entry ${JSON.stringify(host)}`;
      // Docker leaves an empty entry for what is in the store.
      if (helpers.store !== undefined && Object.keys(entry).length === 0) continue;
      byHost.set(host, credentialOf(entry, host, source));
    } catch (error) {
      problems.push(problem(source, `${name}: ${error instanceof Error ? error.message : ''}`));
    }
  }
  return { byHost, helpers, problems };
}

function helpersOf(document: Fields, report: (message: string) => void): CredentialHelpers {
  const byHost = new Map<string, string>();
  for (const [index, [key, name]] of Object.entries(fieldsIn(document.credHelpers)).entries()) {
    try {
      const host = hostOf(key);
      if (typeof name === 'string' && HELPER.test(name)) byHost.set(host, name);
      else report(`credHelpers entry ${JSON.stringify(host)}: is not the name of a program after docker-credential-`);
    } catch (error) {
      report(`credHelpers entry ${index + 1}: ${error instanceof Error ? error.message : ''}`);
    }
  }
  const { credsStore: store } = document;
  if (store === undefined || store === '') return { byHost };
  if (typeof store === 'string' && HELPER.test(store)) return { byHost, store };
  report('credsStore is not the name of a program after docker-credential-');
  return { byHost };
}

function entriesOf(document: Fields): [string, Fields][] {
  const auths = Object.entries(fieldsIn(document.auths));
  const bare = Object.entries(document).filter(([, entry]) => isFields(entry) && ('auth' in entry || 'username' in entry));
  return (auths.length > 0 ? auths : bare).map(([key, entry]) => [key, fieldsIn(entry)]);
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

/** `auth` is base64 of `user:password` and overrides the two fields. An identity token overrides them all, as in Docker. */
function credentialOf(entry: Fields, host: string, source: string): Credential {
  const { auth, username, password, identitytoken } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '') return createIdentityToken(host, identitytoken, source);
  if (typeof auth === 'string' && auth !== '') {
    const decoded = trimEndOf(Buffer.from(auth, 'base64').toString('utf8'), '\0');
    const colon = decoded.indexOf(':');
    if (colon < 0) throw new Error('decoded credential has wrong number of fields (expected 2, got 1)');
    if (colon === 0 || colon === decoded.length - 1) throw new Error('has an empty user name or password');
    return createCredential(host, decoded.slice(0, colon), decoded.slice(colon + 1), source);
  }
  if (typeof username === 'string' && typeof password === 'string' && username !== '')
    return createCredential(host, username, password, source);
  throw new Error('has no credentials');
}

function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function problem(source: string, message: string): FluxError {
  return new FluxError(`registry credentials from ${source}: ${message}`, { code: 'registry/bad-docker-config', fault: 'user' });
}
