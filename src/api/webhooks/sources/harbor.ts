import * as z from 'zod';
import { bearsKey } from '../signature.ts';
import { imageOf, parsePayload, type WebhookSource } from '../source.ts';

const event = z.object({ type: z.string() });
const push = z.object({ event_data: z.object({ resources: z.array(z.object({ resource_url: z.string() })) }) });

/** Harbor 1 and 2, which sends the key itself: serve it only over TLS. https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/ */
export const harbor: WebhookSource = {
  verify: (delivery, { key }) => bearsKey(delivery, key, 'authorization'),
  read({ payload }) {
    const { type } = parsePayload(event, payload);
    if (type !== 'PUSH_ARTIFACT' && type !== 'pushImage') return 'other';
    return parsePayload(push, payload).event_data.resources.map(({ resource_url: url }) => imageOf(url));
  },
};
