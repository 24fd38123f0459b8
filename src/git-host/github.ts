import * as z from 'zod';
import { type Cancellable, FluxError } from '../base/index.ts';
import { peopleAndTeams, takeEach } from './equip.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

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
const METHOD = GRAPHQL.extend({
  data: z
    .object({ node: z.object({ repository: z.object({ viewerDefaultMergeMethod: z.string() }).nullish() }).nullish() })
    .nullish(),
});
const ANYTHING = z.unknown();
const METHOD_QUERY = 'query($id: ID!) { node(id: $id) { ... on PullRequest { repository { viewerDefaultMergeMethod } } } }';
const AUTO_MERGE =
  'mutation($id: ID!, $method: PullRequestMergeMethod) { enablePullRequestAutoMerge(input: { pullRequestId: $id, mergeMethod: $method }) { clientMutationId } }';

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
      const found = await api.request({ method: 'GET', path: pulls, query }, pageOf(REQUEST), cancel);
      // A fork of the same owner has branches of the same names.
      return openOrNewest(found.filter((each) => each.head.repo?.id === each.base.repo.id).map(read));
    },

    create: async (branches, text, cancel) =>
      read(await api.request({ method: 'POST', path: pulls, body: { ...text, ...branches } }, REQUEST, cancel)),

    equip({ number }, cancel) {
      const { labels, reviewers } = extras;
      const add = (path: readonly (string | number)[], body: object) =>
        api.request({ method: 'POST', path, body }, ANYTHING, cancel);
      const asked = peopleAndTeams(reviewers);
      return takeEach([
        async () => labels.length > 0 && (await add(['repos', owner, repo, 'issues', number, 'labels'], { labels })),
        async () => reviewers.length > 0 && (await add([...pulls, number, 'requested_reviewers'], asked)),
      ]);
    },

    ...(extras.autoMerge ? { mergeLater: ({ number }, cancel) => takeEach([() => enableAutoMerge(number, cancel)]) } : {}),

    async update({ number }, text, cancel) {
      await api.request({ method: 'PATCH', path: [...pulls, number], body: text }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'PATCH', path: [...pulls, number], body: { state: 'closed' } }, ANYTHING, cancel);
    },
  };

  /** Only GraphQL can do that. Without a method, it would be that of a merge commit, which not every repository allows. */
  async function enableAutoMerge(number: number, cancel: Cancellable | undefined): Promise<void> {
    const id = nodes.get(number);
    const { data } = await ask(METHOD_QUERY, { id }, METHOD);
    const method = data?.node?.repository?.viewerDefaultMergeMethod ?? 'MERGE';
    await ask(AUTO_MERGE, { id, method }, GRAPHQL);

    async function ask<T extends z.infer<typeof GRAPHQL>>(query: string, variables: object, schema: z.ZodType<T>): Promise<T> {
      const url = repository.api.replace(/\/v3$/, '');
      const answer = await api.request({ method: 'POST', url, path: ['graphql'], body: { query, variables } }, schema, cancel);
      const { errors = [] } = answer;
      if (errors.length === 0) return answer;
      throw new FluxError(`${name}: auto-merge of #${number}: ${errors.map(({ message }) => message.slice(0, 200)).join('; ')}`, {
        code: 'git-host/auto-merge',
        fault: 'user',
        help: 'Allow auto-merge in the settings of the repository, and require a check or a review on the branch; or leave out --pull-request-auto-merge.',
      });
    }
  }
}
