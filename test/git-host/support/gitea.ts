import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const text = { title: z.string().min(1).max(255), body: z.string() };

/** The labels of the repository. Others are ignored. */
const LABELS = ['flux', 'deploy'];

/** After the OpenAPI description that a Gitea serves at /swagger.v1.json. */
export const gitea: Dialect = {
  at: '/api/v1',
  admits: ({ headers }, token) => headers.authorization === `token ${token}`,
  refused: ({ message }) => ({ message, url: 'https://gitea.example.org/api/swagger' }),
  answer(asked, state) {
    const { method, path } = asked;
    const [repos, owner, repo, kind, number, sub] = path;
    if (repos !== 'repos' || owner !== 'acme' || repo !== 'shop') return undefined;
    if (kind === 'pulls' && number === undefined && method === 'GET') {
      const query = queryOf(asked, ['state', 'limit', 'page']);
      const [limit, page] = [Number(query.get('limit')), Number(query.get('page'))];
      const all = state.pulls.filter((pull) => (pull.state === 'open') === (query.get('state') === 'open'));
      return [200, all.slice((page - 1) * limit, page * limit).map((pull) => shown(pull, state))];
    }
    if (kind === 'pulls' && number === undefined && method === 'POST') {
      const wanted = bodyOf(asked, z.strictObject({ ...text, head: z.string(), base: z.string() }));
      return [201, shown(state.open(wanted), state)];
    }
    const pull = pullOf(state, number);
    if (kind === 'issues' && sub === 'labels' && method === 'POST') {
      const { labels } = bodyOf(asked, z.strictObject({ labels: z.array(z.string()).min(1) }));
      pull.labels = [...new Set([...pull.labels, ...labels.filter((each) => LABELS.includes(each))])];
      return [200, pull.labels.map((name) => ({ name }))];
    }
    if (kind !== 'pulls') return undefined;
    if (sub === 'requested_reviewers' && method === 'POST') {
      const schema = z.strictObject({ reviewers: z.array(z.string()), team_reviewers: z.array(z.string()) });
      const { reviewers, team_reviewers } = bodyOf(asked, schema);
      pull.reviewers = [...new Set([...pull.reviewers, ...reviewers, ...team_reviewers])];
      return [201, []];
    }
    if (sub === 'merge' && method === 'POST') {
      const schema = z.strictObject({
        Do: z.literal('rebase-merge'),
        merge_when_checks_succeed: z.literal(true),
        head_commit_id: z.string(),
      });
      if (bodyOf(asked, schema).head_commit_id !== `sha-${pull.number}`) throw new Refusal(409, 'head out of date');
      if (pull.autoMerge) throw new Refusal(409, 'auto merge already scheduled');
      pull.autoMerge = true;
      return [201];
    }
    if (sub === 'merge' && method === 'DELETE') {
      if (!pull.autoMerge) throw new Refusal(404, 'pull request is not scheduled to auto merge');
      pull.autoMerge = false;
      return [204];
    }
    if (sub === undefined && method === 'GET') return [200, shown(pull, state)];
    if (sub === undefined && method === 'PATCH') {
      Object.assign(pull, bodyOf(asked, z.union([z.strictObject(text), z.strictObject({ state: z.literal('closed') })])));
      return [201, shown(pull, state)];
    }
    return undefined;
  },
};

function shown({ number, title, body, state, head, base, isOfFork, isBranchDeleted }: Pull, { origin }: HostState) {
  return {
    number,
    html_url: `${origin}/acme/shop/pulls/${number}`,
    state: state === 'open' ? 'open' : 'closed',
    merged: state === 'merged',
    title,
    body,
    head: {
      label: head,
      ref: isBranchDeleted ? `refs/pull/${number}/head` : head,
      sha: `sha-${number}`,
      repo_id: isOfFork ? 2 : 1,
    },
    base: { label: base, ref: base, sha: 'base', repo_id: 1, repo: { default_merge_style: 'rebase-merge' } },
  };
}
