import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { parsePayload, type WebhookSource } from '../source.ts';

const push = z.object({
  repository: z.object({ full_name: z.string() }),
  // `new` is null for a deletion.
  push: z.object({ changes: z.array(z.object({ new: z.object({ type: z.string(), name: z.string() }).nullish() })) }),
});

/** Bitbucket Cloud. https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/ */
export const bitbucketCloud: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-hub-signature', { prefix: 'sha256=' }),
  read({ headers, payload }) {
    if (headers['x-event-key'] !== 'repo:push') return 'other';
    const { repository, push: pushed } = parsePayload(push, payload);
    const urls = [`git@bitbucket.org:${repository.full_name}.git`];
    const branches = pushed.changes.flatMap(({ new: ref }) => (ref?.type === 'branch' ? ref.name : []));
    return branches.length === 0 ? 'other' : branches.map((branch) => ({ kind: 'push', urls, branch }));
  },
};
