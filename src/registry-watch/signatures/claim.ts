import { z } from 'zod';
import { exceedsIndicators } from '../../base/index.ts';
import { printable } from '../answer.ts';

const SIMPLE_TYPE = 'cosign container image signature';
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
export const STATEMENT_PAYLOAD = 'application/vnd.in-toto+json';
/** What `cosign sign` states; other statements about an image, such as how it was built, are not its signature. */
const SIGNED = 'https://sigstore.dev/cosign/sign/v1';

const Simple = z.object({
  critical: z.object({ type: z.string(), image: z.object({ 'docker-manifest-digest': z.string() }) }),
});
const Statement = z.object({
  _type: z.string(),
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).max(1000),
});

/**
 * Why a signed payload of cosign's older form is not about an image; undefined if it is. As for cosign, the name in it does not count: an
 * image that was copied to another registry is still the one that was signed.
 */
export function faultOfPayload(payload: Buffer, digest: string): string | undefined {
  const parsed = Simple.safeParse(parse(payload));
  if (!parsed.success) return 'the signed payload is not that of an image';
  const { type, image } = parsed.data.critical;
  if (type !== SIMPLE_TYPE) return `the signed payload is of another type, ${quoted(type)}`;
  return image['docker-manifest-digest'] === digest ? undefined : 'the signature is of another image';
}

/** The same for an in-toto statement. */
export function faultOfStatement(payload: Buffer, digest: string): string | undefined {
  const parsed = Statement.safeParse(parse(payload));
  if (!parsed.success || !STATEMENT_TYPES.includes(parsed.data._type))
    return 'the signed payload is not a statement about an image';
  const { predicateType, subject } = parsed.data;
  if (predicateType !== SIGNED) return `the statement is not a signature but ${quoted(predicateType)}`;
  const hex = digest.slice('sha256:'.length);
  return subject.some((each) => Object.hasOwn(each.digest, 'sha256') && each.digest.sha256 === hex)
    ? undefined
    : 'the signature is of another image';
}

/** More values than any signature has; parsing them takes a few milliseconds. */
const MAX_VALUES = 20_000;

/** Undefined if it is not JSON. */
export function parse(bytes: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return exceedsIndicators(text, MAX_VALUES) ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function quoted(text: string): string {
  return JSON.stringify(printable(text, 100));
}
