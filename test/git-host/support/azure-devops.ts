import * as z from 'zod';
import type { Dialect, HostState, Pull } from './imitation.ts';
import { bodyOf, pullOf, queryOf } from './parse.ts';
import { Refusal } from './refusal.ts';

const STATES = { open: 'active', merged: 'completed', closed: 'abandoned' };
const text = { title: z.string().min(1).max(400), description: z.string().max(4000) };
const FILTERS = ['sourceRefName', 'targetRefName', 'status'].map((each) => `searchCriteria.${each}`);

/** After learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests. */
export const azureDevops: Dialect = {
  at: '/organisation',
  admits: ({ headers }, token) => headers.authorization === `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
  refused: ({ message }) => ({ $id: '1', message, typeKey: 'GitPullRequestException', errorCode: 0 }),
  answer(asked, state) {
    const { method, path, query } = asked;
    const [project, apis, git, repositories, repository, kind, number, sub, id] = path;
    if (`${project}/${apis}/${git}/${repositories}/${repository}/${kind}` !== 'acme/_apis/git/repositories/shop/pullrequests')
      return undefined;
    if (query.get('api-version') !== '7.0') throw new Refusal(400, 'No api-version was supplied');
    if (number === undefined && method === 'GET') {
      queryOf(asked, [...FILTERS, '$top', 'api-version']);
      const [head, base] = ['sourceRefName', 'targetRefName'].map((key) => query.get(`searchCriteria.${key}`));
      const found = state.pulls.filter((pull) => `refs/heads/${pull.head}` === head && `refs/heads/${pull.base}` === base);
      const short = found.map((pull) => ({ ...shown(pull, state), description: pull.body.slice(0, 400) }));
      return [200, { value: short, count: found.length }];
    }
    if (number === undefined && method === 'POST') {
      const schema = z.strictObject({ sourceRefName: z.string(), targetRefName: z.string(), ...text });
      const { sourceRefName, targetRefName, title, description } = bodyOf(asked, schema);
      const name = (each: string) => each.replace('refs/heads/', '');
      const pull = state.open({ title, body: description, head: name(sourceRefName), base: name(targetRefName) });
      return [201, shown(pull, state)];
    }
    const pull = pullOf(state, number);
    if (method === 'GET' && sub === undefined) return [200, shown(pull, state)];
    if (method === 'POST' && sub === 'labels') {
      pull.labels = [...new Set([...pull.labels, bodyOf(asked, z.strictObject({ name: z.string() })).name])];
      return [200, {}];
    }
    if (method === 'PUT' && sub === 'reviewers') {
      const reviewer = bodyOf(asked, z.strictObject({ id: z.literal(id ?? ''), vote: z.literal(0) }));
      pull.reviewers = [...new Set([...pull.reviewers, reviewer.id])];
      return [200, reviewer];
    }
    if (method === 'PATCH' && sub === undefined) {
      const change = bodyOf(
        asked,
        z.union([
          z.strictObject(text),
          z.strictObject({ status: z.literal('abandoned') }),
          z.strictObject({ autoCompleteSetBy: z.strictObject({ id: z.literal('fluxd-id') }) }),
        ]),
      );
      if ('title' in change) Object.assign(pull, { title: change.title, body: change.description });
      else if ('status' in change) pull.state = 'closed';
      else pull.autoMerge = true;
      return [200, shown(pull, state)];
    }
    return undefined;
  },
};

function shown({ number, title, body, state, head, base, isOfFork }: Pull, { origin }: HostState) {
  return {
    pullRequestId: number,
    status: STATES[state],
    title,
    ...(body === '' ? {} : { description: body }),
    sourceRefName: `refs/heads/${head}`,
    targetRefName: `refs/heads/${base}`,
    ...(isOfFork ? { forkSource: { name: `refs/heads/${head}`, repository: { id: 'fork' } } } : {}),
    createdBy: { id: 'fluxd-id', displayName: 'fluxd' },
    url: `${origin}/organisation/acme/_apis/git/repositories/shop/pullRequests/${number}`,
  };
}
