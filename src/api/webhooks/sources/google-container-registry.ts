import * as z from 'zod';
import { badRequest } from '../../status.ts';
import { imageOf, type News, parsePayload, type WebhookSource } from '../source.ts';

const envelope = z.object({ message: z.object({ data: z.base64().default('') }) });
const event = z.object({ action: z.string(), tag: z.string().optional(), digest: z.string().optional() });

/**
 * Google's registries by a push subscription of Pub/Sub to the topic `gcr`, which authenticates by a token of Google.
 * https://cloud.google.com/artifact-registry/docs/configure-notifications
 */
export const googleContainerRegistry: WebhookSource = {
  async verify({ headers }, { identity, verifyIdentity }) {
    const [, token] = /^Bearer ([\w.-]+)$/.exec(headers.authorization ?? '') ?? [];
    return token !== undefined && identity !== undefined && verifyIdentity(token, identity);
  },
  read({ payload }) {
    const { data } = parsePayload(envelope, payload).message;
    return newsIn(Buffer.from(data, 'base64').toString('utf8'));
  },
};

/** Pub/Sub sends a message again until it is accepted, so one that is about something else is. */
function newsIn(text: string): News {
  const { success, data } = event.safeParse(jsonOf(text));
  if (!success || data.action.toUpperCase() !== 'INSERT') return 'other';
  const reference = data.tag ?? data.digest;
  if (reference === undefined) throw badRequest('the message names neither a tag nor a digest');
  return [imageOf(reference)];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Another publisher of the topic.
    return undefined;
  }
}
