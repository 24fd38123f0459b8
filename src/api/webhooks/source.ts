import type { IncomingHttpHeaders } from 'node:http';
import type * as z from 'zod';
import type { NotifiedChange } from '../../controller/index.ts';
import { tryParseImageRef } from '../../image/index.ts';
import { badRequest } from '../status.ts';
import type { PushIdentity, VerifyIdentity } from './google/identity.ts';
import type { Delivery } from './signature.ts';

/** The content of a verified webhook: changes, a ping, or something irrelevant. */
export type News = readonly NotifiedChange[] | 'ping' | 'other';

export interface WebhookEvent {
  readonly headers: IncomingHttpHeaders;
  /** The body as parsed JSON. */
  readonly payload: unknown;
  /** Registry host to prepend to image names if the sender omits it. */
  readonly registryHost: string;
}

/** What a sender must prove to be. */
export interface Proof {
  readonly key: Uint8Array;
  /** Who sends, for a source that authenticates by tokens. */
  readonly identity?: PushIdentity | undefined;
  readonly verifyIdentity: VerifyIdentity;
}

/** A kind of sender: how it proves possession of the key, and how it reports changes. */
export interface WebhookSource {
  /** @throws FluxError `webhooks/keys-unavailable` if that cannot be known now. */
  readonly verify: (delivery: Delivery, proof: Proof) => boolean | Promise<boolean>;
  /** Its content types of JSON, besides `application/json`. */
  readonly mediaType?: RegExp;
  /** Whether it may also send its JSON as the field `payload` of a form. */
  readonly sendsForms?: true;
  /** @throws FluxError `api/bad-request` for an unexpected body. */
  readonly read: (event: WebhookEvent) => News;
}

/** @throws FluxError `api/bad-request`, naming the field. */
export function parsePayload<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`unexpected body for this source: ${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

/** The news of a push to a branch; tags and other refs are irrelevant. */
export function pushOf(ref: string, urls: readonly (string | undefined)[]): News {
  if (!ref.startsWith('refs/heads/')) return 'other';
  return [{ kind: 'push', urls: urls.filter((url) => url !== undefined), branch: ref.slice('refs/heads/'.length) }];
}

/**
 * The news of a new image. Tag and digest are dropped, since they are read from the registry.
 * @throws FluxError `api/bad-request` for an invalid image reference.
 */
export function imageOf(reference: string): NotifiedChange {
  const ref = tryParseImageRef(reference);
  if (!ref) throw badRequest('the body has an invalid image reference');
  return { kind: 'image', domain: ref.domain, image: ref.image };
}

/** The same of an image in a registry, by the host of the registry, which may be unknown. */
export function imageAt(host: string, name: string): NotifiedChange {
  return imageOf(host === '' ? name : `${host}/${name}`);
}
