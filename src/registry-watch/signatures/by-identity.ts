import { createHash, X509Certificate } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { z } from 'zod';
import { matchGlob, messageOf } from '../../base/index.ts';
import type { SignaturePolicy } from '../../policy/index.ts';
import { printable } from '../answer.ts';
import type { Attached } from './attached.ts';
import { faultOfPayload, faultOfStatement, parse, STATEMENT_PAYLOAD } from './claim.ts';

type Signature = Extract<Attached, { readonly kind: 'simple' | 'bundle' }>;
type Keyless = Extract<SignaturePolicy, { readonly kind: 'keyless' }>;

/** Log entries and time stamps of one signature: each is verified, without a turn for others, before anything else is. */
const MAX_PROOFS = 4;

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
      const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
      const proofs = tlogEntries.length + (timestampVerificationData?.rfc3161Timestamps.length ?? 0);
      if (proofs > MAX_PROOFS) return `it has ${proofs} log entries and time stamps, more than ${MAX_PROOFS}`;
      const entity = attached.kind === 'bundle' ? toSignedEntity(bundle) : toSignedEntity(bundle, attached.payload);
      if (entity.key.$case !== 'certificate') return 'the signature has no certificate';
      const { identity: signer } = verifier.verify(entity);
      const [name = '', by = ''] = [signer?.subjectAlternativeName, signer?.extensions?.issuer];
      if (by !== issuer || !matchGlob(identity, name)) return `it is signed by ${printable(name)} of ${printable(by)}`;
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
  const found = Annotations.parse(annotations);
  const { raw } = new X509Certificate(found['dev.sigstore.cosign/certificate']);
  const [log, time] = [found['dev.sigstore.cosign/bundle'], found['dev.sigstore.cosign/rfc3161timestamp']];
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: raw.toString('base64') }] },
      tlogEntries: log === undefined ? [] : [asLogEntry(log)],
      timestampVerificationData: {
        rfc3161Timestamps:
          time === undefined ? [] : [{ signedTimestamp: Timestamp.parse(parse(Buffer.from(time))).SignedRFC3161Timestamp }],
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
  const { SignedEntryTimestamp, Payload } = LogEntry.parse(parse(Buffer.from(text)));
  const { kind, apiVersion } = Kind.parse(parse(Buffer.from(Payload.body, 'base64')));
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}
