import { z } from 'zod';
import { FluxError, hasCode } from '../../base/index.ts';
import { jsonOf, printable } from '../answer.ts';
import type { Connection, Question } from '../connection.ts';
import { type RegistryAnswer, subjectOf } from '../exchange.ts';
import { nextPage } from '../page-link.ts';
import { Digest, verifiedDigest } from '../verified-digest.ts';

/** What is attached to an image as its signature, as the registry gave it. Nothing of it is verified. */
export type Attached =
  /** cosign's older form: a payload, and beside it the signature and what vouches for it. */
  | { readonly kind: 'simple'; readonly payload: Buffer; readonly annotations: Readonly<Record<string, string>> }
  /** A Sigstore bundle: an envelope with all that vouches for it. */
  | { readonly kind: 'bundle'; readonly body: Buffer }
  /** Something that cannot be a signature. */
  | { readonly kind: 'bad'; readonly why: string }
  /** The registry did not answer as it should. */
  | { readonly kind: 'unread'; readonly error: FluxError };

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIMPLE_ARTIFACT = 'application/vnd.dev.cosign.artifact.sig.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle';

/** Limits of what one image may make us read. The newest layers are at the end. */
const MAX_MANIFEST_BYTES = 2 ** 20;
const MAX_LAYER_BYTES = 2 ** 18;
/** Of a manifest: checking that many annotations takes about 20 ms. */
const MAX_VALUES = 20_000;
const MAX_MANIFESTS = 20;
const MAX_LAYERS = 50;
const MAX_PAGES = 5;

const Index = z.object({
  manifests: z.array(z.object({ digest: Digest, mediaType: z.string().nullish(), artifactType: z.string().nullish() })).max(1000),
});
const Manifest = z.object({
  subject: z.object({ digest: z.string() }).nullish(),
  layers: z
    .array(
      z.object({
        mediaType: z.string(),
        digest: Digest,
        size: z.number(),
        annotations: z.record(z.string(), z.string()).nullish(),
      }),
    )
    .max(1000),
});
type Layer = z.infer<typeof Manifest>['layers'][number];

/**
 * What is attached to an image by its digest: what refers to it, by the registry's API or by a tag where the registry has no such API, and
 * what is under cosign's tag. It ends early when the caller has seen enough.
 */
export async function* attachedTo(connection: Connection, question: Question, digest: string): AsyncGenerator<Attached> {
  const tag = digest.replace(':', '-');
  const seen = new Set<string>();
  const read = async function* (what: () => Promise<readonly string[] | undefined>): AsyncGenerator<Attached, boolean> {
    try {
      const referrers = await what();
      for (const each of referrers ?? []) {
        if (seen.has(each)) continue;
        if (seen.size === MAX_MANIFESTS) {
          yield bad(`more than ${MAX_MANIFESTS} manifests refer to it, and only the first were looked at`);
          break;
        }
        seen.add(each);
        yield* signaturesIn(connection, question, { reference: each, digest });
      }
      return referrers !== undefined;
    } catch (error) {
      yield faultOf(error, question);
      return true;
    }
  };
  const hasApi = yield* read(() => referrersByApi(connection, question, digest));
  if (!hasApi) yield* read(() => referrersByTag(connection, question, tag));
  yield* signaturesIn(connection, question, { reference: `${tag}.sig`, digest });
}

/** Digests of what refers to an image; undefined if the registry does not say by its API. */
async function referrersByApi(
  connection: Connection,
  question: Question,
  digest: string,
): Promise<readonly string[] | undefined> {
  const found: string[] = [];
  const visited = new Set<string>();
  let next: string | URL | undefined = `referrers/${digest}`;
  for (let pages = 0; next !== undefined && pages < MAX_PAGES; pages += 1) {
    let answer: RegistryAnswer;
    try {
      answer = await connection.send(question, {
        kind: 'referrers',
        target: next,
        accept: OCI_INDEX,
        maxBytes: MAX_MANIFEST_BYTES,
      });
    } catch (error) {
      // Registries without this API answer in many ways.
      if (pages === 0 && hasCode(error, 'registry/not-found', 'registry/bad-answer', 'registry/unauthorized')) return undefined;
      throw error;
    }
    if (pages === 0 && !isIndex(answer)) return undefined;
    if (visited.has(answer.url.href)) break;
    visited.add(answer.url.href);
    found.push(...signaturesAmong(answer));
    const linked = nextPage(answer);
    next = linked === 'elsewhere' ? undefined : linked;
  }
  return found;
}

function isIndex({ headers }: RegistryAnswer): boolean {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim() === OCI_INDEX;
}

/** The same by the tag that clients keep where there is no API. */
async function referrersByTag(connection: Connection, question: Question, tag: string): Promise<readonly string[] | undefined> {
  const answer = await manifestOf(connection, question, tag, OCI_INDEX);
  return answer && signaturesAmong(answer);
}

/** Digests of the entries that may be signatures; what says that it is something else is left alone. */
function signaturesAmong(answer: RegistryAnswer): readonly string[] {
  const subject = subjectOf('GET', answer.url);
  const parsed = Index.safeParse(jsonOf(answer.body, subject));
  if (!parsed.success) throw new FluxError(`${subject}: the response is not an index`, { code: 'registry/bad-manifest' });
  return parsed.data.manifests.flatMap(({ digest, artifactType }) =>
    !artifactType || artifactType === SIMPLE_ARTIFACT || artifactType.startsWith(BUNDLE) || isConfig(artifactType)
      ? [digest]
      : [],
  );
}

/** Some clients give the type of the config in place of that of the artifact. */
function isConfig(artifactType: string): boolean {
  return artifactType === 'application/vnd.oci.empty.v1+json' || artifactType.startsWith('application/vnd.oci.image.config');
}

async function* signaturesIn(
  connection: Connection,
  question: Question,
  { reference, digest }: { readonly reference: string; readonly digest: string },
): AsyncGenerator<Attached> {
  try {
    const answer = await manifestOf(connection, question, reference, `${OCI_MANIFEST}, ${DOCKER_MANIFEST}`);
    if (!answer) return;
    const parsed = Manifest.safeParse(jsonOf(answer.body, subjectOf('GET', answer.url), MAX_VALUES));
    if (!parsed.success) return yield bad(`${shortened(reference)} is not a manifest with signatures`);
    const { subject, layers } = parsed.data;
    if (subject && subject.digest !== digest) return yield bad(`${shortened(reference)} refers to another image`);
    const all = layers.filter(isSignature);
    if (all.length > MAX_LAYERS) yield bad(`it has ${all.length} signatures, and only the last ${MAX_LAYERS} were looked at`);
    for (const layer of all.slice(-MAX_LAYERS).toReversed()) yield await attachedIn(connection, question, layer);
  } catch (error) {
    yield faultOf(error, question);
  }
}

function isSignature({ mediaType }: Layer): boolean {
  return mediaType === SIMPLE_SIGNING || mediaType.startsWith(BUNDLE);
}

async function attachedIn(connection: Connection, question: Question, layer: Layer): Promise<Attached> {
  const { mediaType, digest, size, annotations } = layer;
  if (size > MAX_LAYER_BYTES) return bad(`a signature has ${size} bytes, more than ${MAX_LAYER_BYTES}`);
  try {
    const answer = await connection.send(question, { kind: 'blob', target: `blobs/${digest}`, maxBytes: MAX_LAYER_BYTES });
    verifiedDigest(answer, digest, subjectOf('GET', answer.url));
    return mediaType === SIMPLE_SIGNING
      ? { kind: 'simple', payload: answer.body, annotations: annotations ?? {} }
      : { kind: 'bundle', body: answer.body };
  } catch (error) {
    return faultOf(error, question);
  }
}

/** A manifest by digest or tag, which is verified; undefined if there is none. */
async function manifestOf(
  connection: Connection,
  question: Question,
  reference: string,
  accept: string,
): Promise<RegistryAnswer | undefined> {
  try {
    const answer = await connection.send(question, {
      kind: 'manifest',
      target: `manifests/${reference}`,
      accept,
      maxBytes: MAX_MANIFEST_BYTES,
    });
    verifiedDigest(answer, reference.startsWith('sha256:') ? reference : undefined, subjectOf('GET', answer.url));
    return answer;
  } catch (error) {
    if (hasCode(error, 'registry/not-found')) return undefined;
    throw error;
  }
}

/** Errors that are about what was pushed, which asking again does not change. */
const ABOUT_CONTENT = [
  'registry/digest-mismatch',
  'registry/bad-manifest',
  'registry/bad-answer',
  'registry/not-found',
  'http/too-large',
];

/** @throws when the caller has stopped. */
function faultOf(error: unknown, { signal }: Question): Attached {
  signal?.throwIfAborted();
  if (!(error instanceof FluxError)) throw error;
  return ABOUT_CONTENT.includes(error.code) ? bad(printable(error.message)) : { kind: 'unread', error };
}

function bad(why: string): Attached {
  return { kind: 'bad', why };
}

function shortened(reference: string): string {
  return reference.length > 30 ? `${reference.slice(0, 22)}…${reference.endsWith('.sig') ? '.sig' : ''}` : reference;
}
