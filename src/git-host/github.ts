import * as z from 'zod';
import { FluxError } from '../base/index.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';

const REQUEST = z.object({
  number: z.int(),
  html_url: z.url(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullish(),
  title: z.string(),
  body: z.string().nullable(),
  node_id: z.string(),
  head: z.object({ repo: z.object({ id: z.int() }).nullable() }),
  base: z.object({ repo: z.object({ id: z.int() }) }),
});
const GRAPHQL = z.object({ errors: z.array(z.object({ message: z.string() })).optional() });
const ANYTHING = z.unknown();

/** GitHub and GitHub Enterprise Server. */
export function github({ name, api, repository, extras }: HostParts): GitHost {
  const [owner = '', repo = ''] = repository.names;
  const pulls = ['repos', owner, repo, 'pulls'];
  /** Of requests that were seen, by number: what GraphQL identifies them by. */
  const nodes = new Map<number, string>();

  function read({ number, html_url, state, merged_at, title, body, node_id }: z.infer<typeof REQUEST>): PullRequest {
    nodes.set(number, node_id);
    const ended = merged_at ? 'merged' : 'closed';
    return { number, name: `#${number}`, url: html_url, state: state === 'open' ? 'open' : ended, title, body: body ?? '' };
  }

  return {
    name,
    limits: { title: 256, body: 65_000 },

    async find({ head, base }, cancel) {
      const query = { state: 'all', head: `${owner}:${head}`, base, sort: 'created', direction: 'desc', per_page: '20' };
      const found = await api.request({ method: 'GET', path: pulls, query }, z.array(REQUEST), cancel);
      // A fork of the same owner has branches of the same names.
      return openOrNewest(found.filter((each) => each.head.repo?.id === each.base.repo.id).map(read));
    },

    create: async (branches, text, cancel) =>
      read(await api.request({ method: 'POST', path: pulls, body: { ...text, ...branches } }, REQUEST, cancel)),

    async equip({ number }, cancel) {
      const { labels, reviewers, autoMerge } = extras;
      if (labels.length > 0)
        await api.request(
          { method: 'POST', path: ['repos', owner, repo, 'issues', number, 'labels'], body: { labels } },
          ANYTHING,
          cancel,
        );
      if (reviewers.length > 0) {
        const teams = reviewers.filter((each) => each.includes('/')).map((each) => each.replace(/^.*\//, ''));
        const body = { reviewers: reviewers.filter((each) => !each.includes('/')), team_reviewers: teams };
        await api.request({ method: 'POST', path: [...pulls, number, 'requested_reviewers'], body }, ANYTHING, cancel);
      }
      if (autoMerge) await enableAutoMerge(number, cancel);
    },

    async update({ number }, text, cancel) {
      await api.request({ method: 'PATCH', path: [...pulls, number], body: text }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'PATCH', path: [...pulls, number], body: { state: 'closed' } }, ANYTHING, cancel);
    },
  };

  /** Only GraphQL can do that. */
  async function enableAutoMerge(number: number, cancel: Parameters<GitHost['equip']>[1]): Promise<void> {
    const url = `${repository.api.replace(/\/v3$/, '')}`;
    const query = 'mutation($id: ID!) { enablePullRequestAutoMerge(input: { pullRequestId: $id }) { clientMutationId } }';
    const body = { query, variables: { id: nodes.get(number) } };
    const { errors = [] } = await api.request({ method: 'POST', url, path: ['graphql'], body }, GRAPHQL, cancel);
    if (errors.length === 0) return;
    throw new FluxError(`${name}: auto-merge of #${number}: ${errors.map(({ message }) => message.slice(0, 200)).join('; ')}`, {
      code: 'git-host/auto-merge',
      fault: 'user',
      help: 'Allow auto-merge in the settings of the repository, and require a check or a review on the branch; or leave out --pull-request-auto-merge.',
    });
  }
}
