import * as z from 'zod';
import type { Cancellable } from '../base/index.ts';
import { GitHostError } from './api.ts';
import { type Branches, type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';

const REQUEST = z.object({
  number: z.int(),
  html_url: z.url(),
  state: z.enum(['open', 'closed']),
  merged: z.boolean(),
  title: z.string(),
  body: z.string(),
  /** Its `ref` is another one once the branch is deleted, and its repository that of a fork, or -1. */
  head: z.object({ label: z.string(), sha: z.string(), repo_id: z.int() }),
  base: z.object({ label: z.string(), repo_id: z.int() }),
});
const ANYTHING = z.unknown();
const PAGE = 50;
/** How many pages are searched: of open requests, and of closed ones, whose last is enough. */
const PAGES = { open: 20, closed: 3 } as const;

/** Gitea and Forgejo. */
export function gitea({ name, api, repository, extras }: HostParts): GitHost {
  const [owner = '', repo = ''] = repository.names;
  const path = ['repos', owner, repo];

  function read({ number, html_url, state, merged, title, body }: z.infer<typeof REQUEST>): PullRequest {
    return { number, name: `#${number}`, url: html_url, state: merged ? 'merged' : state, title, body };
  }

  /** The API cannot select by the branch, so the list is searched, newest first. */
  async function search(
    state: 'open' | 'closed',
    { head, base }: Branches,
    cancel: Cancellable | undefined,
  ): Promise<PullRequest | undefined> {
    for (let page = 1; page <= PAGES[state]; page += 1) {
      const query = { state, limit: String(PAGE), page: String(page) };
      const listed = await api.request({ method: 'GET', path: [...path, 'pulls'], query }, z.array(REQUEST), cancel);
      const ours = listed.filter(
        ({ head: from, base: into }) => from.label === head && into.label === base && from.repo_id === into.repo_id,
      );
      const found = openOrNewest(ours.map(read));
      if (found || listed.length === 0) return found;
    }
    return undefined;
  }

  return {
    name,
    limits: { title: 255, body: 60_000 },

    find: async (branches, cancel) => (await search('open', branches, cancel)) ?? (await search('closed', branches, cancel)),

    create: async (branches, text, cancel) =>
      read(await api.request({ method: 'POST', path: [...path, 'pulls'], body: { ...text, ...branches } }, REQUEST, cancel)),

    async equip({ number }, cancel) {
      const { labels, reviewers, autoMerge } = extras;
      if (labels.length > 0)
        await api.request({ method: 'POST', path: [...path, 'issues', number, 'labels'], body: { labels } }, ANYTHING, cancel);
      if (reviewers.length > 0) {
        const teams = reviewers.filter((each) => each.includes('/')).map((each) => each.replace(/^.*\//, ''));
        const body = { reviewers: reviewers.filter((each) => !each.includes('/')), team_reviewers: teams };
        await api.request({ method: 'POST', path: [...path, 'pulls', number, 'requested_reviewers'], body }, ANYTHING, cancel);
      }
      if (autoMerge) await mergeLater(number, cancel);
    },

    async update({ number }, text, cancel) {
      await api.request({ method: 'PATCH', path: [...path, 'pulls', number], body: text }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'PATCH', path: [...path, 'pulls', number], body: { state: 'closed' } }, ANYTHING, cancel);
    },
  };

  async function mergeLater(number: number, cancel: Cancellable | undefined): Promise<void> {
    const { head } = await api.request({ method: 'GET', path: [...path, 'pulls', number] }, REQUEST, cancel);
    const body = { Do: 'merge', merge_when_checks_succeed: true, head_commit_id: head.sha };
    await api
      .request({ method: 'POST', path: [...path, 'pulls', number, 'merge'], body }, ANYTHING, cancel)
      .catch((error: unknown) => {
        // It is scheduled already.
        if (!(error instanceof GitHostError) || error.status !== 409) throw error;
      });
  }
}
