import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { derObjects } from '../../../src/registry-watch/signatures/der-objects.ts';
import { createSigstore, simplePayload } from './sigstore.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test.each<[what: string, der: string, objects: number]>([
  ['a number', '02 01 05', 1],
  ['a sequence', '30 06 02 01 05 02 01 06', 3],
  ['a sequence in octets', '04 08 30 06 02 01 05 02 01 06', 4],
  ['octets that are mere bytes', '04 02 ff ff', 2],
  ['octets that begin like an object', '04 04 02 01 05 ff', 3],
  ['nothing in a sequence', '30 00', 1],
  ['a long length', `04 81 80 ${'ff'.repeat(128)}`, 2],
  ['a sequence that ends too early', '30 06 02 01 05', 1],
  ['a sequence with an object that is too long', '30 03 02 02 05', 2],
  ['no length', '02', 1],
  ['a length in more bytes than it needs', '04 81 01 ff', 1],
  ['a length without end', '30 80 02 01 05 00 00', 1],
  ['nothing', '', 1],
])('%s', (_, der, objects) => {
  expect(derObjects(bytes(der), 100)).toBe(objects);
});

test('counting ends at the limit', () => {
  expect(derObjects(Buffer.concat([bytes('04 82 1f 40'), Buffer.alloc(8000, 0x04)]), 2000)).toBe(2001);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(50), (der, limit) => {
      expect(derObjects(der, limit)).toBeLessThanOrEqual(limit + 1);
    }),
  );
});

test('a certificate and a time stamp of a Sigstore are far from it', async () => {
  const sigstore = await createSigstore();
  const signer = { identity: 'https://github.com/acme/web/.github/workflows/r.yml@refs/tags/v1', issuer: 'https://example.org' };
  const annotations = await sigstore.annotations(simplePayload(`sha256:${'a'.repeat(64)}`), signer);
  const { raw } = new X509Certificate(annotations['dev.sigstore.cosign/certificate'] ?? '');
  const stamp = Buffer.from(await sigstore.stamped(annotations['dev.cosignproject.cosign/signature'] ?? ''), 'base64');
  for (const der of [raw, stamp]) {
    const count = derObjects(der, 2000);
    expect(count).toBeGreaterThan(40);
    expect(count).toBeLessThan(500);
  }
});
