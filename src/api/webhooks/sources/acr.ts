import * as z from 'zod';
import { bearsKey } from '../signature.ts';
import { imageAt, parsePayload, type WebhookSource } from '../source.ts';

const event = z.object({ action: z.string() });
const push = z.object({ target: z.object({ repository: z.string() }), request: z.object({ host: z.string() }) });

/**
 * Azure Container Registry, which sends the headers of its configuration, one of which is the key.
 * https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 */
export const acr: WebhookSource = {
  verify: (delivery, { key }) => bearsKey(delivery, key, 'authorization'),
  read({ payload }) {
    if (parsePayload(event, payload).action !== 'push') return 'other';
    const { target, request } = parsePayload(push, payload);
    return [imageAt(request.host, target.repository)];
  },
};
