import * as z from 'zod';
import type { Cancellable } from '../base/index.ts';
import { takeEach } from './equip.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

const REQUEST = z.object({
  pullRequestId: z.int(),
  status: z.enum(['active', 'completed', 'abandoned', 'notSet']),
  title: z.string(),
  description: z.string().optional(),
  /** Only if it is of a fork. */
  forkSource: z.unknown().optional(),
  createdBy: z.object({ id: z.string() }),
});
const PAGE = z.object({ value: pageOf(REQUEST) });
const ANYTHING = z.unknown();
const VERSION = { 'api-version': '7.0' };

/** Azure DevOps. */
export function azureDevops({ name, api, repository, extras }: HostParts): GitHost {
  const [project = '', repo = ''] = repository.names;
  const path = [project, '_apis', 'git', 'repositories', repo, 'pullrequests'];
  const page = [repository.api, encodeURIComponent(project), '_git', encodeURIComponent(repo), 'pullrequest'].join('/');

  function read({ pullRequestId, status, title, description = '' }: z.infer<typeof REQUEST>): PullRequest {
    const state = status === 'completed' ? 'merged' : status === 'abandoned' ? 'closed' : 'open';
    return { number: pullRequestId, name: `!${pullRequestId}`, url: `${page}/${pullRequestId}`, state, title, body: description };
  }

  return {
    name,
    limits: { title: 400, body: 4_000 },

    /** A listing cuts off descriptions. */
    async find({ head, base }, cancel) {
      const query = {
        'searchCriteria.sourceRefName': `refs/heads/${head}`,
        'searchCriteria.targetRefName': `refs/heads/${base}`,
        'searchCriteria.status': 'all',
        $top: '20',
        ...VERSION,
      };
      const { value } = await api.request({ method: 'GET', path, query }, PAGE, cancel);
      const ours = value.filter(({ forkSource = null }) => forkSource === null);
      const newestFirst = ours.toSorted((a, b) => b.pullRequestId - a.pullRequestId);
      const found = openOrNewest(newestFirst.map(read));
      return found && read(await api.request({ method: 'GET', path: [...path, found.number], query: VERSION }, REQUEST, cancel));
    },

    async create({ head, base }, { title, body: description }, cancel) {
      const refs = { sourceRefName: `refs/heads/${head}`, targetRefName: `refs/heads/${base}` };
      const body = { ...refs, title, description };
      return read(await api.request({ method: 'POST', path, query: VERSION, body }, REQUEST, cancel));
    },

    equip({ number }, cancel) {
      const { labels, reviewers } = extras;
      const ask = (method: 'POST' | 'PUT', below: readonly string[], body: object) =>
        api.request({ method, path: [...path, number, ...below], query: VERSION, body }, ANYTHING, cancel);
      return takeEach([
        ...labels.map((label) => () => ask('POST', ['labels'], { name: label })),
        ...reviewers.map((id) => () => ask('PUT', ['reviewers', id], { id, vote: 0 })),
      ]);
    },

    ...(extras.autoMerge ? { mergeLater: ({ number }, cancel) => takeEach([() => complete(number, cancel)]) } : {}),

    async update({ number }, { title, body: description }, cancel) {
      const body = { title, description };
      await api.request({ method: 'PATCH', path: [...path, number], query: VERSION, body }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      const body = { status: 'abandoned' };
      await api.request({ method: 'PATCH', path: [...path, number], query: VERSION, body }, ANYTHING, cancel);
    },
  };
  /** It merges in the name of a user: that of the token, who created the request. */
  async function complete(number: number, cancel: Cancellable | undefined): Promise<void> {
    const at = [...path, number];
    const { createdBy } = await api.request({ method: 'GET', path: at, query: VERSION }, REQUEST, cancel);
    const body = { autoCompleteSetBy: { id: createdBy.id } };
    await api.request({ method: 'PATCH', path: at, query: VERSION, body }, ANYTHING, cancel);
  }
}
