import { FluxError, percentDecoded } from '../base/index.ts';
import type { HostKind } from './host-kind.ts';

/** The place of a repository, as its URL says. */
export interface Place {
  readonly scheme: string;
  /** With a port, if the URL has one. */
  readonly host: string;
  /** Percent-encoded. */
  readonly path: string;
}

/** A repository in the API of its host. */
export interface Repository {
  /** URL of the API, without a slash at its end. */
  readonly api: string;
  /** Names of the API, from the outside in, decoded: owner and repository, or what the host has in their place. */
  readonly names: readonly string[];
}

/** An origin and the segments of a path. */
interface Parts {
  /** Of the web pages of the host. SSH has a port of its own, so it says nothing of that of the API. */
  readonly origin: string;
  readonly host: string;
  readonly segments: readonly string[];
}

type Derive = (parts: Parts) => Repository | undefined;

const DERIVE: Readonly<Record<HostKind, Derive>> = {
  github: ({ origin, host, segments: [owner, name, ...more] }) => {
    const isCloud = host === 'github.com' || host === 'ssh.github.com';
    // With data residency, a company has a domain of its own.
    const api = isCloud ? 'https://api.github.com' : host.endsWith('.ghe.com') ? `https://api.${host}` : `${origin}/api/v3`;
    return both(owner, name, more) && { api, names: [`${owner}`, `${name}`] };
  },
  gitlab: ({ origin, host, segments }) =>
    segments.length < 2
      ? undefined
      : { api: `${host === 'altssh.gitlab.com' ? 'https://gitlab.com' : origin}/api/v4`, names: segments },
  gitea: ({ origin, segments }) => {
    const [owner, name] = segments.slice(-2);
    const below = segments.slice(0, -2).map((part) => `/${encodeURIComponent(part)}`);
    return both(owner, name) && { api: `${origin}${below.join('')}/api/v1`, names: [`${owner}`, `${name}`] };
  },
  'bitbucket-cloud': ({ segments: [workspace, slug, ...more] }) =>
    both(workspace, slug, more) && { api: 'https://api.bitbucket.org/2.0', names: [`${workspace}`, `${slug}`] },
  'bitbucket-server': ({ origin, segments }) => {
    const [key, slug] = segments.slice(-2);
    // Over http(s), `scm` stands before the project, and the path of the installation before that.
    const scm = segments.slice(0, -2);
    const below = scm.at(-1) === 'scm' ? scm.slice(0, -1).map((part) => `/${encodeURIComponent(part)}`) : [];
    return both(key, slug) && { api: `${origin}${below.join('')}/rest/api/latest`, names: [`${key}`, `${slug}`] };
  },
  'azure-devops': ({ origin, host, segments }) => {
    if (/^(ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com)$/.test(host)) {
      const [version, organisation, project, name, ...more] = segments;
      if (version !== 'v3' || !both(project, name, more) || organisation === undefined) return undefined;
      return { api: `https://dev.azure.com/${encodeURIComponent(organisation)}`, names: [`${project}`, `${name}`] };
    }
    const at = segments.indexOf('_git');
    const name = segments[at + 1];
    if (at < 0 || name === undefined || segments.length !== at + 2) return undefined;
    // A project with a repository of its own name is left out; what is before it is the organisation or collection.
    const before = segments.slice(0, at);
    const isInHost = host.endsWith('.visualstudio.com');
    const named = isInHost ? before.filter((part) => part !== 'DefaultCollection') : before.slice(1);
    const collections = isInHost
      ? []
      : host === 'dev.azure.com'
        ? before.slice(0, 1)
        : before.slice(0, before[0] === 'tfs' ? 2 : 1);
    const project = isInHost ? named[0] : before[collections.length];
    const api = [origin, ...collections.map(encodeURIComponent)].join('/');
    return { api, names: [project ?? name, name] };
  },
};

function both(one: string | undefined, two: string | undefined, more: readonly string[] = []): true | undefined {
  return one !== undefined && two !== undefined && more.length === 0 ? true : undefined;
}

/**
 * Where a host has the API of a repository. `api` is that of --pull-request-api-url, if it is given.
 * @throws FluxError `git-host/no-repository` for a URL of another form
 */
export function repositoryOf(kind: HostKind, { scheme, host, path }: Place, api = ''): Repository {
  const segments = path
    .replace(/\.git\/?$/, '')
    .split('/')
    .filter((part) => part !== '')
    .map((text) => percentDecoded(text) ?? text);
  const isHttp = scheme === 'http' || scheme === 'https';
  const hostname = host.replace(/:\d*$/, '').toLowerCase();
  const origin = isHttp ? `${scheme}://${host}` : `https://${hostname}`;
  const found = hostname === '' || segments.includes('..') ? undefined : DERIVE[kind]({ origin, host: hostname, segments });
  if (!found)
    throw new FluxError(`--git-url has no repository of --pull-request=${kind}`, {
      code: 'git-host/no-repository',
      fault: 'user',
      help: `Check that the repository is at that host; its URL ends in ${FORM[kind]}.`,
    });
  if (api === '') return found;
  const names = kind === 'gitlab' && isHttp ? belowRoot(found.names, api) : found.names;
  return { names, api: api.replace(/\/+$/, '') };
}

/** Of a GitLab that is installed below a path, the names after that path. */
function belowRoot(names: readonly string[], api: string): readonly string[] {
  const [, path = ''] = /^\/(.+)\/api\/v4\/*$/.exec(URL.parse(api)?.pathname ?? '') ?? [];
  const root = path.split('/');
  const isBelow = path !== '' && names.length >= root.length + 2 && root.every((part, index) => part === names[index]);
  return isBelow ? names.slice(root.length) : names;
}

const FORM: Readonly<Record<HostKind, string>> = {
  github: 'OWNER/REPOSITORY',
  gitlab: 'GROUP/PROJECT',
  gitea: 'OWNER/REPOSITORY',
  'bitbucket-cloud': 'WORKSPACE/REPOSITORY',
  'bitbucket-server': 'PROJECT/REPOSITORY',
  'azure-devops': 'ORGANISATION/PROJECT/_git/REPOSITORY',
};
