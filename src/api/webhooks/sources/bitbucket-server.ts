import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { parsePayload, pushOf, type WebhookSource } from '../source.ts';

const push = z.object({
  repository: z.object({ links: z.object({ clone: z.array(z.object({ href: z.string() })) }) }),
  changes: z.array(z.object({ ref: z.object({ id: z.string(), type: z.string() }) })),
});

/** Bitbucket Server and Data Center. https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html */
export const bitbucketServer: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-hub-signature', { prefix: 'sha256=' }),
  read({ headers, payload }) {
    if (headers['x-event-key'] === 'diagnostics:ping') return 'ping';
    if (headers['x-event-key'] !== 'repo:refs_changed') return 'other';
    const { repository, changes } = parsePayload(push, payload);
    const urls = repository.links.clone.map(({ href }) => href);
    const refs = new Set(changes.flatMap(({ ref }) => (ref.type === 'BRANCH' ? ref.id : [])));
    const news = [...refs].map((ref) => pushOf(ref, urls)).filter((each) => typeof each === 'object');
    return news.length === 0 ? 'other' : news.flat();
  },
};
