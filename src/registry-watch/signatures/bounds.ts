import type { Bundle } from '@sigstore/bundle';
import { derObjects } from './der-objects.ts';

/** Log entries and time stamps of one signature: each is verified, without a turn for others, before anything else is. */
const MAX_PROOFS = 4;
/** Of a certificate or a time stamp. The reader takes quadratic time for a long object identifier. */
const MAX_DER_BYTES = 8_192;
const MAX_DER_OBJECTS = 2_000;
/** A line of a checkpoint is a signature to verify. */
const MAX_CHECKPOINT = 4_096;
/** Of a 64-bit integer, which the reader takes of any length. */
const MAX_DIGITS = 20;

/** Of a certificate in PEM, whose DER is about three quarters of it. */
export const MAX_PEM_CHARACTERS = 2 * MAX_DER_BYTES;

/** Why verifying a bundle could take long: it has more than any that a Sigstore makes. Undefined if it is within bounds. */
export function excessOf({ verificationMaterial }: Bundle): string | undefined {
  const { content, tlogEntries, timestampVerificationData } = verificationMaterial;
  const stamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  const proofs = tlogEntries.length + stamps.length;
  if (proofs > MAX_PROOFS) return `it has ${proofs} log entries and time stamps, more than ${MAX_PROOFS}`;
  for (const raw of [...certificatesOf(content), ...stamps.map(({ signedTimestamp }) => signedTimestamp)]) {
    if (raw.length > MAX_DER_BYTES) return `its certificate or time stamp has ${raw.length} bytes, more than ${MAX_DER_BYTES}`;
    if (derObjects(raw, MAX_DER_OBJECTS) > MAX_DER_OBJECTS)
      return `its certificate or time stamp has more than ${MAX_DER_OBJECTS} objects`;
  }
  for (const { logIndex, integratedTime, inclusionProof } of tlogEntries) {
    const { length } = inclusionProof?.checkpoint?.envelope ?? '';
    if (length > MAX_CHECKPOINT) return `its checkpoint has ${length} characters, more than ${MAX_CHECKPOINT}`;
    const numbers = [logIndex, integratedTime, inclusionProof?.logIndex ?? '', inclusionProof?.treeSize ?? ''];
    if (numbers.some((text) => text.length > MAX_DIGITS)) return `its log entry has a number of more than ${MAX_DIGITS} digits`;
  }
  return undefined;
}

function certificatesOf(content: Bundle['verificationMaterial']['content']): readonly Uint8Array[] {
  if (content.$case === 'certificate') return [content.certificate.rawBytes];
  return content.$case === 'x509CertificateChain'
    ? content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
    : [];
}
