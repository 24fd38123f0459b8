import * as z from 'zod';
import { type Cancellable, FluxError } from '../base/index.ts';
import { onceDecided, takeEach } from './equip.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

const REQUEST = z.object({
  iid: z.int(),
  web_url: z.url(),
  state: z.enum(['opened', 'closed', 'locked', 'merged']),
  title: z.string(),
  description: z.string().nullable(),
  source_project_id: z.int().nullable(),
  target_project_id: z.int(),
});
const USERS = pageOf(z.object({ id: z.int() }));
const TIP = z.object({ sha: z.string().nullable() });
const REVIEWED = z.object({ reviewers: z.array(z.object({ id: z.int() })).optional() });
const ANYTHING = z.unknown();

/** GitLab decides in the background whether a new request can be merged, and answers so until then. */
const NOT_YET = [405, 406, 422];

/** GitLab, where pull requests are merge requests. */
export function gitlab({ name, api, repository, extras, clock }: HostParts): GitHost {
  const project = ['projects', repository.names.join('/'), 'merge_requests'];

  function read({ iid, web_url, state, title, description }: z.infer<typeof REQUEST>): PullRequest {
    const shown = state === 'opened' || state === 'locked' ? 'open' : state;
    return { number: iid, name: `!${iid}`, url: web_url, state: shown, title, body: description ?? '' };
  }

  async function userId(username: string, cancel: Cancellable | undefined): Promise<number> {
    const [user] = await api.request({ method: 'GET', path: ['users'], query: { username } }, USERS, cancel);
    if (user) return user.id;
    throw new FluxError(`${name}: there is no user ${JSON.stringify(username)}`, {
      code: 'git-host/no-user',
      fault: 'user',
      help: 'Correct --pull-request-reviewers; at GitLab, reviewers are given by their user names.',
    });
  }

  async function mergeLater(number: number, cancel: Cancellable | undefined): Promise<void> {
    const { sha } = await api.request({ method: 'GET', path: [...project, number] }, TIP, cancel);
    // Before GitLab 17.11, the first has no meaning.
    const body = { auto_merge: true, merge_when_pipeline_succeeds: true, ...(sha === null ? {} : { sha }) };
    const merge = () => api.request({ method: 'PUT', path: [...project, number, 'merge'], body }, ANYTHING, cancel);
    await onceDecided(merge, NOT_YET, { clock, cancel });
  }

  return {
    name,
    limits: { title: 255, body: 100_000 },

    async find({ head, base }, cancel) {
      const query = {
        source_branch: head,
        target_branch: base,
        state: 'all',
        order_by: 'created_at',
        sort: 'desc',
        per_page: '20',
      };
      const found = await api.request({ method: 'GET', path: project, query }, pageOf(REQUEST), cancel);
      const ours = found.filter((each) => each.source_project_id === each.target_project_id);
      return openOrNewest(ours.map(read));
    },

    async create({ head, base }, { title, body: description }, cancel) {
      const body = { source_branch: head, target_branch: base, title, description };
      return read(await api.request({ method: 'POST', path: project, body }, REQUEST, cancel));
    },

    async equip({ number }, cancel) {
      const { labels, reviewers } = extras;
      const { reviewers: present = [] } = await api.request({ method: 'GET', path: [...project, number] }, REVIEWED, cancel);
      const change = (body: object) => api.request({ method: 'PUT', path: [...project, number], body }, ANYTHING, cancel);
      return takeEach([
        async () => labels.length > 0 && (await change({ add_labels: labels.join(',') })),
        async () => {
          if (reviewers.length === 0) return;
          const ids = present.map(({ id }) => id);
          for (const each of reviewers) ids.push(await userId(each, cancel));
          await change({ reviewer_ids: [...new Set(ids)] });
        },
      ]);
    },

    ...(extras.autoMerge ? { mergeLater: ({ number }, cancel) => takeEach([() => mergeLater(number, cancel)]) } : {}),

    async update({ number }, { title, body: description }, cancel) {
      await api.request({ method: 'PUT', path: [...project, number], body: { title, description } }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'PUT', path: [...project, number], body: { state_event: 'close' } }, ANYTHING, cancel);
    },
  };
}
