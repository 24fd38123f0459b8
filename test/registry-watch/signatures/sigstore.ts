import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { z } from 'zod';

export const SIMPLE_LAYER = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const BUNDLE_LAYER = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export function simplePayload(
  digest: string,
  { reference = 'ghcr.io/acme/web', type = 'cosign container image signature' } = {},
): string {
  const critical = { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest }, type };
  return JSON.stringify({ critical, optional: null });
}

export function statement(digest: string, predicateType = 'https://sigstore.dev/cosign/sign/v1'): string {
  const subject = [{ name: '', digest: { sha256: digest.replace('sha256:', '') } }];
  return JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} });
}

/** What a DSSE envelope signs. */
export function envelopeBytes(payload: string, type = 'application/vnd.in-toto+json'): Buffer {
  return Buffer.from(`DSSEv1 ${type.length} ${type} ${Buffer.byteLength(payload)} ${payload}`);
}

export interface Signer {
  readonly identity: string;
  readonly issuer: string;
}

const Entry = z.object({
  body: z.string(),
  integratedTime: z.number(),
  logID: z.string(),
  logIndex: z.number(),
  verification: z.object({
    signedEntryTimestamp: z.string(),
    inclusionProof: z.object({
      logIndex: z.number(),
      treeSize: z.number(),
      checkpoint: z.string(),
      hashes: z.array(z.string()),
      rootHash: z.string(),
    }),
  }),
});

/** A Sigstore of our own: an authority for certificates and two logs, without network. `logClock` sets the clock of its log. */
export async function createSigstore({ logClock }: { readonly logClock?: Date } = {}) {
  const keys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ctLog = await initializeCTLog(keys());
  // The certificates of the authorities begin at the real time. None may begin in a later second than the time stamps.
  if (Date.now() % 1000 > 300) await sleep(1005 - (Date.now() % 1000));
  // Of whole seconds: other times are not in a form that every reader knows.
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const ca = await initializeCA(keys(), ctLog, now);
  const tlog = await initializeTLog('https://rekor.example.org', keys(), logClock);
  const tsa = await initializeTSA(keys(), now);
  const base64 = (bytes: Uint8Array | ArrayBufferView) => Buffer.from(bytes as Uint8Array).toString('base64');
  const validFor = { start: '2020-01-01T00:00:00Z' };
  const logOf = (publicKey: Uint8Array, keyId: Uint8Array) => ({
    baseUrl: 'https://rekor.example.org',
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(publicKey), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: base64(keyId) },
  });
  const trustRoot = JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf(tlog.publicKey, createHash('sha256').update(tlog.publicKey).digest())],
    certificateAuthorities: [
      {
        subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
        uri: 'https://fulcio.example.org',
        certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
        validFor,
      },
    ],
    ctlogs: [logOf(ctLog.publicKey, ctLog.logID as Uint8Array)],
    timestampAuthorities: [
      {
        subject: { organization: 'sigstore.mock', commonName: 'tsa' },
        uri: 'https://tsa.example.org',
        certChain: { certificates: [{ rawBytes: base64(tsa.intCertificate) }, { rawBytes: base64(tsa.rootCertificate) }] },
        validFor,
      },
    ],
  });

  const certificateOf = async ({ identity, issuer }: Signer) => {
    const { publicKey, privateKey } = keys();
    const raw = await ca.issueCertificate({
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      subjectAltName: identity,
      extensions: [{ oid: '1.3.6.1.4.1.57264.1.8', value: issuer }],
    });
    const certificate = new X509Certificate(Buffer.from(raw as Uint8Array));
    return { certificate, signed: (bytes: Buffer) => sign('sha256', bytes, privateKey) };
  };
  /** A time stamp of a signature. */
  const stamped = async (signature: string) => {
    const artifactHash = createHash('sha256').update(Buffer.from(signature, 'base64')).digest();
    const request = { artifactHash, hashAlgorithmOID: '2.16.840.1.101.3.4.2.1', nonce: 7, policyOID: '1.3.6.1.4.1.57264.2' };
    return base64(await tsa.timestamp({ ...request, certReq: true }));
  };
  const logged = async (entry: object) => {
    const [only] = Object.values(await tlog.log(entry));
    return Entry.parse(only);
  };

  return {
    trustRoot,
    stamped,

    /** The annotations of a layer with this payload, in cosign's older form. */
    async annotations(payload: string, signer: Signer): Promise<Record<string, string>> {
      const { certificate, signed } = await certificateOf(signer);
      const signature = signed(Buffer.from(payload)).toString('base64');
      const { body, integratedTime, logID, logIndex, verification } = await logged({
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') } },
          signature: { content: signature, publicKey: { content: Buffer.from(certificate.toString()).toString('base64') } },
        },
      });
      return {
        'dev.cosignproject.cosign/signature': signature,
        'dev.sigstore.cosign/certificate': certificate.toString(),
        'dev.sigstore.cosign/bundle': JSON.stringify({
          SignedEntryTimestamp: verification.signedEntryTimestamp,
          Payload: { body, integratedTime, logIndex, logID },
        }),
      };
    },

    /** A bundle with this payload. */
    async bundle(payload: string, signer: Signer) {
      const { certificate, signed } = await certificateOf(signer);
      const signature = signed(envelopeBytes(payload)).toString('base64');
      const { body, integratedTime, logID, logIndex, verification } = await logged({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          payloadHash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') },
          envelopeHash: { algorithm: 'sha256', value: '' },
          signatures: [{ signature, verifier: Buffer.from(certificate.toString()).toString('base64') }],
        },
      });
      const { checkpoint, rootHash, treeSize, hashes, logIndex: leaf } = verification.inclusionProof;
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: certificate.raw.toString('base64') },
          tlogEntries: [
            {
              logIndex: String(logIndex),
              logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
              kindVersion: { kind: 'dsse', version: '0.0.1' },
              integratedTime: String(integratedTime),
              inclusionPromise: { signedEntryTimestamp: verification.signedEntryTimestamp },
              inclusionProof: {
                logIndex: String(leaf),
                rootHash: Buffer.from(rootHash, 'hex').toString('base64'),
                treeSize: String(treeSize),
                hashes,
                checkpoint: { envelope: checkpoint },
              },
              canonicalizedBody: body,
            },
          ],
        },
        dsseEnvelope: {
          payload: Buffer.from(payload).toString('base64'),
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: signature }],
        },
      };
    },
  };
}

export type Sigstore = Awaited<ReturnType<typeof createSigstore>>;
