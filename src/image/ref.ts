import { FluxError } from '../base/index.ts';

/** An image reference as written: `[domain/]image[:tag][@digest]`. Absent parts are empty strings, as in Flux v1. */
export interface ImageRef {
  /** Registry host with port, `ghcr.io`; empty if the reference has none (Docker Hub). */
  readonly domain: string;
  /** Path of the repository in the registry, `acme/api`. */
  readonly image: string;
  readonly tag: string;
  /** `sha256:` and hex digits, or empty. */
  readonly digest: string;
}

const DIGEST_MARK = '@sha256:';

/**
 * Parses an image reference by Flux v1's rules, which check the shape but not the characters. Two differences: `name:tag@sha256:…`
 * keeps its tag when formatted, and `registry:5000/app` has a host, as for the kubelet.
 * @throws FluxError `image/bad-reference` worded as in Flux v1.
 */
export function parseImageRef(text: string): ImageRef {
  if (text === '') throw badReference(text, 'parsing "": blank image name: invalid image ID');
  if (text.startsWith('/') || text.endsWith('/')) throw malformed(text);
  const { domain, rest } = splitDomain(text);
  const { left, digest } = splitDigest(rest, text);
  const [image = '', tag, ...more] = left.split(':');
  if (more.length > 0) throw badReference(text, EXPECTED);
  if (tag !== undefined && (image === '' || tag === '')) throw malformed(text);
  return { domain, image, tag: tag ?? '', digest };
}

/** The reference, or undefined for invalid text, for callers that treat such an image as unknown. */
export function tryParseImageRef(text: string): ImageRef | undefined {
  try {
    return parseImageRef(text);
  } catch (error) {
    if (error instanceof FluxError) return undefined;
    throw error;
  }
}

/** Formats the reference. The inverse of `parseImageRef`; does not canonicalise. */
export function formatImageRef({ domain, image, tag, digest }: ImageRef): string {
  return `${formatName({ domain, image })}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
}

/** The name without tag and digest, as written. */
export function formatName({ domain, image }: Pick<ImageRef, 'domain' | 'image'>): string {
  return domain === '' ? image : `${domain}/${image}`;
}

/**
 * A copy with another tag. The digest is replaced as well, or dropped if none is given, because the old one identifies the old image:
 * Flux v1 kept it and so could not update a pinned image.
 */
export function withTag(ref: ImageRef, tag: string, digest = ''): ImageRef {
  return { ...ref, tag, digest };
}

const EXPECTED = 'expected image name as either <image>:<tag> or just <image>: invalid image ID';

/** Of two parts, the first is a host if it has a dot or a port, or is localhost; of three or more it always is. */
function splitDomain(text: string): { readonly domain: string; readonly rest: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { domain: '', rest: text };
  const first = text.slice(0, slash);
  const isHost = text.indexOf('/', slash + 1) >= 0 || first === 'localhost' || /[.:]/.test(first);
  return isHost ? { domain: first, rest: text.slice(slash + 1) } : { domain: '', rest: text };
}

function splitDigest(rest: string, text: string): { readonly left: string; readonly digest: string } {
  const mark = rest.indexOf(DIGEST_MARK);
  if (mark < 0) return { left: rest, digest: '' };
  const hex = rest.slice(mark + DIGEST_MARK.length);
  if (mark === 0 || hex === '') throw malformed(text);
  return { left: rest.slice(0, mark), digest: `sha256:${hex}` };
}

function malformed(text: string): FluxError {
  return badReference(text, `parsing ${JSON.stringify(text)}: ${EXPECTED}`);
}

function badReference(text: string, message: string): FluxError {
  return new FluxError(message, {
    code: 'image/bad-reference',
    fault: 'user',
    help: `${text === '' ? 'An empty string' : JSON.stringify(text)} is not an image reference. Example: ghcr.io/acme/api:1.2.3.`,
  });
}
