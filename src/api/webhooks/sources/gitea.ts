import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { imageAt, type News, parsePayload, pushOf, type WebhookSource } from '../source.ts';

const push = z.object({
  ref: z.string(),
  repository: z.object({ ssh_url: z.string().optional(), clone_url: z.string().optional(), html_url: z.string().optional() }),
});

const packages = z.object({
  action: z.string(),
  package: z.object({ type: z.string(), name: z.string(), html_url: z.url(), owner: z.object({ login: z.string() }) }),
});

/** Gitea, and Forgejo, which sends the same headers. https://docs.gitea.com/usage/webhooks */
export const gitea: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-gitea-signature'),
  read({ headers, payload, registryHost }) {
    if (headers['x-gitea-event'] === 'package') return packageOf(payload, registryHost);
    if (headers['x-gitea-event'] !== 'push') return 'other';
    const { ref, repository } = parsePayload(push, payload);
    return pushOf(ref, [repository.ssh_url, repository.clone_url, repository.html_url]);
  },
};

/** An image in its registry, whose host is that of its pages unless configured. */
function packageOf(payload: unknown, registryHost: string): News {
  const { action, package: pushed } = parsePayload(packages, payload);
  if (action !== 'created' || pushed.type !== 'container') return 'other';
  const host = registryHost || new URL(pushed.html_url).host;
  return [imageAt(host, `${pushed.owner.login.toLowerCase()}/${pushed.name}`)];
}
