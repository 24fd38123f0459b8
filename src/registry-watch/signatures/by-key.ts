import { z } from 'zod';
import type { Attached } from './attached.ts';
import { faultOfPayload, faultOfStatement, parse, STATEMENT_PAYLOAD } from './claim.ts';
import type { IsSignedBy } from './public-key.ts';

/** Annotation of a layer of cosign's older form. */
const SIGNATURE = 'dev.cosignproject.cosign/signature';

const Bundle = z.object({
  dsseEnvelope: z.object({
    payload: z.string(),
    payloadType: z.string(),
    signatures: z.array(z.object({ sig: z.string() })).length(1),
  }),
});

type Signature = Extract<Attached, { readonly kind: 'simple' | 'bundle' }>;

/** Why something attached to an image is not its signature by a key; undefined if it is. */
export function faultByKey(isSignedBy: IsSignedBy, attached: Signature, digest: string): string | undefined {
  if (attached.kind === 'simple') {
    const signature = decoded(Object.hasOwn(attached.annotations, SIGNATURE) ? attached.annotations[SIGNATURE] : undefined);
    if (!signature) return NO_SIGNATURE;
    return isSignedBy(attached.payload, signature) ? faultOfPayload(attached.payload, digest) : OTHER_KEY;
  }
  const parsed = Bundle.safeParse(parse(attached.body));
  if (!parsed.success) return 'the bundle has no signed statement';
  const { payloadType, signatures, ...envelope } = parsed.data.dsseEnvelope;
  const [payload, signature] = [decoded(envelope.payload), decoded(signatures[0]?.sig)];
  if (!payload || !signature) return NO_SIGNATURE;
  if (!isSignedBy(preAuthentication(payloadType, payload), signature)) return OTHER_KEY;
  return payloadType === STATEMENT_PAYLOAD ? faultOfStatement(payload, digest) : 'the bundle has no signed statement';
}

const NO_SIGNATURE = 'a signature is missing or is not base64';
const OTHER_KEY = 'the signature is not by this key';

/** What a DSSE envelope signs. */
function preAuthentication(type: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function decoded(text: string | undefined): Buffer | undefined {
  const isBase64 = text !== undefined && text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  return isBase64 ? Buffer.from(text, 'base64') : undefined;
}
