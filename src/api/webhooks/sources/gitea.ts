import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { parsePayload, pushOf, type WebhookSource } from '../source.ts';

const push = z.object({
  ref: z.string(),
  repository: z.object({ ssh_url: z.string().optional(), clone_url: z.string().optional(), html_url: z.string().optional() }),
});

/** Gitea, and Forgejo, which sends the same headers. https://docs.gitea.com/usage/webhooks */
export const gitea: WebhookSource = {
  verify: (delivery, key) => isSigned(delivery, key, 'x-gitea-signature'),
  read({ headers, payload }) {
    if (headers['x-gitea-event'] !== 'push') return 'other';
    const { ref, repository } = parsePayload(push, payload);
    return pushOf(ref, [repository.ssh_url, repository.clone_url, repository.html_url]);
  },
};
