import * as z from 'zod';
import type { Cancellable } from '../base/index.ts';
import { takeEach } from './equip.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

const REF = z.object({ id: z.string(), repository: z.object({ id: z.int() }) });
const REQUEST = z.object({
  id: z.int(),
  version: z.int(),
  title: z.string(),
  description: z.string().optional(),
  state: z.enum(['OPEN', 'MERGED', 'DECLINED']),
  links: z.object({ self: z.tuple([z.object({ href: z.url() })], z.unknown()) }),
  fromRef: REF,
  toRef: REF,
  reviewers: z.array(z.object({ user: z.object({ name: z.string() }) })).optional(),
});
const PAGE = z.object({ values: pageOf(REQUEST) });
const ANYTHING = z.unknown();

/** Bitbucket Data Center and Server, which have no labels. */
export function bitbucketServer({ name, api, repository, extras }: HostParts): GitHost {
  const [key = '', slug = ''] = repository.names;
  const path = ['projects', key, 'repos', slug, 'pull-requests'];
  const ref = (branch: string) => ({ id: `refs/heads/${branch}`, repository: { slug, project: { key } } });

  function read({ id, title, description = '', state, links }: z.infer<typeof REQUEST>): PullRequest {
    const shown = state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed';
    return { number: id, name: `#${id}`, url: links.self[0].href, state: shown, title, body: description };
  }

  const present = (number: number, cancel: Cancellable | undefined) =>
    api.request({ method: 'GET', path: [...path, number] }, REQUEST, cancel);

  /** A change states the version that it was made on, and replaces the reviewers. */
  async function change(number: number, text: { title?: string; description?: string }, cancel: Cancellable | undefined) {
    const { version, title, description = '', reviewers = [] } = await present(number, cancel);
    const names = new Set([...reviewers.map(({ user }) => user.name), ...extras.reviewers]);
    const users = [...names].map((user) => ({ user: { name: user } }));
    const body = { version, title, description, ...text, reviewers: users };
    await api.request({ method: 'PUT', path: [...path, number], body }, ANYTHING, cancel);
  }

  return {
    name,
    limits: { title: 255, body: 30_000 },

    async find({ head, base }, cancel) {
      const query = { direction: 'OUTGOING', at: `refs/heads/${head}`, state: 'ALL', order: 'NEWEST', limit: '50' };
      const { values } = await api.request({ method: 'GET', path, query }, PAGE, cancel);
      const ours = values.filter(
        ({ fromRef, toRef }) => toRef.id === `refs/heads/${base}` && fromRef.repository.id === toRef.repository.id,
      );
      return openOrNewest(ours.map(read));
    },

    async create({ head, base }, { title, body: description }, cancel) {
      const reviewers = extras.reviewers.map((user) => ({ user: { name: user } }));
      const body = { title, description, fromRef: ref(head), toRef: ref(base), reviewers };
      return read(await api.request({ method: 'POST', path, body }, REQUEST, cancel));
    },

    // Reviewers come with each change.
    equip: async () => [],

    ...(extras.autoMerge
      ? {
          mergeLater: ({ number }, cancel) =>
            takeEach([() => api.request({ method: 'POST', path: [...path, number, 'auto-merge'], body: {} }, ANYTHING, cancel)]),
        }
      : {}),

    update: ({ number }, { title, body: description }, cancel) => change(number, { title, description }, cancel),

    async close({ number }, cancel) {
      const { version } = await present(number, cancel);
      const query = { version: String(version) };
      await api.request({ method: 'POST', path: [...path, number, 'decline'], query, body: {} }, ANYTHING, cancel);
    },
  };
}
