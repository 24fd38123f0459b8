import { z } from 'zod';
import { FluxError, hasCode } from '../base/index.ts';
import { jsonOf, printable } from './answer.ts';
import type { Connection, Question } from './connection.ts';
import { type RegistryAnswer, subjectOf } from './exchange.ts';
import { Digest, verifiedDigest } from './verified-digest.ts';

/** An image as described by its manifest; its config is fetched separately. */
export interface ImageManifest {
  /** Digest of this manifest. */
  readonly digest: string;
  /** Digest of the index, if the tag refers to one. */
  readonly indexDigest?: string;
  readonly configDigest: string;
}

const INDEX_TYPES = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const IMAGE_TYPES = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const CONFIG_TYPES = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/octet-stream',
];
const ACCEPT = [...INDEX_TYPES, ...IMAGE_TYPES].join(', ');
const MAX_BYTES = 4 * 2 ** 20;
/** An index may list indexes; deeper nesting does not occur in practice. */
const MAX_DEPTH = 3;

const Index = z.object({
  manifests: z
    .array(
      z.object({
        digest: z.string().max(200),
        platform: z.object({ os: z.string(), architecture: z.string() }).partial().nullish(),
      }),
    )
    .max(1000),
});
const Image = z.object({ config: z.object({ mediaType: z.string().nullish(), digest: Digest }) });
const Any = z
  .object({ mediaType: z.string().nullish(), manifests: z.unknown(), config: z.unknown(), layers: z.unknown() })
  .partial();

/**
 * The current digest of a tag, without fetching the manifest; undefined if the registry does not send it.
 * @throws FluxError if the request fails.
 */
export async function headManifest(connection: Connection, question: Question, tag: string): Promise<string | undefined> {
  const request = { kind: 'head', target: `manifests/${tag}`, accept: ACCEPT, maxBytes: MAX_BYTES } as const;
  try {
    const parsed = Digest.safeParse((await connection.send(question, request)).headers['docker-content-digest']);
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    // For a registry without HEAD, GET is used instead.
    if (hasCode(error, 'registry/bad-answer')) return undefined;
    throw error;
  }
}

/**
 * The current digest of a tag or digest, of the index if it refers to one: without fetching the manifest, if the registry can do that.
 * @throws FluxError if the request fails, or as `fetchManifest`.
 */
export async function digestNow(connection: Connection, question: Question, reference: string): Promise<string> {
  const head = await headManifest(connection, question, reference);
  if (head !== undefined) return head;
  const { digest, indexDigest } = await fetchManifest(connection, question, reference);
  return indexDigest ?? digest;
}

/**
 * Fetches the manifest of a tag, from an index that of the first image for linux/amd64, as in Flux v1. Every body is verified against
 * the digest that it was requested by or served under.
 * @throws FluxError `registry/no-suitable-manifest`, `registry/bad-manifest`, `registry/digest-mismatch`.
 */
export async function fetchManifest(connection: Connection, question: Question, tag: string): Promise<ImageManifest> {
  return follow(connection, question, tag, 0);
}

async function follow(connection: Connection, question: Question, reference: string, depth: number): Promise<ImageManifest> {
  const answer = await connection.send(question, {
    kind: 'manifest',
    target: `manifests/${reference}`,
    accept: ACCEPT,
    maxBytes: MAX_BYTES,
  });
  const subject = subjectOf('GET', answer.url);
  const digest = verifiedDigest(answer, reference.startsWith('sha256:') ? reference : undefined, subject);
  const body = jsonOf(answer.body, subject);
  if (!isManifest(body) && !isVouchedFor(answer, reference))
    throw new FluxError(`${subject}: the response is not a manifest`, { code: 'registry/bad-answer' });
  if (kindOf(body, answer, subject) === 'image') {
    const { config } = parse(Image, body, subject);
    if (config.mediaType && !CONFIG_TYPES.includes(config.mediaType)) {
      throw badManifest(subject, `is not a container image but ${printable(config.mediaType)}`);
    }
    return { digest, configDigest: config.digest };
  }
  const chosen = parse(Index, body, subject).manifests.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64',
  );
  if (!chosen || !Digest.safeParse(chosen.digest).success) {
    throw new FluxError('no suitable manifest (linux amd64) in manifestlist', { code: 'registry/no-suitable-manifest' });
  }
  if (depth === MAX_DEPTH) throw badManifest(subject, `is an index nested more than ${MAX_DEPTH} deep`);
  const image = await follow(connection, { ...question, purpose: 'now' }, chosen.digest, depth + 1);
  return { ...image, indexDigest: digest };
}

/** Fetches a blob by digest. */
export async function fetchBlob(
  connection: Connection,
  question: Question,
  digest: string,
): Promise<{ body: Buffer; subject: string }> {
  const answer = await connection.send(
    { ...question, purpose: 'now' },
    { kind: 'blob', target: `blobs/${digest}`, maxBytes: MAX_BYTES },
  );
  const subject = subjectOf('GET', answer.url);
  verifiedDigest(answer, digest, subject);
  return { body: answer.body, subject };
}

function isManifest(body: unknown): boolean {
  const { success, data } = Any.safeParse(body);
  return success && (data.mediaType ?? data.manifests ?? data.config ?? data.layers) !== undefined;
}

/** The digest has been verified, so the content is the pushed one, not that of a server in between. */
function isVouchedFor({ headers }: RegistryAnswer, reference: string): boolean {
  return reference.startsWith('sha256:') || Digest.safeParse(headers['docker-content-digest']).success;
}

/** The kind of a manifest, by content and media type. Documents that are valid as both kinds are rejected (CVE-2021-41190). */
function kindOf(body: unknown, { headers }: RegistryAnswer, subject: string): 'index' | 'image' {
  const { mediaType, manifests, config, layers } = parse(Any, body, subject);
  const served = headers['content-type']?.split(';')[0]?.trim() ?? '';
  const kinds = new Set(
    [mediaType ?? '', served].flatMap((type) =>
      INDEX_TYPES.includes(type) ? ['index' as const] : IMAGE_TYPES.includes(type) ? ['image' as const] : [],
    ),
  );
  const [kind, other] = [...kinds];
  if (kind === undefined)
    throw new FluxError(`unknown manifest type: ${printable(mediaType ?? served)}`, { code: 'registry/bad-manifest' });
  const ambiguous = manifests !== undefined && (config !== undefined || layers !== undefined);
  if (other !== undefined || ambiguous) throw badManifest(subject, 'is both an image and an index');
  return kind;
}

function parse<T>(schema: z.ZodType<T>, body: unknown, subject: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw badManifest(subject, `is not a valid manifest: ${printable(`${path.join('.')}: ${message}`)}`);
}

function badManifest(subject: string, reason: string): FluxError {
  return new FluxError(`${subject} ${reason}`, { code: 'registry/bad-manifest' });
}
