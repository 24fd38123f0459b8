import * as z from 'zod';
import { bearsKey } from '../signature.ts';
import { parsePayload, pushOf, type WebhookSource } from '../source.ts';

const event = z.object({ object_kind: z.string().optional() });
const push = z.object({
  ref: z.string(),
  project: z.object({
    git_ssh_url: z.string().optional(),
    git_http_url: z.string().optional(),
    web_url: z.string().optional(),
  }),
});

/** GitLab, which sends the key itself: serve it only over TLS. https://docs.gitlab.com/user/project/integrations/webhook_events/ */
export const gitLab: WebhookSource = {
  verify: (delivery, { key }) => bearsKey(delivery, key, 'x-gitlab-token'),
  read({ headers, payload }) {
    const kind = headers['x-gitlab-event'];
    // System hooks report pushes, too.
    const isPush = kind === 'Push Hook' || (kind === 'System Hook' && parsePayload(event, payload).object_kind === 'push');
    if (!isPush) return 'other';
    const { ref, project } = parsePayload(push, payload);
    return pushOf(ref, [project.git_ssh_url, project.git_http_url, project.web_url]);
  },
};
