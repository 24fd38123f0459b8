import type { IncomingHttpHeaders } from 'node:http';
import type * as z from 'zod';
import type { NotifiedChange } from '../../controller/index.ts';
import { tryParseImageRef } from '../../image/index.ts';
import { badRequest } from '../status.ts';
import type { Delivery } from './signature.ts';

/** What somebody who has the key tells us: changes; that the webhook works; or something that is no news to us. */
export type News = readonly NotifiedChange[] | 'ping' | 'other';

export interface WebhookEvent {
  readonly headers: IncomingHttpHeaders;
  /** The body, parsed as JSON and no further. */
  readonly payload: unknown;
  /** Host to put before names of images, where the sender leaves it out. */
  readonly registryHost: string;
}

/** A sort of sender: how it shows that it has the key, and how it tells of changes. */
export interface WebhookSource {
  readonly verify: (delivery: Delivery, key: Uint8Array) => boolean;
  /** It may send its JSON as the field `payload` of a form, too. */
  readonly sendsForms?: true;
  /** @throws FluxError `api/bad-request` for what it is not known to send. */
  readonly read: (event: WebhookEvent) => News;
}

/** @throws FluxError `api/bad-request`, naming the field. */
export function parsePayload<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`the body is not what the source sends: ${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

/** News of a push, where the ref is a branch; tags and other refs are none. */
export function pushOf(ref: string, urls: readonly (string | undefined)[]): News {
  if (!ref.startsWith('refs/heads/')) return 'other';
  return [{ kind: 'push', urls: urls.filter((url) => url !== undefined), branch: ref.slice('refs/heads/'.length) }];
}

/**
 * News of a new image; tag and digest are dropped, for the registry is asked for them.
 * @throws FluxError `api/bad-request` for what is no image reference.
 */
export function imageOf(reference: string): NotifiedChange {
  const ref = tryParseImageRef(reference);
  if (!ref) throw badRequest('the body names an image by something that is no image reference');
  return { kind: 'image', domain: ref.domain, image: ref.image };
}
