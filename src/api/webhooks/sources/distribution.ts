import * as z from 'zod';
import { bearsKey } from '../signature.ts';
import { imageAt, parsePayload, type WebhookSource } from '../source.ts';

/** Events other than pushes have other targets. */
const envelope = z.object({ events: z.array(z.looseObject({ action: z.string() })) });
const push = z.object({
  target: z.object({ repository: z.string() }),
  request: z.object({ host: z.string().optional() }).optional(),
});

/**
 * Registries that are built from CNCF Distribution: Docker's registry, and that of GitLab. They send the headers of their configuration,
 * one of which is the key: serve it only over TLS. https://distribution.github.io/distribution/about/notifications/
 */
export const distribution: WebhookSource = {
  verify: (delivery, { key }) => bearsKey(delivery, key, 'authorization'),
  mediaType: /^application\/vnd\.docker\.distribution\.events\.v[12]\+json\s*(?:;|$)/i,
  read({ payload, registryHost }) {
    const pushes = parsePayload(envelope, payload).events.filter(({ action }) => action === 'push');
    if (pushes.length === 0) return 'other';
    const images = new Map(
      pushes.map((event) => {
        const { target, request } = parsePayload(push, event);
        const { repository } = target;
        const host = registryHost || request?.host || '';
        return [`${host}/${repository}`, imageAt(host, repository)];
      }),
    );
    return [...images.values()];
  },
};
