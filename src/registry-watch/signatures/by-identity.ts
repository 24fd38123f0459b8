import { createHash, X509Certificate } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { z } from 'zod';
import { matchGlob, messageOf } from '../../base/index.ts';
import type { SignaturePolicy } from '../../policy/index.ts';
import { printable } from '../answer.ts';
import type { Attached } from './attached.ts';
import { excessOf, MAX_PEM_CHARACTERS } from './bounds.ts';
import { faultOfPayload, faultOfStatement, parse, STATEMENT_PAYLOAD } from './claim.ts';

type Signature = Extract<Attached, { readonly kind: 'simple' | 'bundle' }>;
type Keyless = Extract<SignaturePolicy, { readonly kind: 'keyless' }>;

/** Why something attached to an image is not its signature by an identity; undefined if it is. */
export type FaultByIdentity = (policy: Keyless, attached: Signature, digest: string) => string | undefined;

/**
 * Verifies by a trust root: certificates of its authorities, which its transparency logs or time stamps show to have been valid when the
 * image was signed.
 * @throws if the text is not a trust root.
 */
export function verifierByIdentity(trustRoot: string): FaultByIdentity {
  const root = TrustedRoot.fromJSON(JSON.parse(trustRoot));
  if (root.certificateAuthorities.length === 0) throw new Error('it has no certificate authorities');
  const verifier = new Verifier(toTrustMaterial(root));
  return ({ identity, issuer }, attached, digest) => {
    try {
      const bundle = bundleFromJSON(attached.kind === 'bundle' ? parse(attached.body) : asBundle(attached));
      const excess = excessOf(bundle);
      if (excess !== undefined) return excess;
      const entity = attached.kind === 'bundle' ? toSignedEntity(bundle) : toSignedEntity(bundle, attached.payload);
      if (entity.key.$case !== 'certificate') return 'the signature has no certificate';
      const { identity: signer } = verifier.verify(entity);
      const [name = '', by = ''] = [signer?.subjectAlternativeName, signer?.extensions?.issuer];
      if (by !== issuer || !isIdentity(identity, name)) return `it is signed by ${printable(name)} of ${printable(by)}`;
      if (attached.kind === 'simple') return faultOfPayload(attached.payload, digest);
      const { content } = bundle;
      return content.$case === 'dsseEnvelope' && content.dsseEnvelope.payloadType === STATEMENT_PAYLOAD
        ? faultOfStatement(content.dsseEnvelope.payload, digest)
        : 'the bundle has no signed statement';
    } catch (error) {
      return `the signature cannot be verified: ${printable(messageOf(error))}`;
    }
  };
}

/**
 * Whether a name is one that a policy allows. `*` matches any characters, but `@` only at the end: one who may create a branch could
 * otherwise name it so that it ends like another one.
 */
function isIdentity(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.split('@'), name.split('@')];
  const isLong = pattern.endsWith('*') ? given.length >= wanted.length : given.length === wanted.length;
  return isLong && wanted.every((part, index) => matchGlob(part, given[index] ?? ''));
}

const Annotations = z.object({
  'dev.cosignproject.cosign/signature': z.string(),
  'dev.sigstore.cosign/certificate': z.string(),
  'dev.sigstore.cosign/bundle': z.string().optional(),
  'dev.sigstore.cosign/rfc3161timestamp': z.string().optional(),
});
const LogEntry = z.object({
  SignedEntryTimestamp: z.string(),
  Payload: z.object({
    body: z.string(),
    integratedTime: z.number(),
    logIndex: z.number(),
    logID: z.string().regex(/^[0-9a-f]+$/),
  }),
});
const Timestamp = z.object({ SignedRFC3161Timestamp: z.string() });

/** cosign's older form as a bundle. @throws if something is missing. */
function asBundle({ payload, annotations }: Extract<Signature, { readonly kind: 'simple' }>): unknown {
  if (!Object.hasOwn(annotations, 'dev.sigstore.cosign/certificate')) throw new Error('it has no certificate');
  const found = parsed(Annotations, annotations, 'annotations');
  const { length } = found['dev.sigstore.cosign/certificate'];
  if (length > MAX_PEM_CHARACTERS) throw new Error(`its certificate has ${length} characters, more than ${MAX_PEM_CHARACTERS}`);
  const { raw } = new X509Certificate(found['dev.sigstore.cosign/certificate']);
  const [log, time] = [found['dev.sigstore.cosign/bundle'], found['dev.sigstore.cosign/rfc3161timestamp']];
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: raw.toString('base64') }] },
      tlogEntries: log === undefined ? [] : [asLogEntry(log)],
      timestampVerificationData: {
        rfc3161Timestamps:
          time === undefined
            ? []
            : [{ signedTimestamp: parsed(Timestamp, parse(Buffer.from(time)), 'time stamp').SignedRFC3161Timestamp }],
      },
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') },
      signature: found['dev.cosignproject.cosign/signature'],
    },
  };
}

const Kind = z.object({ kind: z.string(), apiVersion: z.string() });

function asLogEntry(text: string): unknown {
  const { SignedEntryTimestamp, Payload } = parsed(LogEntry, parse(Buffer.from(text)), 'log entry');
  const { kind, apiVersion } = parsed(Kind, parse(Buffer.from(Payload.body, 'base64')), 'log entry');
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

/** @throws if a part of a signature is not of its form. */
function parsed<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const { success, data } = schema.safeParse(value);
  if (!success) throw new Error(`its ${part} cannot be read`);
  return data;
}
