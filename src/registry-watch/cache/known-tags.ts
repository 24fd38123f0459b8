import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FluxError } from '../../base/index.ts';
import { parsedJson } from '../parsed-json.ts';
import { isTag } from '../repository-name.ts';
import type { TagRecord } from './record.ts';

/** Tags in one entry, on average: an entry is written again when what is known of one of them changes. */
const BUCKET_TAGS = 128;
const MAX_BUCKETS = 1024;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Time = z.number().int().nonnegative();
const Text = z.string().max(4096);

const Known = z.object({
  tag: z.string().refine(isTag),
  check: z.object({ served: Digest.exactOptional(), intervalMs: Time, dueAt: Time, failures: Time }),
  info: z
    .object({
      digest: Digest.exactOptional(),
      indexDigest: Digest.exactOptional(),
      imageId: Digest.exactOptional(),
      createdAt: Time.exactOptional(),
      createdNs: Time.exactOptional(),
      labels: z.record(Text, Text),
      origin: z.object({ source: Text.exactOptional(), revision: Text.exactOptional() }).exactOptional(),
      fetchedAt: Time,
      error: z
        .object({
          message: Text,
          code: Text,
          fault: z.enum(['user', 'missing', 'server']),
          help: Text.exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});
const Bucket = z.array(Known);

/** The number of entries for that many tags. */
export function bucketsFor(tags: number): number {
  return tags === 0 ? 0 : Math.min(MAX_BUCKETS, 2 ** Math.ceil(Math.log2(Math.max(1, tags / BUCKET_TAGS))));
}

/** The entry that a tag belongs to (FNV-1a). */
export function bucketOf(tag: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < tag.length; at += 1) hash = Math.imul(hash ^ tag.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % buckets;
}

/** Identifies the content of an entry. */
export function digestOfKnown(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

export function encodeKnown(tags: readonly TagRecord[]): string {
  return JSON.stringify(
    tags.map(({ tag, check, info }) => {
      if (info === undefined) return { tag, check };
      const { tag: _, error, ...rest } = info;
      if (error === undefined) return { tag, check, info: rest };
      const { message, code, fault, help } = error;
      return { tag, check, info: { ...rest, error: { message, code, fault, help } } };
    }),
  );
}

/** What a text says; nothing if it is something else. */
export function decodeKnown(text: string | undefined): readonly TagRecord[] {
  return (Bucket.safeParse(parsedJson(text)).data ?? []).map(({ tag, check, info }) => {
    if (info === undefined) return { tag, check };
    const { error, ...rest } = info;
    if (error === undefined) return { tag, check, info: { tag, ...rest } };
    const { message, ...options } = error;
    return { tag, check, info: { tag, ...rest, error: new FluxError(message, options) } };
  });
}
