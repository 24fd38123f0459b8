import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const text = { title: z.string().min(1).max(256), body: z.string().max(65_536) };

/** After docs.github.com/en/rest/pulls, /rest/issues/labels, and the GraphQL reference. */
export const github: Dialect = {
  at: '/api/v3',
  admits: ({ headers }, token) => headers.authorization === `Bearer ${token}`,
  refused: ({ status, message }) =>
    status === 422 || status === 409
      ? { message: 'Validation Failed', errors: [{ resource: 'PullRequest', code: 'custom', message }] }
      : { message, documentation_url: 'https://docs.github.com/rest' },
  answer(asked, state) {
    const { method, path } = asked;
    if (asked.headers.accept !== 'application/vnd.github+json') throw new Refusal(415, 'accept application/vnd.github+json');
    if (asked.headers['x-github-api-version'] !== '2022-11-28') throw new Refusal(400, 'unknown version');
    const [repos, owner, repo, kind, number, sub] = path;
    if (repos !== 'repos' || owner !== 'acme' || repo !== 'shop') return undefined;
    if (kind === 'pulls' && number === undefined && method === 'GET') {
      const query = queryOf(asked, ['state', 'head', 'base', 'sort', 'direction', 'per_page']);
      const head = query.get('head') ?? '';
      if (!head.startsWith('acme:')) throw new Refusal(422, 'head is user:ref-name');
      const found = state.pulls.filter((pull) => `acme:${pull.head}` === head && pull.base === query.get('base'));
      return [200, found.map((pull) => shown(pull, state))];
    }
    if (kind === 'pulls' && number === undefined && method === 'POST') {
      const wanted = bodyOf(asked, z.strictObject({ ...text, head: z.string(), base: z.string() }));
      if (state.pulls.some((pull) => pull.state === 'open' && pull.head === wanted.head))
        throw new Refusal(422, `A pull request already exists for acme:${wanted.head}.`);
      return [201, shown(state.open(wanted), state)];
    }
    if (kind === 'issues' && sub === 'labels' && method === 'POST') {
      const { labels } = bodyOf(asked, z.strictObject({ labels: z.array(z.string()).min(1) }));
      const pull = pullOf(state, number);
      pull.labels = [...new Set([...pull.labels, ...labels])];
      return [200, pull.labels.map((name) => ({ name }))];
    }
    if (kind === 'pulls' && sub === 'requested_reviewers' && method === 'POST') {
      const schema = z.strictObject({ reviewers: z.array(z.string()), team_reviewers: z.array(z.string()) });
      const { reviewers, team_reviewers } = bodyOf(asked, schema);
      const pull = pullOf(state, number);
      pull.reviewers = [...new Set([...pull.reviewers, ...reviewers, ...team_reviewers])];
      return [201, shown(pull, state)];
    }
    if (kind === 'pulls' && sub === undefined && method === 'PATCH') {
      const change = bodyOf(asked, z.union([z.strictObject(text), z.strictObject({ state: z.literal('closed') })]));
      const pull = pullOf(state, number);
      Object.assign(pull, change);
      return [200, shown(pull, state)];
    }
    return undefined;
  },
};

function shown({ number, title, body, state, head, base, isOfFork }: Pull, { origin }: HostState) {
  return {
    number,
    node_id: `PR_${number}`,
    html_url: `${origin}/acme/shop/pull/${number}`,
    state: state === 'open' ? 'open' : 'closed',
    merged_at: state === 'merged' ? '2026-12-01T10:00:00Z' : null,
    title,
    body: body === '' ? null : body,
    draft: false,
    // A fork of the same owner.
    head: { label: `acme:${head}`, repo: { id: isOfFork ? 2 : 1 } },
    base: { label: `acme:${base}`, repo: { id: 1 } },
  };
}

/** The query and the mutation of GraphQL; its path is beside that of the REST API. The repository allows squashing only. */
export function graphql(body: unknown, pulls: readonly Pull[]): { status: number; body: unknown } {
  const schema = z.strictObject({
    query: z.string(),
    variables: z.looseObject({ id: z.string(), method: z.string().optional() }),
  });
  const { query, variables } = schema.parse(body);
  const answer = (data: unknown) => ({ status: 200, body: { data } });
  const refuse = (message: string) => ({ status: 200, body: { data: null, errors: [{ message }] } });
  const pull = pulls.find(({ number }) => `PR_${number}` === variables.id);
  if (!pull) return refuse('Could not resolve to a node');
  if (query.includes('viewerDefaultMergeMethod')) return answer({ node: { repository: { viewerDefaultMergeMethod: 'SQUASH' } } });
  if (!query.includes('enablePullRequestAutoMerge')) return refuse('Parse error');
  if (variables.method !== 'SQUASH') return refuse('Merge method merge commits are not allowed on this repository');
  pull.autoMerge = true;
  return answer({ enablePullRequestAutoMerge: { clientMutationId: null } });
}
