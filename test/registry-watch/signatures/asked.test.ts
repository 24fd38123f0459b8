import { describe, expect, onTestFinished, test } from 'vitest';
import { type Verification, verificationKey } from '../../../src/image/index.ts';
import { sampled } from '../../support/sampled.ts';
import { json } from '../fake-registry.ts';
import { setup } from '../watch-of.ts';
import { POLICY, questionOf, SignedRegistry, signers } from './signed-registry.ts';

async function open() {
  const registry = await new SignedRegistry().listen();
  const it = setup({ signers: await signers() });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  registry.push('1.0.0');
  it.watch.watch([{ name: registry.name, pullSecrets: [] }]);
  await it.watch.scanNow();
  const question = (tags: readonly string[], image = registry.name) =>
    questionOf(
      image,
      tags.map((tag) => ({ tag })),
    );
  return {
    ...it,
    registry,
    async scan() {
      registry.requests.length = 0;
      await it.watch.scanNow();
    },
    ask: (tags: readonly string[], image?: string) => it.watch.verify(question(tags, image)),
    /** As a person does, who waits for a scan. */
    async askNow(...all: readonly (readonly string[])[]) {
      registry.requests.length = 0;
      const questions = all.map((tags) => question(tags));
      expect(await it.watch.verifyNow({ image: registry.name, questions, pullSecrets: [] })).toBeUndefined();
    },
    known(tag: string): Verification | undefined {
      return it.watch.repository(registry.name)?.verifications?.get(verificationKey(registry.digestOf(tag), POLICY));
    },
  };
}

/** Pushes tags without signatures, of which the first counts as the newest. */
function pushMany({ registry }: { readonly registry: SignedRegistry }, count: number): readonly string[] {
  const tags = Array.from({ length: count }, (_, n) => `2.${n}.0`);
  for (const tag of tags) registry.push(tag);
  return tags;
}

describe('what is asked', () => {
  test('is answered by the next scan, newest first, up to the first that is signed', async () => {
    const it = await open();
    for (const tag of ['1.1.0', '1.2.0', '1.3.0']) it.registry.push(tag);
    it.registry.sign('1.2.0');
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
    it.registry.sign('1.0.0');
    await it.scan();
    it.ask(['1.0.0']);
    await it.scan();
    await it.askNow(['1.0.0']);
    expect(it.registry.looked.length).toBe(0);
  });

  test('is verified again with growing delays while it is not signed, and at once for a person', async () => {
    const it = await open();
    const delays: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      it.ask(['1.0.0']);
      await it.scan();
      expect(it.registry.looked.length).toBe(1);
      const found = it.known('1.0.0');
      if (found?.state !== 'unsigned') throw new Error(`it is ${found?.state}`);
      const delay = found.nextAt - it.clock.now();
      delays.push(delay / 1000);
      it.clock.advance(delay - 1);
      it.ask(['1.0.0']);
      await it.scan();
      expect(it.registry.looked.length).toBe(0);
      it.clock.advance(1);
    }
    expect(delays).toEqual([15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
    it.ask(['1.0.0']);
    await it.scan();
    await it.askNow(['1.0.0']);
    expect(it.registry.looked.length).toBe(1);
  });

  test('is verified again at once when the tag of a signature appears', async () => {
    const it = await open();
    it.ask(['1.0.0']);
    await it.scan();
    it.registry.sign('1.0.0');
    await it.scan();
    expect(it.news.length).toBeGreaterThan(0);
    it.ask(['1.0.0']);
    await it.scan();
    expect(it.known('1.0.0')).toEqual({ state: 'verified', by: POLICY });
  });

  test('is answered for 20 images a scan, and the rest by the next ones', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    it.registry.sign('2.25.0');
    await it.scan();
    it.ask(tags);
    for (const known of [20, 26]) {
      await it.scan();
      expect(tags.filter((tag) => it.known(tag) !== undefined)).toHaveLength(known);
    }
    expect(it.known('2.25.0')).toEqual({ state: 'verified', by: POLICY });
    await it.scan();
    expect(it.registry.looked).toEqual([]);
  });

  test('again by a person is answered first about what has not been looked at, then where the last look is the oldest', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    for (const looked of [tags.slice(0, 20), [...tags.slice(20), ...tags.slice(0, 10)], tags.slice(10), tags.slice(0, 20)]) {
      await it.askNow(tags);
      expect(it.registry.looked).toEqual(looked);
    }
  });

  test('by a person is answered once by as many scans as it takes, without asking again', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    await it.askNow(tags);
    for (const looked of [tags.slice(20), []]) {
      await it.scan();
      expect(it.registry.looked).toEqual(looked);
    }
  });

  test('by a person about a tag that was pushed a moment ago is answered at once', async () => {
    const it = await open();
    it.registry.push('9.9.9');
    it.registry.sign('9.9.9');
    await it.askNow(['9.9.9'], ['1.0.0']);
    expect(it.known('9.9.9')).toEqual({ state: 'verified', by: POLICY });
    // What is known is not asked again, and what is not there is not waited for.
    await it.askNow(['9.9.9'], ['8.8.8']);
    expect(it.registry.requests.filter((request) => request.includes('/tags/'))).toHaveLength(1);
  });

  test('by a person is answered before what else was asked', async () => {
    const it = await open();
    const tags = pushMany(it, 30);
    await it.scan();
    it.ask(tags);
    await it.askNow(['1.0.0']);
    expect(it.registry.looked).toEqual(['1.0.0', ...tags.slice(0, 19)]);
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
    expect(it.registry.looked).toEqual(['2.0.0']);
    it.registry.intercept = () => undefined;
    it.clock.advance(2_000);
    await it.scan();
    expect(it.registry.looked).toEqual(['2.1.0', '2.2.0']);
  });

  test('is nothing for tags that the registry does not list, and for other repositories', async () => {
    const it = await open();
    it.ask(['9.9.9']);
    it.ask(['1.0.0'], `${it.registry.host}/team/other`);
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
    await it.askNow([tags[120] ?? '']);
    expect(it.registry.looked[0]).toBe(tags[120]);
  });

  test('a person who asks what is asked already is answered first', async () => {
    const { it, tags } = await full();
    await it.askNow([tags[99] ?? '']);
    expect(it.registry.looked[0]).toBe(tags[99]);
  });

  test('of many persons, those are answered first whose images have not been looked at', async () => {
    const { it, tags } = await full();
    for (let n = 0; n < 7; n += 1) {
      await it.askNow(...tags.map((tag) => [tag]));
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
    it.registry.push('1.1.0');
    it.registry.sign('1.0.0');
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
