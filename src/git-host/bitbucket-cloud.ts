import * as z from 'zod';
import type { Cancellable } from '../base/index.ts';
import { takeEach } from './equip.ts';
import { type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

/** A fork that was deleted is null. */
const END = z.object({ repository: z.object({ uuid: z.string() }).nullish() });
const REVIEWERS = z.array(z.object({ uuid: z.string() }));
const REQUEST = z.object({
  id: z.int(),
  title: z.string(),
  description: z.string().nullish(),
  state: z.enum(['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED']),
  links: z.object({ html: z.object({ href: z.url() }) }),
  source: END,
  destination: END,
  reviewers: REVIEWERS.optional(),
});
const PAGE = z.object({ values: pageOf(REQUEST) });
const ANYTHING = z.unknown();
const STATES = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'];

/** Bitbucket Cloud, which has neither labels nor auto-merge. */
export function bitbucketCloud({ name, api, repository, extras }: HostParts): GitHost {
  const [workspace = '', slug = ''] = repository.names;
  const path = ['repositories', workspace, slug, 'pullrequests'];
  const reviewers = extras.reviewers.map((each) => (each.startsWith('{') ? { uuid: each } : { account_id: each }));

  function read({ id, title, description, state, links }: z.infer<typeof REQUEST>): PullRequest {
    const shown = state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed';
    return { number: id, name: `#${id}`, url: links.html.href, state: shown, title, body: description ?? '' };
  }

  return {
    name,
    limits: { title: 255, body: 30_000 },

    async find({ head, base }, cancel) {
      const q = `source.branch.name = ${quoted(head)} AND destination.branch.name = ${quoted(base)}`;
      const query = { q, state: STATES, sort: '-created_on', pagelen: '20' };
      const { values } = await api.request({ method: 'GET', path, query }, PAGE, cancel);
      const ours = values.filter((each) => each.source.repository?.uuid === each.destination.repository?.uuid);
      return openOrNewest(ours.map(read));
    },

    async create({ head, base }, { title, body: description }, cancel) {
      const branches = { source: { branch: { name: head } }, destination: { branch: { name: base } } };
      const body = { title, description, ...branches, ...(reviewers.length > 0 ? { reviewers } : {}) };
      return read(await api.request({ method: 'POST', path, body }, REQUEST, cancel));
    },

    // Reviewers are given when it is created, or here if its creation was lost.
    equip: ({ number }, cancel) => takeEach(reviewers.length > 0 ? [() => askReviewers(number, cancel)] : []),

    /** An edit replaces the reviewers, too. */
    async update({ number }, { title, body: description }, cancel) {
      const { reviewers: present = [] } = await api.request({ method: 'GET', path: [...path, number] }, REQUEST, cancel);
      const body = { title, description, reviewers: present };
      await api.request({ method: 'PUT', path: [...path, number], body }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'POST', path: [...path, number, 'decline'] }, ANYTHING, cancel);
    },
  };

  async function askReviewers(number: number, cancel: Cancellable | undefined): Promise<void> {
    const call = { method: 'GET', path: [...path, number] } as const;
    const { title, description, reviewers: present = [] } = await api.request(call, REQUEST, cancel);
    if (present.length > 0) return;
    const body = { title, description: description ?? '', reviewers };
    await api.request({ method: 'PUT', path: [...path, number], body }, ANYTHING, cancel);
  }
}

/** A string of the query language. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
