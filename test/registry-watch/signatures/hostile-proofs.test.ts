import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type FaultByIdentity, verifierByIdentity } from '../../../src/registry-watch/signatures/by-identity.ts';
import { longestTurn } from '../../support/turn-cpu.ts';
import { createSigstore, type Signer, simplePayload, statement } from './sigstore.ts';

const SIGNER: Signer = {
  identity: 'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.0',
  issuer: 'https://token.actions.githubusercontent.com',
};
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** DER of one object. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length.toString(16);
  const bytes = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from(body.length < 128 ? [tag, body.length] : [tag, 0x80 | bytes.length, ...bytes]), body]);
}

const oidOf = (bytes: Buffer) => der(0x06, bytes);
const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const octets = (bytes: Buffer) => der(0x04, bytes);
const ECDSA = sequence(oidOf(Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = oidOf(Buffer.from([0x55, 4, 3]));

/** A certificate by no authority, with these extensions. */
function certificateWith(...extensions: readonly Buffer[]): Buffer {
  const name = (text: string) => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('400101000000Z')));
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const key = publicKey.export({ format: 'der', type: 'spki' });
  const serial = der(0x02, Buffer.from([1]));
  const body = sequence(version, serial, ECDSA, name('a'), validity, name('b'), key, der(0xa3, sequence(...extensions)));
  return sequence(body, ECDSA, der(0x03, Buffer.from([0]), Buffer.alloc(70, 1)));
}

const LONG_OID = Buffer.concat([Buffer.from([0x2a]), Buffer.alloc(150_000, 0x81), Buffer.from([1])]);
/** Every byte may begin another octet string, and so the contents are read again at each depth. */
const NESTED = (bytes: number) => octets(Buffer.alloc(bytes, 0x04));

let sigstore: Awaited<ReturnType<typeof createSigstore>>;
let bundle: Awaited<ReturnType<typeof sigstore.bundle>>;
let verify: FaultByIdentity;
beforeAll(async () => {
  sigstore = await createSigstore();
  bundle = await sigstore.bundle(statement(DIGEST), SIGNER);
  verify = verifierByIdentity(sigstore.trustRoot);
  // What is compiled at the first call is not part of the measurement.
  for (let n = 0; n < 5; n += 1) expect(faultOf(bundle)).toBeUndefined();
});

const policy = () => ({ kind: 'keyless', text: '', ...SIGNER }) as const;
const faultOf = (changed: object) => verify(policy(), { kind: 'bundle', body: Buffer.from(JSON.stringify(changed)) }, DIGEST);

function withMaterial(material: object): object {
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, ...material } };
}

function withCertificate(raw: Buffer): object {
  return withMaterial({ certificate: { rawBytes: raw.toString('base64') } });
}

function withStamp(raw: Buffer): object {
  return withMaterial({ timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: raw.toString('base64') }] } });
}

type Entry = (typeof bundle)['verificationMaterial']['tlogEntries'][number];

function withEntry(change: (entry: Entry) => object): object {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  if (!entry) throw new Error('the bundle has no log entry');
  return withMaterial({ tlogEntries: [{ ...entry, ...change(entry) }] });
}

function withProof(change: (proof: Entry['inclusionProof']) => object): object {
  return withEntry(({ inclusionProof }) => ({ inclusionProof: { ...inclusionProof, ...change(inclusionProof) } }));
}

/** Thousands of lines that claim to be by the log, before its own. */
function crowded({ checkpoint: { envelope } }: Entry['inclusionProof']): object {
  const [note = '', ours = ''] = envelope.split('\n\n');
  const hint = Buffer.from(ours.trim().split(' ')[2] ?? '', 'base64').subarray(0, 4);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const others = Array.from({ length: 2_000 }, (_, n) => {
    return `\u2014 r ${Buffer.concat([hint, sign('sha256', Buffer.from(String(n)), privateKey)]).toString('base64')}\n`;
  });
  return { checkpoint: { envelope: `${note}\n\n${others.join('')}${ours}` } };
}

describe('a bundle does not hold up the event loop for 50 ms (S-055)', () => {
  test.each<[part: string, hostile: () => object, fault: string]>([
    [
      'a long name of an extension',
      () => withCertificate(certificateWith(sequence(oidOf(LONG_OID), octets(Buffer.alloc(2))))),
      'bytes',
    ],
    [
      'many extensions',
      () => withCertificate(certificateWith(...Array(12_000).fill(sequence(COMMON_NAME, octets(Buffer.alloc(2)))))),
      'bytes',
    ],
    [
      'octets in a certificate that look like octets',
      () => withCertificate(certificateWith(sequence(COMMON_NAME, NESTED(7_000)))),
      'objects',
    ],
    ['octets in a time stamp that look like octets', () => withStamp(NESTED(7_000)), 'objects'],
    ['a large time stamp', () => withStamp(NESTED(100_000)), 'bytes'],
    ['many signatures of a log', () => withProof(crowded), 'checkpoint'],
    [
      'a long size of a log',
      () =>
        withProof(({ checkpoint: { envelope } }) => ({
          checkpoint: { envelope: envelope.replace(/\n\d+\n/, `\n${'9'.repeat(180_000)}\n`) },
        })),
      'checkpoint',
    ],
    ['a long position in a log', () => withProof(() => ({ logIndex: '9'.repeat(180_000) })), 'digits'],
  ])('by %s', async (_, hostile, fault) => {
    const changed = hostile();
    const { result, cpuMs } = await longestTurn(async () => faultOf(changed));
    expect(result).toContain(fault);
    expect(cpuMs).toBeLessThan(50);
  });

  test('by a certificate of the older form', async () => {
    const payload = simplePayload(DIGEST);
    const raw = certificateWith(sequence(oidOf(LONG_OID), octets(Buffer.alloc(2)))).toString('base64');
    const annotations = {
      ...(await sigstore.annotations(payload, SIGNER)),
      'dev.sigstore.cosign/certificate': `-----BEGIN CERTIFICATE-----\n${raw.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    };
    const { result, cpuMs } = await longestTurn(async () =>
      verify(policy(), { kind: 'simple', payload: Buffer.from(payload), annotations }, DIGEST),
    );
    expect(result).toMatch(/its certificate has \d+ characters, more than/);
    expect(cpuMs).toBeLessThan(50);
  });
});
