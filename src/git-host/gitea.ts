import * as z from 'zod';
import { type Cancellable, FluxError } from '../base/index.ts';
import { GitHostError } from './api.ts';
import { onceDecided, peopleAndTeams, takeEach } from './equip.ts';
import { type Branches, type GitHost, openOrNewest, type PullRequest } from './git-host.ts';
import type { HostParts } from './host-parts.ts';
import { pageOf } from './page-of.ts';

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
const STYLED = REQUEST.extend({ base: z.object({ repo: z.object({ default_merge_style: z.string().optional() }) }) });
const LABELS = z.array(z.object({ name: z.string() }));
const ANYTHING = z.unknown();
/** Gitea decides in the background whether a new request can be merged, and answers so until then. */
const NOT_YET = [405];
const PAGE = 50;
/** How many pages are searched: of open requests, and of closed ones, whose last is enough. */
const PAGES = { open: 20, closed: 3 } as const;

/** Gitea and Forgejo. */
export function gitea({ name, api, repository, extras, clock }: HostParts): GitHost {
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
      const listed = await api.request({ method: 'GET', path: [...path, 'pulls'], query }, pageOf(REQUEST), cancel);
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

    equip: ({ number }, cancel) => takeEach([() => label(number, cancel), () => askReviewers(number, cancel)]),

    ...(extras.autoMerge ? { mergeLater: ({ number }, cancel) => takeEach([() => mergeLater(number, cancel)]) } : {}),

    async update({ number }, text, cancel) {
      await api.request({ method: 'PATCH', path: [...path, 'pulls', number], body: text }, ANYTHING, cancel);
    },

    async close({ number }, cancel) {
      await api.request({ method: 'PATCH', path: [...path, 'pulls', number], body: { state: 'closed' } }, ANYTHING, cancel);
    },
  };

  /** A label that the repository does not have is left out of the answer. */
  async function label(number: number, cancel: Cancellable | undefined): Promise<void> {
    const { labels } = extras;
    if (labels.length === 0) return;
    const call = { method: 'POST', path: [...path, 'issues', number, 'labels'], body: { labels } } as const;
    const present = (await api.request(call, LABELS, cancel)).map((each) => each.name.toLowerCase());
    const missing = labels.filter((each) => !present.includes(each.toLowerCase()));
    if (missing.length === 0) return;
    throw new FluxError(`${name}: there is no label ${missing.map((each) => JSON.stringify(each)).join(', ')}`, {
      code: 'git-host/no-label',
      fault: 'user',
      help: 'Create it in the repository or its organization, or correct --pull-request-labels.',
    });
  }

  async function askReviewers(number: number, cancel: Cancellable | undefined): Promise<void> {
    const { reviewers } = extras;
    if (reviewers.length === 0) return;
    const body = peopleAndTeams(reviewers);
    await api.request({ method: 'POST', path: [...path, 'pulls', number, 'requested_reviewers'], body }, ANYTHING, cancel);
  }

  /** Scheduled again each time, since Gitea keeps the message of the merge from when it was scheduled. */
  async function mergeLater(number: number, cancel: Cancellable | undefined): Promise<void> {
    const merge = [...path, 'pulls', number, 'merge'];
    const { head, base } = await api.request({ method: 'GET', path: [...path, 'pulls', number] }, STYLED, cancel);
    const body = { Do: base.repo.default_merge_style || 'merge', merge_when_checks_succeed: true, head_commit_id: head.sha };
    await api.request({ method: 'DELETE', path: merge }, ANYTHING, cancel).catch((error: unknown) => {
      // It is not scheduled.
      if (!(error instanceof GitHostError) || error.status !== 404) throw error;
    });
    await onceDecided(() => api.request({ method: 'POST', path: merge, body }, ANYTHING, cancel), NOT_YET, { clock, cancel });
  }
}
