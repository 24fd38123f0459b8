import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { imageAt, parsePayload, type WebhookSource } from '../source.ts';

const event = z.object({ action: z.string(), component: z.object({ format: z.string(), name: z.string() }) });

/** Nexus Repository, which signs only with SHA-1. https://help.sonatype.com/en/working-with-hmac-payloads.html */
export const nexus: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-nexus-webhook-signature', { algorithm: 'sha1' }),
  read({ headers, payload, registryHost }) {
    if (headers['x-nexus-webhook-id'] !== 'rm:repository:component') return 'other';
    const { action, component } = parsePayload(event, payload);
    if (action !== 'CREATED' || component.format !== 'docker') return 'other';
    return [imageAt(registryHost, component.name)];
  },
};
