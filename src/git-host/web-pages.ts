import { FluxError } from '../base/index.ts';
import type { HostKind } from './host-kind.ts';
import { type Place, type Repository, repositoryOf } from './repository.ts';

/** Where a Git host shows a repository to people: URLs with `{revision}`, `{path}` and `{line}` in them. */
export interface WebPages {
  readonly commit: string;
  /** A line of a file, in a revision. */
  readonly line: string;
}

type Pages = (base: string, names: readonly string[]) => WebPages;

const PAGES: Readonly<Record<HostKind, Pages>> = {
  github: (base, names) => {
    const url = `${base}/${path(names)}`;
    return { commit: `${url}/commit/{revision}`, line: `${url}/blob/{revision}/{path}#L{line}` };
  },
  gitlab: (base, names) => {
    const url = `${base}/${path(names)}/-`;
    return { commit: `${url}/commit/{revision}`, line: `${url}/blob/{revision}/{path}#L{line}` };
  },
  gitea: (base, names) => {
    const url = `${base}/${path(names)}`;
    return { commit: `${url}/commit/{revision}`, line: `${url}/src/commit/{revision}/{path}#L{line}` };
  },
  'bitbucket-cloud': (_, names) => {
    const url = `https://bitbucket.org/${path(names)}`;
    return { commit: `${url}/commits/{revision}`, line: `${url}/src/{revision}/{path}#lines-{line}` };
  },
  'bitbucket-server': (base, [key = '', slug = '']) => {
    const owner = key.startsWith('~') ? `users/${encodeURIComponent(key.slice(1))}` : `projects/${encodeURIComponent(key)}`;
    const url = `${base}/${owner}/repos/${encodeURIComponent(slug)}`;
    return { commit: `${url}/commits/{revision}`, line: `${url}/browse/{path}?at={revision}#{line}` };
  },
  'azure-devops': (base, [project = '', name = '']) => {
    const url = `${base}/${encodeURIComponent(project)}/_git/${encodeURIComponent(name)}`;
    return { commit: `${url}/commit/{revision}`, line: `${url}?path=/{path}&version=GC{revision}&line={line}` };
  },
};

/** Where the web pages of a host begin, from the URL of its API. */
function baseOf(kind: HostKind, { api }: Repository): string {
  switch (kind) {
    case 'github':
      if (api === 'https://api.github.com') return 'https://github.com';
      return api.endsWith('/api/v3') ? api.slice(0, -'/api/v3'.length) : api.replace('https://api.', 'https://');
    case 'gitlab':
      return api.replace(/\/api\/v4$/, '');
    case 'gitea':
      return api.replace(/\/api\/v1$/, '');
    case 'bitbucket-server':
      return api.replace(/\/rest\/api\/latest$/, '');
    case 'bitbucket-cloud':
    case 'azure-devops':
      return api;
  }
}

/** Hosts that are known by their names, without --pull-request. */
const BY_NAME: readonly (readonly [RegExp, HostKind])[] = [
  [/^(ssh\.)?github\.com$|\.ghe\.com$/, 'github'],
  [/^(altssh\.)?gitlab\.com$|^gitlab\./, 'gitlab'],
  [/^(altssh\.)?bitbucket\.org$/, 'bitbucket-cloud'],
  [/^(ssh\.)?dev\.azure\.com$|\.visualstudio\.com$/, 'azure-devops'],
  [/^codeberg\.org$|^gitea\./, 'gitea'],
];

/** The web pages of a repository; undefined if its host is not known, or the URL names no repository there. */
export function webPagesOf(place: Place, kind: HostKind | undefined): WebPages | undefined {
  const hostname = place.host.replace(/:\d*$/, '').toLowerCase();
  const known = kind ?? BY_NAME.find(([name]) => name.test(hostname))?.[1];
  if (known === undefined) return undefined;
  try {
    const repository = repositoryOf(known, place);
    return PAGES[known](baseOf(known, repository), repository.names);
  } catch (error) {
    if (error instanceof FluxError) return undefined;
    throw error;
  }
}

function path(names: readonly string[]): string {
  return names.map(encodeURIComponent).join('/');
}
