import { posix } from 'node:path';
import type { ProposalsConfig, SourceConfig } from './config.ts';

/** The flags that say how images are proposed, in place of being committed to the followed branch. */
export const PROPOSAL_FLAGS = [
  'git-push-branch',
  'git-push-branch-releases',
  'pull-request',
  'pull-request-api-url',
  'pull-request-token-file',
  'pull-request-per',
  'pull-request-labels',
  'pull-request-reviewers',
  'pull-request-auto-merge',
  'pull-request-template',
] as const;
type ProposalFlag = (typeof PROPOSAL_FLAGS)[number];

export interface ProposalValues {
  readonly 'git-push-branch': string;
  readonly 'git-push-branch-releases': boolean;
  readonly 'pull-request': string;
  readonly 'pull-request-api-url': string;
  readonly 'pull-request-token-file': string;
  readonly 'pull-request-per': string;
  readonly 'pull-request-labels': readonly string[];
  readonly 'pull-request-reviewers': readonly string[];
  readonly 'pull-request-auto-merge': boolean;
  readonly 'pull-request-template': string;
}

export interface ProposalsReading {
  readonly proposals?: ProposalsConfig;
  readonly faults: readonly { readonly flag: ProposalFlag; readonly why: string }[];
}

const HOSTS = ['github', 'gitlab', 'gitea', 'bitbucket-cloud', 'bitbucket-server', 'azure-devops'] as const;
const GROUPINGS = ['all', 'namespace', 'workload'] as const;

/** Flags that need another one. */
const NEEDS = [
  ['git-push-branch-releases', 'git-push-branch'],
  ['pull-request', 'git-push-branch'],
  ['pull-request-api-url', 'pull-request'],
  ['pull-request-token-file', 'pull-request'],
  ['pull-request-labels', 'pull-request'],
  ['pull-request-reviewers', 'pull-request'],
  ['pull-request-auto-merge', 'pull-request'],
  ['pull-request-template', 'pull-request'],
] as const satisfies readonly (readonly [ProposalFlag, ProposalFlag])[];

/** Reads these flags of one source; an empty one is not set. `shown` is the name of a flag in messages. */
export function readProposals(
  { branch: followed, ref, authentication }: Pick<SourceConfig, 'branch' | 'ref' | 'authentication'>,
  values: ProposalValues,
  shown: (flag: ProposalFlag | 'git-branch' | 'git-ref' | 'git-github-app-id' | 'git-github-api') => string,
): ProposalsReading {
  const faults: { readonly flag: ProposalFlag; readonly why: string }[] = [];
  const fault = (flag: ProposalFlag, why: string) => void faults.push({ flag, why });
  const isSet = (flag: ProposalFlag) => {
    const value = values[flag];
    return typeof value === 'boolean' ? value : value.length > 0;
  };
  for (const [flag, other] of NEEDS) if (isSet(flag) && !isSet(other)) fault(flag, `needs ${shown(other)}`);

  const branch = values['git-push-branch'];
  if (branch !== '') {
    if (branch.length > 100 || !isBranchName(branch))
      fault('git-push-branch', 'must be the name of a branch, of at most 100 characters');
    if (branch === followed || followed.startsWith(`${branch}-`))
      fault('git-push-branch', `must not be ${shown('git-branch')}, nor what it begins with before a "-"`);
    if (ref !== undefined) fault('git-push-branch', `cannot be combined with ${shown('git-ref')}`);
  }
  const per = GROUPINGS.find((each) => each === values['pull-request-per']);
  if (per === undefined) fault('pull-request-per', 'must be "all", "namespace" or "workload"');
  const kind = HOSTS.find((each) => each === values['pull-request']);
  if (values['pull-request'] !== '' && kind === undefined) fault('pull-request', `must be one of ${HOSTS.join(', ')}`);
  const api = values['pull-request-api-url'];
  if (api !== '' && !isApi(api)) fault('pull-request-api-url', 'must be an https URL, without user, query and fragment');
  // Without a token of its own, the API gets that of the App, which belongs to one origin.
  const appApi = values['pull-request-token-file'] === '' && authentication?.kind === 'github-app' ? authentication.api : '';
  if (appApi !== '' && api !== '' && URL.parse(api)?.origin !== URL.parse(appApi)?.origin)
    fault('pull-request-api-url', `must be where ${shown('git-github-api')} is, or needs ${shown('pull-request-token-file')}`);
  for (const flag of ['pull-request-token-file', 'pull-request-template'] as const)
    if (values[flag] !== '' && !posix.isAbsolute(values[flag])) fault(flag, 'must be an absolute path');
  if (
    kind !== undefined &&
    values['pull-request-token-file'] === '' &&
    !(kind === 'github' && authentication?.kind === 'github-app')
  )
    fault(
      'pull-request',
      `needs ${shown('pull-request-token-file')}${kind === 'github' ? `, or ${shown('git-github-app-id')}` : ''}`,
    );
  if (kind?.startsWith('bitbucket') && isSet('pull-request-labels'))
    fault('pull-request-labels', `is not possible at ${kind}, which has no labels`);
  if (kind === 'bitbucket-cloud' && values['pull-request-auto-merge'])
    fault('pull-request-auto-merge', `is not possible at ${kind}`);
  if (branch === '' || per === undefined) return { faults };
  const text = <K extends string>(key: K, value: string) =>
    value === '' ? {} : ({ [key]: value } as { readonly [P in K]: string });
  return {
    faults,
    proposals: {
      branch,
      releases: values['git-push-branch-releases'],
      per,
      ...(kind === undefined
        ? {}
        : {
            host: {
              kind,
              ...text('api', api || appApi),
              ...text('tokenFile', values['pull-request-token-file']),
              ...text('template', values['pull-request-template']),
              labels: values['pull-request-labels'],
              reviewers: values['pull-request-reviewers'],
              autoMerge: values['pull-request-auto-merge'],
            },
          }),
    },
  };
}

function isBranchName(name: string): boolean {
  return (
    /^[\w./+-]+$/.test(name) &&
    !/^-|\.\.|\/\/|^\/|\/$/.test(name) &&
    name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.') && !part.endsWith('.lock'))
  );
}

function isApi(text: string): boolean {
  const { protocol, hostname, username, password } = URL.parse(text) ?? {};
  const isHere = protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname ?? '');
  return (protocol === 'https:' || isHere) && username === '' && password === '' && !/[?#]/.test(text);
}
