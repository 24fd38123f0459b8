import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Verification, verificationKey } from '../../../src/image/index.ts';
import { parseSignaturePolicy, type SignatureQuestion } from '../../../src/policy/index.ts';
import { parsePublicKey } from '../../../src/registry-watch/signatures/public-key.ts';
import { sampled } from '../../support/sampled.ts';
import { FakeRegistry, json, OCI_IMAGE } from '../fake-registry.ts';
import { setup } from '../watch-of.ts';
import { SIMPLE_LAYER, simplePayload } from './sigstore.ts';

const POLICY = 'cosign:acme';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

async function open() {
  const registry = await new FakeRegistry().listen();
  const key = await parsePublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString());
  if ('problem' in key) throw new Error(key.problem);
  const it = setup({ signers: { keys: new Map([['acme', key]]) } });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  const digests = new Map<string, string>();
  const push = (tag: string) => void digests.set(tag, registry.push(tag, '2024-01-01T00:00:00Z'));
  push('1.0.0');
  it.watch.watch([{ name: registry.name, pullSecrets: [] }]);
  await it.watch.scanNow();
  return {
    ...it,
    registry,
    push,
    /** As `cosign sign` does. */
    sign(tag: string) {
      const digest = digests.get(tag) ?? '';
      const payload = simplePayload(digest);
      const annotations = {
        'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), privateKey).toString('base64'),
      };
      const layer = { mediaType: SIMPLE_LAYER, digest: registry.store(payload), size: payload.length, annotations };
      const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: registry.store({}) };
      registry.tag(
        `${digest.replace(':', '-')}.sig`,
        registry.store({ mediaType: OCI_IMAGE, config, layers: [layer] }, OCI_IMAGE),
      );
    },
    async scan() {
      registry.requests.length = 0;
      await it.watch.scanNow();
    },
    ask(tags: readonly string[], more: Partial<SignatureQuestion> = {}) {
      const policy = parseSignaturePolicy(POLICY);
      if ('problem' in policy) throw new Error(policy.problem);
      it.watch.verify({ image: registry.name, candidates: tags.map((tag) => ({ tag })), policies: [policy], ...more });
    },
    known(tag: string): Verification | undefined {
      return it.watch.repository(registry.name)?.verifications?.get(verificationKey(digests.get(tag) ?? '', POLICY));
    },
    /** Requests for signatures since the last scan began. */
    reads: () => registry.requests.filter((request) => request.includes('/referrers/')).length,
    /** The tags whose signatures were looked for since the last scan began, in order. */
    looked() {
      const tags = new Map([...digests].map(([tag, digest]) => [digest, tag]));
      return registry.requests.flatMap((request) => tags.get(/referrers\/(sha256:[0-9a-f]+)/.exec(request)?.[1] ?? '') ?? []);
    },
  };
}

/** Pushes tags without signatures, of which the first counts as the newest. */
function pushMany({ push }: { readonly push: (tag: string) => void }, count: number): readonly string[] {
  const tags = Array.from({ length: count }, (_, n) => `2.${n}.0`);
  for (const tag of tags) push(tag);
  return tags;
}

describe('what is asked', () => {
  test('is answered by the next scan, newest first, up to the first that is signed', async () => {
    const it = await open();
    for (const tag of ['1.1.0', '1.2.0', '1.3.0']) it.push(tag);
    it.sign('1.2.0');
    await it.scan();
    it.news.length = 0;
    it.ask(['1.3.0', '1.2.0', '1.1.0', '1.0.0']);
    expect(it.known('1.2.0')).toBeUndefined();
    await it.scan();
    expect(it.known('1.3.0')).toMatchObject({ state: 'unsigned' });
    expect(it.known('1.2.0')).toEqual({ state: 'verified', by: POLICY });
    expect(it.known('1.1.0')).toBeUndefined();
    expect(it.news).toEqual([it.registry.name]);
  });

  test('is not verified again while it is valid', async () => {
    const it = await open();
    it.sign('1.0.0');
    await it.scan();
    it.ask(['1.0.0']);
    await it.scan();
    it.ask(['1.0.0'], { urgent: true });
    await it.scan();
    expect(it.reads()).toBe(0);
  });

  test('is verified again with growing delays while it is not signed, and at once for a person', async () => {
    const it = await open();
    const delays: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      it.ask(['1.0.0']);
      await it.scan();
      expect(it.reads()).toBe(1);
      const found = it.known('1.0.0');
      if (found?.state !== 'unsigned') throw new Error(`it is ${found?.state}`);
      const delay = found.nextAt - it.clock.now();
      delays.push(delay / 1000);
      it.clock.advance(delay - 1);
      it.ask(['1.0.0']);
      await it.scan();
      expect(it.reads()).toBe(0);
      it.clock.advance(1);
    }
    expect(delays).toEqual([15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
    it.ask(['1.0.0']);
    await it.scan();
    it.ask(['1.0.0'], { urgent: true });
    await it.scan();
    expect(it.reads()).toBe(1);
  });

  test('is verified again at once when the tag of a signature appears', async () => {
    const it = await open();
    it.ask(['1.0.0']);
    await it.scan();
    it.sign('1.0.0');
    await it.scan();
    expect(it.news.length).toBeGreaterThan(0);
    it.ask(['1.0.0']);
    await it.scan();
    expect(it.known('1.0.0')).toEqual({ state: 'verified', by: POLICY });
  });

  test('is answered for 20 images a scan, and the rest by the next ones', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    it.sign('2.25.0');
    await it.scan();
    it.ask(tags);
    for (const known of [20, 26]) {
      await it.scan();
      expect(tags.filter((tag) => it.known(tag) !== undefined)).toHaveLength(known);
    }
    expect(it.known('2.25.0')).toEqual({ state: 'verified', by: POLICY });
    await it.scan();
    expect(it.looked()).toEqual([]);
  });

  test('again by a person is answered first about what has not been looked at, then where the last look is the oldest', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    for (const looked of [tags.slice(0, 20), [...tags.slice(20), ...tags.slice(0, 10)], tags.slice(10), tags.slice(0, 20)]) {
      it.ask(tags, { urgent: true });
      await it.scan();
      expect(it.looked()).toEqual(looked);
    }
  });

  test('by a person is answered once by as many scans as it takes, without asking again', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    it.ask(tags, { urgent: true });
    for (const looked of [tags.slice(0, 20), tags.slice(20), []]) {
      await it.scan();
      expect(it.looked()).toEqual(looked);
    }
  });

  test('by a person is answered before what else was asked', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    it.ask(tags);
    it.ask(['1.0.0'], { urgent: true });
    await it.scan();
    expect(it.looked()).toEqual(['1.0.0', ...tags.slice(0, 19)]);
  });

  test('is kept where the registry limits requests meanwhile', async () => {
    const it = await open();
    const tags = pushMany(it, 3);
    await it.scan();
    it.ask(tags);
    it.registry.intercept = (request, response) => {
      if (!request.url?.includes(`/manifests/${tags[1]}`)) return undefined;
      json(response, 429, {}, { 'retry-after': '1' });
      return true;
    };
    await it.scan();
    expect(it.looked()).toEqual(['2.0.0']);
    it.registry.intercept = () => undefined;
    it.clock.advance(2_000);
    await it.scan();
    expect(it.looked()).toEqual(['2.1.0', '2.2.0']);
  });

  test('is nothing for tags that the registry does not list, and for other repositories', async () => {
    const it = await open();
    it.ask(['9.9.9']);
    it.ask(['1.0.0'], { image: `${it.registry.host}/team/other` });
    await it.scan();
    expect(it.registry.requests.filter((request) => /referrers|9\.9\.9|other/.test(request))).toEqual([]);
  });
});

describe('where more is asked than is kept', () => {
  /** As many questions as are kept, each about a tag of its own. */
  async function full() {
    const it = await open();
    const tags = pushMany(it, 130);
    await it.scan();
    for (const tag of tags.slice(0, 100)) it.ask([tag]);
    return { it, tags };
  }
  const queued = (it: Awaited<ReturnType<typeof open>>) => it.watch.repository(it.registry.name)?.signatureQueue;

  test('the repository says so until there is room, and what has to wait gets its turn when it is asked again', async () => {
    const { it, tags } = await full();
    expect(queued(it)).toBe(100);
    it.ask([tags[110] ?? '']);
    await it.scan();
    expect(queued(it)).toBeUndefined();
    it.ask([tags[110] ?? '']);
    for (let n = 0; n < 5; n += 1) await it.scan();
    expect(it.known(tags[110] ?? '')).toMatchObject({ state: 'unsigned' });
  });

  test('everything gets its turn if all is asked after each scan, always in the same order', async () => {
    const { it, tags } = await full();
    for (let n = 0; n < 8; n += 1) {
      await it.scan();
      // What was looked at is due again by then.
      it.clock.advance(3_600_000);
      for (const tag of tags) it.ask([tag]);
    }
    expect(tags.filter((tag) => it.known(tag) === undefined)).toEqual([]);
  });

  test('a person is answered all the same', async () => {
    const { it, tags } = await full();
    it.ask([tags[120] ?? ''], { urgent: true });
    await it.scan();
    expect(it.looked()[0]).toBe(tags[120]);
  });

  test('a person who asks what is asked already is answered first', async () => {
    const { it, tags } = await full();
    it.ask([tags[99] ?? ''], { urgent: true });
    await it.scan();
    expect(it.looked()[0]).toBe(tags[99]);
  });

  test('of many persons, those are answered first whose images have not been looked at', async () => {
    const { it, tags } = await full();
    for (let n = 0; n < 7; n += 1) {
      for (const tag of tags) it.ask([tag], { urgent: true });
      await it.scan();
    }
    expect(tags.filter((tag) => it.known(tag) === undefined)).toEqual([]);
  });
});

const FAULTS = sampled<readonly [name: string, status: number]>(
  'ways to lose a request',
  [
    ['503', 503],
    ['429', 429],
    ['404', 404],
    ['403', 403],
    ['cut', 0],
  ],
  2,
);

test.each(FAULTS)('one lost request (%s) makes nothing signed, and hides a signature only for a while', async (_, status) => {
  for (let lost = 1; ; lost += 1) {
    const it = await open();
    it.push('1.1.0');
    it.sign('1.0.0');
    await it.scan();
    let requests = 0;
    it.registry.intercept = (request, response) => {
      requests += 1;
      if (requests !== lost) return undefined;
      if (status === 0) request.socket.destroy();
      else json(response, status, {});
      return true;
    };
    it.ask(['1.1.0', '1.0.0']);
    await it.scan();
    expect(it.known('1.1.0')?.state).not.toBe('verified');
    const isKnown = () => it.known('1.0.0')?.state === 'verified' && it.known('1.1.0')?.state === 'unsigned';
    for (let n = 0; n < 8 && !isKnown(); n += 1) {
      it.clock.advance(120_000);
      it.ask(['1.1.0', '1.0.0']);
      await it.scan();
    }
    expect([it.known('1.0.0')?.state, it.known('1.1.0')?.state]).toEqual(['verified', 'unsigned']);
    if (requests < lost) break;
    await it.close();
    await it.registry.close();
  }
});
