import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const USERS: Readonly<Record<string, number>> = { ann: 41, ben: 42 };
const title = z.string().min(1).max(255);

/** After docs.gitlab.com/api/merge_requests and /api/users. */
export const gitlab: Dialect = {
  at: '/api/v4',
  admits: ({ headers }, token) => headers.authorization === `Bearer ${token}`,
  refused: ({ message }) => ({ message: [message] }),
  answer(asked, state) {
    const { method, path } = asked;
    if (path[0] === 'users' && method === 'GET') {
      const username = queryOf(asked, ['username']).get('username') ?? '';
      const id = USERS[username];
      return [200, id === undefined ? [] : [{ id, username }]];
    }
    const [projects, project, kind, number, sub] = path;
    if (projects !== 'projects' || project !== 'acme/shop' || kind !== 'merge_requests') return undefined;
    if (number === undefined && method === 'GET') {
      const query = queryOf(asked, ['source_branch', 'target_branch', 'state', 'order_by', 'sort', 'per_page']);
      const found = state.pulls.filter(
        ({ head, base }) => head === query.get('source_branch') && base === query.get('target_branch'),
      );
      return [200, found.map((pull) => shown(pull, state))];
    }
    if (number === undefined && method === 'POST') {
      const schema = z.strictObject({ source_branch: z.string(), target_branch: z.string(), title, description: z.string() });
      const { source_branch: head, target_branch: base, description: body, ...rest } = bodyOf(asked, schema);
      return [201, shown(state.open({ head, base, body, ...rest }), state)];
    }
    const pull = pullOf(state, number);
    if (method === 'GET' && sub === undefined) return [200, shown(pull, state)];
    if (method === 'PUT' && sub === 'merge') {
      const schema = z.strictObject({
        auto_merge: z.literal(true),
        merge_when_pipeline_succeeds: z.literal(true),
        sha: z.string(),
      });
      if (bodyOf(asked, schema).sha !== `sha-${pull.number}`) throw new Refusal(409, 'SHA does not match HEAD of source branch');
      pull.autoMerge = true;
      return [200, shown(pull, state)];
    }
    if (method === 'PUT' && sub === undefined) {
      const schema = z.strictObject({
        title: title.optional(),
        description: z.string().optional(),
        state_event: z.literal('close').optional(),
        add_labels: z.string().optional(),
        reviewer_ids: z.array(z.int()).optional(),
      });
      const change = bodyOf(asked, schema);
      pull.title = change.title ?? pull.title;
      pull.body = change.description ?? pull.body;
      if (change.state_event) pull.state = 'closed';
      if (change.add_labels !== undefined) pull.labels = [...new Set([...pull.labels, ...change.add_labels.split(',')])];
      if (change.reviewer_ids)
        pull.reviewers = change.reviewer_ids.map((id) => Object.keys(USERS).find((name) => USERS[name] === id) ?? String(id));
      return [200, shown(pull, state)];
    }
    return undefined;
  },
};

function shown({ number, title: its, body, state, reviewers, isOfFork }: Pull, { origin }: HostState) {
  return {
    id: 1000 + number,
    iid: number,
    source_project_id: isOfFork ? 2 : 1,
    target_project_id: 1,
    web_url: `${origin}/acme/shop/-/merge_requests/${number}`,
    state: state === 'open' ? 'opened' : state,
    title: its,
    description: body === '' ? null : body,
    sha: `sha-${number}`,
    reviewers: reviewers.map((username) => ({ id: USERS[username], username })),
  };
}
