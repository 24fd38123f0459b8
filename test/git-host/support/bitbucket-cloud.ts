import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const branch = z.strictObject({ branch: z.strictObject({ name: z.string() }) });
const user = z.union([z.looseObject({ uuid: z.string().regex(/^\{.+\}$/) }), z.strictObject({ account_id: z.string() })]);
const STATES = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' };

/** After developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests. */
export const bitbucketCloud: Dialect = {
  at: '/2.0',
  admits: ({ headers }, token) => headers.authorization === `Bearer ${token}`,
  refused: ({ message }) => ({ type: 'error', error: { message } }),
  answer(asked, state) {
    const { method, path } = asked;
    const [repositories, workspace, slug, kind, number, sub] = path;
    if (repositories !== 'repositories' || workspace !== 'acme' || slug !== 'shop' || kind !== 'pullrequests') return undefined;
    if (number === undefined && method === 'GET') {
      const query = queryOf(asked, ['q', 'state', 'sort', 'pagelen']);
      const [, head, base] =
        /^source\.branch\.name = "([^"]*)" AND destination\.branch\.name = "([^"]*)"$/.exec(query.get('q') ?? '') ?? [];
      if (head === undefined) throw new Refusal(400, 'invalid q');
      const states = query.getAll('state');
      const found = state.pulls.filter((pull) => pull.head === head && pull.base === base && states.includes(STATES[pull.state]));
      // A listing leaves out reviewers.
      return [200, { pagelen: 20, values: found.map((pull) => ({ ...shown(pull, state), reviewers: undefined })) }];
    }
    if (number === undefined && method === 'POST') {
      const schema = z.strictObject({
        title: z.string().min(1),
        description: z.string(),
        source: branch,
        destination: branch,
        reviewers: z.array(user).optional(),
      });
      const { title, description, source, destination, reviewers = [] } = bodyOf(asked, schema);
      const wanted = { title, body: description, head: source.branch.name, base: destination.branch.name };
      const pull = state.open(wanted);
      pull.reviewers = reviewers.map(idOf);
      return [201, shown(pull, state)];
    }
    const pull = pullOf(state, number);
    if (method === 'POST' && sub === 'decline') {
      pull.state = 'closed';
      return [200, shown(pull, state)];
    }
    if (method === 'GET' && sub === undefined) return [200, shown(pull, state)];
    if (method === 'PUT' && sub === undefined) {
      const schema = z.strictObject({ title: z.string().min(1), description: z.string(), reviewers: z.array(user) });
      const { title, description, reviewers } = bodyOf(asked, schema);
      Object.assign(pull, { title, body: description, reviewers: reviewers.map(idOf) });
      return [200, shown(pull, state)];
    }
    return undefined;
  },
};

function idOf(each: z.infer<typeof user>): string {
  return 'uuid' in each ? String(each.uuid) : String(each.account_id);
}

function shown({ number, title, body, state, reviewers, isOfFork }: Pull, { origin }: HostState) {
  return {
    id: number,
    title,
    description: body,
    state: STATES[state],
    source: { repository: { uuid: isOfFork ? '{2}' : '{1}' } },
    destination: { repository: { uuid: '{1}' } },
    links: { html: { href: `${origin}/acme/shop/pull-requests/${number}` } },
    reviewers: reviewers.map((uuid) => ({ type: 'user', uuid })),
  };
}
