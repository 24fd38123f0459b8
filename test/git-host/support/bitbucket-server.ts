import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const ref = z.strictObject({
  id: z.string().startsWith('refs/heads/'),
  repository: z.strictObject({ slug: z.literal('shop'), project: z.strictObject({ key: z.literal('acme') }) }),
});
const reviewers = z.array(z.strictObject({ user: z.strictObject({ name: z.string() }) }));
const STATES = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' };

/** After the REST reference of Bitbucket Data Center, developer.atlassian.com/server/bitbucket/rest. */
export const bitbucketServer: Dialect = {
  at: '/rest/api/latest',
  admits: ({ headers }, token) => headers.authorization === `Bearer ${token}`,
  refused: ({ message }) => ({ errors: [{ context: null, message, exceptionName: null }] }),
  answer(asked, state) {
    const { method, path } = asked;
    const [projects, key, repos, slug, kind, number, sub] = path;
    if (`${projects}/${key}/${repos}/${slug}/${kind}` !== 'projects/acme/repos/shop/pull-requests') return undefined;
    if (number === undefined && method === 'GET') {
      const query = queryOf(asked, ['direction', 'at', 'state', 'order', 'limit']);
      if (query.get('direction') !== 'OUTGOING') throw new Refusal(400, 'that is of the target branch');
      const found = state.pulls.filter((pull) => `refs/heads/${pull.head}` === query.get('at'));
      return [200, { size: found.length, isLastPage: true, values: found.map((pull) => shown(pull, state)) }];
    }
    if (number === undefined && method === 'POST') {
      const schema = z.strictObject({
        title: z.string().min(1).max(255),
        description: z.string(),
        fromRef: ref,
        toRef: ref,
        reviewers,
      });
      const wanted = bodyOf(asked, schema);
      const name = ({ id }: z.infer<typeof ref>) => id.replace('refs/heads/', '');
      const texts = { title: wanted.title, body: wanted.description };
      const pull = state.open({ ...texts, head: name(wanted.fromRef), base: name(wanted.toRef) });
      pull.reviewers = wanted.reviewers.map(({ user }) => user.name);
      return [201, shown(pull, state)];
    }
    const pull = pullOf(state, number);
    const requireVersion = (version: number) => {
      if (version !== pull.version)
        throw new Refusal(409, 'You are attempting to modify a pull request based on out-of-date information.');
    };
    if (method === 'GET' && sub === undefined) return [200, shown(pull, state)];
    if (method === 'POST' && sub === 'decline') {
      requireVersion(Number(queryOf(asked, ['version']).get('version')));
      pull.state = 'closed';
      return [200, shown(pull, state)];
    }
    if (method === 'POST' && sub === 'auto-merge') {
      pull.autoMerge = true;
      return [200, {}];
    }
    if (method === 'PUT' && sub === undefined) {
      const schema = z.strictObject({ version: z.int(), title: z.string().min(1), description: z.string(), reviewers });
      const wanted = bodyOf(asked, schema);
      requireVersion(wanted.version);
      Object.assign(pull, { title: wanted.title, body: wanted.description, version: pull.version + 1 });
      pull.reviewers = wanted.reviewers.map(({ user }) => user.name);
      return [200, shown(pull, state)];
    }
    return undefined;
  },
};

function shown({ number, title, body, state, head, base, version, reviewers: users, isOfFork }: Pull, { origin }: HostState) {
  return {
    id: number,
    version,
    title,
    ...(body === '' ? {} : { description: body }),
    state: STATES[state],
    fromRef: { id: `refs/heads/${head}`, displayId: head, repository: { id: isOfFork ? 2 : 1 } },
    toRef: { id: `refs/heads/${base}`, displayId: base, repository: { id: 1 } },
    reviewers: users.map((name) => ({ user: { name }, role: 'REVIEWER' })),
    links: { self: [{ href: `${origin}/projects/acme/repos/shop/pull-requests/${number}` }] },
  };
}
