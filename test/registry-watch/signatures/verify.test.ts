import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, silentLogger, withDeadline } from '../../../src/base/index.ts';
import { parseSignaturePolicy, type SignaturePolicy } from '../../../src/policy/index.ts';
import { createAuthorizer } from '../../../src/registry-watch/authorization.ts';
import { createConnection } from '../../../src/registry-watch/connection.ts';
import { createExchange } from '../../../src/registry-watch/exchange.ts';
import { createHostLimits } from '../../../src/registry-watch/rate-limit.ts';
import { parseRepositoryName } from '../../../src/registry-watch/repository-name.ts';
import { verifierByIdentity } from '../../../src/registry-watch/signatures/by-identity.ts';
import { faultByKey } from '../../../src/registry-watch/signatures/by-key.ts';
import { type IsSignedBy, parsePublicKey } from '../../../src/registry-watch/signatures/public-key.ts';
import { createVerifier, type Verdict } from '../../../src/registry-watch/signatures/verifier.ts';
import { sampled } from '../../support/sampled.ts';
import { longestTurn } from '../../support/turn-cpu.ts';
import { FakeClock } from '../fake-clock.ts';
import { digestOf, FakeRegistry, type Interception, json, OCI_IMAGE, OCI_INDEX } from '../fake-registry.ts';
import {
  BUNDLE_LAYER,
  createSigstore,
  envelopeBytes,
  SIMPLE_LAYER,
  type Signer,
  type Sigstore,
  simplePayload,
  statement,
} from './sigstore.ts';

interface Fixtures {
  readonly image: { readonly digest: string };
  readonly keys: Readonly<Record<string, string>>;
  readonly signed: readonly {
    readonly key: string;
    readonly form: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly documents: readonly { readonly type: string; readonly body: string }[];
  }[];
}
const COSIGN: Fixtures = JSON.parse(readFileSync(new URL('fixtures/cosign.json', import.meta.url), 'utf8'));

const http = createHttpTransport();
let sigstore: Sigstore;
let late: Sigstore;
beforeAll(async () => {
  sigstore = await createSigstore();
  late = await createSigstore({ logClock: new Date(Date.now() + 3_600_000) });
});
afterAll(() => http.close());

const ours = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const theirs = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const RELEASE: Signer = {
  identity: 'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.0',
  issuer: 'https://token.actions.githubusercontent.com',
};
const BY_KEY = 'cosign:ours';
const BY_RELEASE = `cosign-keyless:${RELEASE.identity}@${RELEASE.issuer}`;

function policyOf(text: string): SignaturePolicy {
  const policy = parseSignaturePolicy(text);
  if ('problem' in policy) throw new Error(policy.problem);
  return policy;
}

/** An image, and what is attached to it. */
class World {
  readonly digest: string;
  readonly #layers: object[] = [];
  readonly registry: FakeRegistry;

  constructor(registry: FakeRegistry) {
    this.registry = registry;
    this.digest = registry.push('1.0.0', '2024-01-01T00:00:00Z');
  }

  get tag(): string {
    return this.digest.replace(':', '-');
  }

  layer(body: unknown, mediaType: string, more: object = {}): object {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return { mediaType, digest: this.registry.store(text, mediaType), size: Buffer.byteLength(text), ...more };
  }

  manifest(layers: readonly object[], more: object = {}): string {
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: this.registry.store({}), size: 2 };
    return this.registry.store({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers, ...more }, OCI_IMAGE);
  }

  /** Adds a layer to cosign's tag. */
  simple(payload: string, annotations: object): void {
    this.#layers.push(this.layer(payload, SIMPLE_LAYER, { annotations }));
    this.registry.tag(`${this.tag}.sig`, this.manifest(this.#layers));
  }

  signedSimple(payload: string, key: KeyObject = ours.privateKey, signature = signatureOf(payload, key)): void {
    this.simple(payload, { 'dev.cosignproject.cosign/signature': signature });
  }

  /** Lets a bundle refer to the image by the tag for registries without an API. */
  bundle(body: unknown, artifactType = BUNDLE_LAYER, more: object = { subject: { digest: this.digest } }): void {
    const digest = this.manifest([this.layer(body, BUNDLE_LAYER)], { artifactType, ...more });
    this.referrers([{ digest, artifactType }]);
  }

  referrers(entries: readonly object[], tag = this.tag): void {
    const manifests = entries.map((entry) => ({ mediaType: OCI_IMAGE, size: 1, ...entry }));
    this.registry.tag(tag, this.registry.store({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX));
  }
}

function signatureOf(payload: string | Buffer, key: KeyObject = ours.privateKey): string {
  return sign('sha256', Buffer.from(payload), key).toString('base64');
}

function keyBundle(payload: string, key = ours.privateKey, payloadType = 'application/vnd.in-toto+json') {
  return {
    mediaType: BUNDLE_LAYER,
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: [{ sig: signatureOf(envelopeBytes(payload, payloadType), key) }],
    },
  };
}

async function open({
  keys = { ours: ours.publicKey.export({ format: 'pem', type: 'spki' }).toString() },
  root = sigstore.trustRoot,
  clock = new FakeClock(),
}: {
  readonly keys?: Readonly<Record<string, string>>;
  readonly root?: string;
  readonly clock?: FakeClock;
} = {}) {
  const registry = await new FakeRegistry().listen();
  onTestFinished(() => registry.close());
  const log = silentLogger();
  const exchange = createExchange({ http, clock, log, trace: false });
  const connection = createConnection({
    exchange,
    authorizer: createAuthorizer({ exchange, clock }),
    limitOf: createHostLimits({ clock, log, rps: 1000, burst: 10_000 }),
    insecureHosts: ['127.0.0.1'],
  });
  const known = new Map<string, IsSignedBy>();
  for (const [name, pem] of Object.entries(keys)) {
    const key = await parsePublicKey(pem);
    if ('problem' in key) throw new Error(key.problem);
    known.set(name, key);
  }
  const verify = createVerifier(connection, { keys: known, byIdentity: verifierByIdentity(root) }, clock);
  const question = { repository: parseRepositoryName(registry.name), credential: undefined, purpose: 'now' } as const;
  return {
    world: new World(registry),
    async verdict(policy: string, digest: string): Promise<Verdict | undefined> {
      return (await verify(question, digest, [policyOf(policy)])).get(policy);
    },
  };
}

const VERIFIED = (by: string) => ({ state: 'verified', by });

describe('what cosign signs', () => {
  const forms = COSIGN.signed.map(({ key, form }) => [key, form] as const);
  test.each(sampled('signatures by cosign', forms, 4))('by a key of type %s, as %s', async (key, form) => {
    const found = COSIGN.signed.find((each) => each.key === key && each.form === form);
    const keys = COSIGN.keys;
    const { world, verdict } = await open({ keys });
    for (const { type, body } of found?.documents ?? []) world.registry.store(body, type);
    for (const [tag, digest] of Object.entries(found?.tags ?? {})) world.registry.tag(tag, digest);
    expect(await verdict(`cosign:${key}`, COSIGN.image.digest)).toEqual(VERIFIED(`cosign:${key}`));
    for (const other of Object.keys(keys).filter((each) => each !== key))
      expect(await verdict(`cosign:${other}`, COSIGN.image.digest)).toMatchObject({ state: 'invalid' });
    expect(await verdict(`cosign:${key}`, digestOf('another image'))).toEqual({ state: 'unsigned' });
  });

  test('by an identity, in both forms', async () => {
    for (const form of ['simple', 'bundle'] as const) {
      const { world, verdict } = await open();
      if (form === 'simple') {
        const payload = simplePayload(world.digest);
        world.simple(payload, await sigstore.annotations(payload, RELEASE));
      } else world.bundle(await sigstore.bundle(statement(world.digest), RELEASE));
      expect(await verdict(BY_RELEASE, world.digest)).toEqual(VERIFIED(BY_RELEASE));
      const anyTag = BY_RELEASE.replace('v1.2.0@', '*@');
      expect(await verdict(anyTag, world.digest)).toEqual(VERIFIED(anyTag));
    }
  });

  test('by an identity at a tag with an @', async () => {
    const { world, verdict } = await open();
    const identity = RELEASE.identity.replace('v1.2.0', 'web@1.2.0');
    world.bundle(await sigstore.bundle(statement(world.digest), { ...RELEASE, identity }));
    const anyTag = BY_RELEASE.replace('v1.2.0@', '*@');
    expect(await verdict(anyTag, world.digest)).toEqual(VERIFIED(anyTag));
  });

  test('by an identity, at a time that a time stamp proves and the log does not', async () => {
    const { world, verdict } = await open();
    world.bundle(await stampedBundle(world, sigstore));
    expect(await verdict(BY_RELEASE, world.digest)).toEqual(VERIFIED(BY_RELEASE));
    const older = await open();
    const payload = simplePayload(older.world.digest);
    const annotations = await sigstore.annotations(payload, RELEASE);
    const SignedRFC3161Timestamp = await sigstore.stamped(annotations['dev.cosignproject.cosign/signature'] ?? '');
    older.world.simple(payload, {
      ...annotations,
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp }),
    });
    expect(await older.verdict(BY_RELEASE, older.world.digest)).toEqual(VERIFIED(BY_RELEASE));
  });

  test('found by the API for referrers, page by page, where the registry has it', async () => {
    const { world, verdict } = await open();
    world.bundle(keyBundle(statement(world.digest)));
    const index = world.registry.bodyOf(world.tag);
    world.registry.remove(world.tag);
    world.registry.intercept = (request, response) => {
      const url = new URL(request.url ?? '', 'http://registry');
      if (!url.pathname.endsWith(`/referrers/${world.digest}`)) return undefined;
      const isFirst = url.search === '';
      const headers = isFirst ? { link: `<${url.pathname}?page=2>; rel="next"` } : {};
      json(response, 200, isFirst ? { manifests: [] } : JSON.parse(index), { 'content-type': OCI_INDEX, ...headers });
      return true;
    };
    expect(await verdict(BY_KEY, world.digest)).toEqual(VERIFIED(BY_KEY));
  });

  test('for an image that was copied from another registry', async () => {
    const { world, verdict } = await open();
    world.signedSimple(simplePayload(world.digest, { reference: 'index.docker.io/other/thing' }));
    expect(await verdict(BY_KEY, world.digest)).toEqual(VERIFIED(BY_KEY));
  });

  test('beside signatures of others, and beside what is no signature', async () => {
    const { world, verdict } = await open();
    world.signedSimple(simplePayload(world.digest));
    world.signedSimple(simplePayload(world.digest), theirs.privateKey);
    world.bundle(keyBundle(statement(world.digest, 'https://slsa.dev/provenance/v1')));
    expect(await verdict(BY_KEY, world.digest)).toEqual(VERIFIED(BY_KEY));
  });
});

const OTHER = digestOf('another image');

/** `isLate`: the trust root is that of the log whose clock is late. */
type Wrong = readonly [policy: string, attach: (world: World) => void | Promise<void>, why: string, isLate?: boolean];

/** What is wrong with a signature: the policy, what is attached, and what is said. */
const WRONG: Readonly<Record<string, Wrong>> = {
  'another key': [BY_KEY, (it) => it.signedSimple(simplePayload(it.digest), theirs.privateKey), 'not by this key'],
  'another key in a bundle': [BY_KEY, (it) => it.bundle(keyBundle(statement(it.digest), theirs.privateKey)), 'not by this key'],
  'the signature of another image': [BY_KEY, (it) => it.signedSimple(simplePayload(OTHER)), 'of another image'],
  'the bundle of another image': [BY_KEY, (it) => it.bundle(keyBundle(statement(OTHER))), 'of another image'],
  'a payload that is no JSON': [BY_KEY, (it) => it.signedSimple('{"critical":'), 'not that of an image'],
  'a payload of another type': [
    BY_KEY,
    (it) => it.signedSimple(simplePayload(it.digest, { type: 'atomic container signature' })),
    'of another type, "atomic container signature"',
  ],
  'a changed payload': [
    BY_KEY,
    (it) => it.signedSimple(simplePayload(it.digest), ours.privateKey, signatureOf(simplePayload(OTHER))),
    'not by this key',
  ],
  'a truncated signature': [
    BY_KEY,
    (it) => it.signedSimple(simplePayload(it.digest), ours.privateKey, signatureOf(simplePayload(it.digest)).slice(0, 40)),
    'not by this key',
  ],
  'a signature that is not base64': [
    BY_KEY,
    (it) => it.signedSimple(simplePayload(it.digest), ours.privateKey, '*** no base64 ***'),
    'missing or is not base64',
  ],
  'an empty signature': [
    BY_KEY,
    (it) => it.signedSimple(simplePayload(it.digest), ours.privateKey, ''),
    'missing or is not base64',
  ],
  'no signature beside the payload': [BY_KEY, (it) => it.simple(simplePayload(it.digest), {}), 'missing or is not base64'],
  'an empty bundle': [BY_KEY, (it) => it.bundle({}), 'no signed statement'],
  'a bundle with two signatures': [
    BY_KEY,
    (it) => {
      const bundle = keyBundle(statement(it.digest));
      const signatures = [...bundle.dsseEnvelope.signatures, ...bundle.dsseEnvelope.signatures];
      it.bundle({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures } });
    },
    'no signed statement',
  ],
  'a statement about how it was built': [
    BY_KEY,
    (it) => it.bundle(keyBundle(statement(it.digest, 'https://slsa.dev/provenance/v1'))),
    'not a signature but "https://slsa.dev/provenance/v1"',
  ],
  'an envelope of another type': [
    BY_KEY,
    (it) => it.bundle(keyBundle(statement(it.digest), ours.privateKey, 'text/plain')),
    'no signed statement',
  ],
  'a bundle whose manifest refers to another image': [
    BY_KEY,
    (it) => it.bundle(keyBundle(statement(it.digest)), BUNDLE_LAYER, { subject: { digest: OTHER } }),
    'refers to another image',
  ],
  'a tag that points to an index': [
    BY_KEY,
    (it) => it.referrers([{ digest: it.digest }], `${it.tag}.sig`),
    'not a manifest with signatures',
  ],
  'a huge payload': [BY_KEY, (it) => it.signedSimple(`${simplePayload(it.digest)}${' '.repeat(300_000)}`), 'more than 262144'],
  'a payload that is larger than it says': [
    BY_KEY,
    (it) => {
      const layer = it.layer(`${simplePayload(it.digest)}${' '.repeat(300_000)}`, SIMPLE_LAYER, { size: 10 });
      it.registry.tag(`${it.tag}.sig`, it.manifest([layer]));
    },
    'larger than',
  ],
  'a blob that is not the one of its digest': [
    BY_KEY,
    (it) => {
      it.signedSimple(simplePayload(it.digest));
      it.registry.intercept = lie('/blobs/', simplePayload(OTHER));
    },
    'does not match its digest',
  ],
  'a manifest that is not the one of its digest': [
    BY_KEY,
    (it) => {
      it.bundle(keyBundle(statement(it.digest)));
      it.registry.intercept = lie('/manifests/sha256:', '{"layers":[]}');
    },
    'does not match its digest',
  ],
  'more signatures than are looked at': [
    BY_KEY,
    (it) => {
      it.signedSimple(simplePayload(it.digest));
      const payload = simplePayload(it.digest);
      const foreign = it.layer(payload, SIMPLE_LAYER, {
        annotations: { 'dev.cosignproject.cosign/signature': signatureOf(payload, theirs.privateKey) },
      });
      it.registry.tag(
        `${it.tag}.sig`,
        it.manifest([it.layer(payload, SIMPLE_LAYER), ...Array.from({ length: 50 }, () => foreign)]),
      );
    },
    'it has 51 signatures, and only the last 50',
  ],
  'more signatures in several manifests than are looked at': [
    BY_KEY,
    (it) => {
      const payload = simplePayload(it.digest);
      const annotations = { 'dev.cosignproject.cosign/signature': signatureOf(payload, theirs.privateKey) };
      const layers = Array.from({ length: 30 }, () => it.layer(payload, SIMPLE_LAYER, { annotations }));
      it.referrers(['a', 'b'].map((name) => ({ digest: it.manifest(layers, { annotations: { name } }) })));
      it.signedSimple(payload);
    },
    'not by this key',
  ],
  'referrers that lead back to the first page': [
    BY_KEY,
    (it) => {
      it.signedSimple(simplePayload(it.digest), theirs.privateKey);
      it.registry.intercept = (request, response) => {
        const { pathname } = new URL(request.url ?? '', 'http://registry');
        if (!pathname.includes('/referrers/')) return undefined;
        json(response, 200, { manifests: [] }, { 'content-type': OCI_INDEX, link: `<${pathname}>; rel="next"` });
        return true;
      };
    },
    'not by this key',
  ],
  'a key in place of an identity': [BY_RELEASE, (it) => it.signedSimple(simplePayload(it.digest)), 'has no certificate'],
  'a bundle by a key in place of an identity': [
    BY_RELEASE,
    (it) => it.bundle(keyBundle(statement(it.digest))),
    'has no certificate',
  ],
  'another issuer': [
    BY_RELEASE,
    byBundle({ ...RELEASE, issuer: 'https://accounts.example.org' }),
    'of https://accounts.example.org',
  ],
  'an issuer that begins like ours': [
    BY_RELEASE,
    byBundle({ ...RELEASE, issuer: `${RELEASE.issuer}.example.org` }),
    'of https://token.actions.githubusercontent.com.example.org',
  ],
  'an identity that begins like ours': [
    BY_RELEASE,
    byBundle({ ...RELEASE, identity: `${RELEASE.identity}-evil` }),
    'v1.2.0-evil',
  ],
  'an identity that ends like ours': [
    BY_RELEASE,
    byBundle({ ...RELEASE, identity: `https://evil.example.org/${RELEASE.identity}` }),
    'signed by https://evil.example.org/',
  ],
  'an identity where a dot is another character': [
    BY_RELEASE,
    byBundle({ ...RELEASE, identity: RELEASE.identity.replace('release.yml', 'releasexyml') }),
    'releasexyml',
  ],
  'an identity of another repository in cosign’s older form': [
    BY_RELEASE,
    async (it) => {
      const payload = simplePayload(it.digest);
      it.simple(payload, await sigstore.annotations(payload, { ...RELEASE, identity: 'https://github.com/evil/web' }));
    },
    'signed by https://github.com/evil/web',
  ],
  'a branch whose name ends like the one that is wanted': [
    `cosign-keyless:https://github.com/acme/*@refs/heads/main@${RELEASE.issuer}`,
    byBundle({ ...RELEASE, identity: 'https://github.com/acme/web/.github/workflows/any.yml@refs/heads/any@refs/heads/main' }),
    'refs/heads/any@refs/heads/main',
  ],
  'an address with another before it': [
    `cosign-keyless:*@acme.org@${RELEASE.issuer}`,
    byBundle({ ...RELEASE, identity: 'https://evil.example.org/?@any@acme.org' }),
    'any@acme.org',
  ],
  'an identity for another image': [
    BY_RELEASE,
    async (it) => it.bundle(await sigstore.bundle(statement(OTHER), RELEASE)),
    'of another image',
  ],
  'a certificate that had expired when it was logged': [
    BY_RELEASE,
    async (it) => it.bundle(await late.bundle(statement(it.digest), RELEASE)),
    'certificate chain',
    true,
  ],
  'a certificate of another authority': [
    BY_RELEASE,
    async (it) => it.bundle(await late.bundle(statement(it.digest), RELEASE)),
    'certificate chain',
  ],
  'no entry of a log': [
    BY_RELEASE,
    changedBundle((bundle) => ({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [] } })),
    'timestamps',
  ],
  'no entry of a log in cosign’s older form': [
    BY_RELEASE,
    async (it) => {
      const payload = simplePayload(it.digest);
      const { 'dev.sigstore.cosign/bundle': _, ...annotations } = await sigstore.annotations(payload, RELEASE);
      it.simple(payload, annotations);
    },
    'timestamps',
  ],
  'a time stamp of another authority': [
    BY_RELEASE,
    async (it) => it.bundle(await stampedBundle(it, late)),
    'timestamp could not be verified',
  ],
  'a time stamp of something else': [
    BY_RELEASE,
    async (it) => it.bundle(await stampedBundle(it, sigstore, signatureOf('something else'))),
    'timestamp could not be verified',
  ],
  'a changed promise of the log': [
    BY_RELEASE,
    changedEntry((entry) => ({
      ...entry,
      inclusionPromise: { signedEntryTimestamp: signatureOf('something else') },
    })),
    'inclusion promise',
  ],
  'a changed time of the log': [BY_RELEASE, changedEntry((entry) => ({ ...entry, integratedTime: '1' })), 'certificate chain'],
  'a changed entry of the log': [
    BY_RELEASE,
    changedEntry((entry) => ({
      ...entry,
      canonicalizedBody: Buffer.from(JSON.stringify({ apiVersion: '0.0.1', kind: 'dsse', spec: {} })).toString('base64'),
    })),
    'cannot be verified',
  ],
  'a bundle that is no JSON': [BY_RELEASE, (it) => it.bundle('{"mediaType":'), 'cannot be verified'],
  'a bundle nested very deep': [BY_RELEASE, (it) => it.bundle('['.repeat(100_000)), 'cannot be verified'],
  'a certificate that is none': [
    BY_RELEASE,
    async (it) => {
      const payload = simplePayload(it.digest);
      const annotations = await sigstore.annotations(payload, RELEASE);
      it.simple(payload, { ...annotations, 'dev.sigstore.cosign/certificate': 'none' });
    },
    'cannot be verified',
  ],
};

function lie(part: string, body: string): Interception {
  return (request, response) => {
    if (!request.url?.includes(part)) return undefined;
    response.writeHead(200, { 'content-type': OCI_IMAGE }).end(body);
    return true;
  };
}

function byBundle(signer: Signer) {
  return async (it: World) => it.bundle(await sigstore.bundle(statement(it.digest), signer));
}

type Bundle = Awaited<ReturnType<Sigstore['bundle']>>;

/** A bundle of ours whose log entry has no time, with a time stamp of an authority. */
async function stampedBundle(it: World, authority: Sigstore, of?: string): Promise<object> {
  const bundle = await sigstore.bundle(statement(it.digest), RELEASE);
  const { verificationMaterial } = bundle;
  const signedTimestamp = await authority.stamped(of ?? bundle.dsseEnvelope.signatures[0]?.sig ?? '');
  return {
    ...bundle,
    verificationMaterial: {
      ...verificationMaterial,
      tlogEntries: verificationMaterial.tlogEntries.map(({ inclusionPromise: _, ...entry }) => ({
        ...entry,
        integratedTime: '0',
      })),
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp }] },
    },
  };
}

function changedBundle(change: (bundle: Bundle) => object) {
  return async (it: World) => it.bundle(change(await sigstore.bundle(statement(it.digest), RELEASE)));
}

function changedEntry(change: (entry: Bundle['verificationMaterial']['tlogEntries'][number]) => object) {
  return changedBundle(({ verificationMaterial, ...bundle }) => ({
    ...bundle,
    verificationMaterial: { ...verificationMaterial, tlogEntries: verificationMaterial.tlogEntries.map(change) },
  }));
}

describe('no valid signature (S-055)', () => {
  test.each(sampled('wrong signatures', Object.entries(WRONG), 18))('with %s', async (_, [policy, attach, why, isLate]) => {
    const { world, verdict } = await open({ root: isLate ? late.trustRoot : sigstore.trustRoot });
    await attach(world);
    const found = await verdict(policy, world.digest);
    expect(found).toMatchObject({ state: 'invalid' });
    expect(JSON.stringify(found)).toContain(JSON.stringify(why).slice(1, -1));
  });

  test('where nothing is attached', async () => {
    const { world, verdict } = await open();
    expect(await verdict(BY_KEY, world.digest)).toEqual({ state: 'unsigned' });
    expect(world.registry.requests.map((request) => request.replace(/[0-9a-f]{64}/, '…'))).toEqual([
      'GET /v2/team/web/referrers/sha256:…',
      'GET /v2/team/web/manifests/sha256-…',
      'GET /v2/team/web/manifests/sha256-….sig',
    ]);
  });
});

test.each([
  [500, 'referrers'],
  [429, 'referrers'],
  [500, 'manifests'],
  [403, 'manifests'],
  [500, 'blobs'],
])('a registry that answers %i to %s says nothing about signatures', async (status, part) => {
  const { world, verdict } = await open();
  world.signedSimple(simplePayload(world.digest), theirs.privateKey);
  world.registry.intercept = (request, response) => {
    if (!request.url?.includes(`/${part}/`)) return undefined;
    json(response, status, {});
    return true;
  };
  expect(await verdict(BY_KEY, world.digest)).toMatchObject({
    state: 'unknown',
    why: expect.stringContaining(`status ${status}`),
  });
});

/** A clock whose deadlines are over soon. */
class HastyClock extends FakeClock {
  override readonly deadline: FakeClock['deadline'] = (_, parent) => withDeadline(100, parent);
}

test('a registry that does not answer in time says nothing about signatures', async () => {
  const { world, verdict } = await open({ clock: new HastyClock() });
  world.signedSimple(simplePayload(world.digest));
  world.registry.intercept = (request) => request.url?.includes('.sig');
  const found = await verdict(BY_KEY, world.digest);
  expect(found).toEqual({ state: 'unknown', why: 'the registry took longer than 60 s' });
});

test('no other payload, signature or bundle than the signed one is valid', async () => {
  const digest = digestOf('the image');
  const key = await parsePublicKey(ours.publicKey.export({ format: 'pem', type: 'spki' }).toString());
  if ('problem' in key) throw new Error(key.problem);
  const payload = Buffer.from(simplePayload(digest));
  const signature = Buffer.from(signatureOf(payload), 'base64');
  const fault = (bytes: Buffer, by: Buffer) =>
    faultByKey(
      key,
      { kind: 'simple', payload: bytes, annotations: { 'dev.cosignproject.cosign/signature': by.toString('base64') } },
      digest,
    );
  expect(fault(payload, signature)).toBeUndefined();
  const flipped = (bytes: Buffer, at: number, bit: number) => {
    const other = Buffer.from(bytes);
    other[at % bytes.length] = (other[at % bytes.length] ?? 0) ^ (1 << bit);
    return other;
  };
  fc.assert(
    fc.property(fc.nat(), fc.nat(7), fc.boolean(), (at, bit, ofPayload) => {
      const [bytes, by] = ofPayload ? [flipped(payload, at, bit), signature] : [payload, flipped(signature, at, bit)];
      expect(fault(bytes, by)).toBe('the signature is not by this key');
    }),
  );
  const bundle = Buffer.from(JSON.stringify(keyBundle(statement(digest))));
  expect(faultByKey(key, { kind: 'bundle', body: bundle }, digest)).toBeUndefined();
  for (let end = 0; end < bundle.length; end += 1)
    expect(faultByKey(key, { kind: 'bundle', body: bundle.subarray(0, end) }, digest)).toBe('the bundle has no signed statement');
});

test('a valid signature counts even if another place cannot be read', async () => {
  const { world, verdict } = await open();
  world.signedSimple(simplePayload(world.digest));
  world.registry.intercept = (request, response) => {
    if (!request.url?.includes('/referrers/')) return undefined;
    json(response, 500, {});
    return true;
  };
  expect(await verdict(BY_KEY, world.digest)).toEqual(VERIFIED(BY_KEY));
});

test('of many time stamps none is verified, so that the event loop is not held up', async () => {
  const { world, verdict } = await open();
  const bundle = (await stampedBundle(world, sigstore)) as Bundle & {
    readonly verificationMaterial: { readonly timestampVerificationData: { readonly rfc3161Timestamps: readonly object[] } };
  };
  const { verificationMaterial } = bundle;
  const [stamp] = verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  const rfc3161Timestamps = Array.from({ length: 150 }, () => stamp);
  world.bundle({
    ...bundle,
    verificationMaterial: { ...verificationMaterial, timestampVerificationData: { rfc3161Timestamps } },
  });
  const { result, cpuMs } = await longestTurn(() => verdict(BY_RELEASE, world.digest));
  expect(result).toMatchObject({ state: 'invalid', why: expect.stringContaining('time stamps, more than 4') });
  expect(cpuMs).toBeLessThan(50);
});

test('very many annotations hold up the event loop for less than 50 ms', async () => {
  const { world, verdict } = await open();
  const annotations = Object.fromEntries(Array.from({ length: 29_000 }, (_, n) => [n.toString(36), '']));
  const layers = [1, 2].map((n) =>
    world.layer(simplePayload(world.digest), SIMPLE_LAYER, { annotations: { ...annotations, n: String(n) } }),
  );
  world.registry.tag(`${world.tag}.sig`, world.manifest(layers));
  const { result, cpuMs } = await longestTurn(() => verdict(BY_KEY, world.digest));
  expect(result).toMatchObject({ state: 'invalid', why: expect.stringContaining('more than 20000 values') });
  expect(cpuMs).toBeLessThan(50);
});

test('hostile signatures hold up the event loop for less than 50 ms', async () => {
  const { world, verdict } = await open();
  const payload = `${simplePayload(world.digest)}${' '.repeat(250_000)}`;
  const signature = signatureOf(payload, theirs.privateKey);
  for (let n = 0; n < 10; n += 1) world.layer(`${payload}${n}`, SIMPLE_LAYER);
  const layers = Array.from({ length: 50 }, (_, n) =>
    world.layer(`${'[1,'.repeat(6_000)}${'{"a":'.repeat(6_000)}${' '.repeat(n)}`, n % 2 ? SIMPLE_LAYER : BUNDLE_LAYER, {
      annotations: { 'dev.cosignproject.cosign/signature': signature, junk: 'x'.repeat(10_000) },
    }),
  );
  world.registry.tag(`${world.tag}.sig`, world.manifest(layers));
  const { result, cpuMs } = await longestTurn(() => verdict(BY_RELEASE, world.digest));
  expect(result).toMatchObject({ state: 'invalid' });
  expect(cpuMs).toBeLessThan(50);
});
