import { beforeEach, describe, expect, test } from 'vitest';
import { createSeal } from '../../../src/base/index.ts';
import type { FakeRegistry } from '../fake-registry.ts';
import type { MapStore } from './map-store.ts';
import { made, type RestartOptions, Restarts, SECRET } from './restarts.ts';

let of: Restarts;
let registry: FakeRegistry;
let store: MapStore;
/** What was sent with each request for the list. */
let sent: (string | undefined)[];
/** The entity tag of the list at present. */
let etag: string;

beforeEach(async () => {
  of = await Restarts.begin();
  ({ registry, store } = of);
  [sent, etag] = [[], '"v1"'];
  registry.intercept = (request, response) => {
    if (!request.url?.includes('/tags/list')) return undefined;
    sent.push(request.headers['if-none-match']);
    response.setHeader('etag', etag);
    if (request.headers['if-none-match'] !== etag) return undefined;
    response.writeHead(304).end();
    return true;
  };
});

/** A daemon that was restarted a little after its list was due. */
async function restarted(options: RestartOptions = {}) {
  const before = await of.firstRun();
  sent.length = 0;
  const it = of.start({ afterMs: 90_000, ...options });
  await of.scanned(it);
  return { it, before };
}

describe('a remembered list that the registry tagged', () => {
  test('is as good as read when the registry confirms it', async () => {
    const { it, before } = await restarted();
    expect(of.known(it)).toMatchObject({ tags: before?.tags, images: before?.images, scannedAt: it.clock.now() });
    await it.close();
    expect(sent).toEqual(['"v1"']);
    expect(registry.requests).toHaveLength(1);
  });

  test('is replaced when the registry has another', async () => {
    await of.firstRun();
    registry.push('1.1.0', made(20));
    [sent.length, etag] = [0, '"v2"'];
    const it = of.start({ afterMs: 90_000 });
    await of.scanned(it);
    expect(of.known(it)?.tags).toContain('1.1.0');
    await it.close();
    expect(sent).toEqual(['"v1"']);
  });

  test('is confirmed again after one more restart, but read each hour', async () => {
    const { it } = await restarted();
    await it.close();
    const next = of.start({ afterMs: 180_000 });
    await of.scanned(next);
    await next.close();
    const last = of.start({ afterMs: 3_700_000 });
    await of.scanned(last);
    await last.close();
    expect(sent).toEqual(['"v1"', '"v1"', undefined]);
  });

  test('is read again with another account, and not with another password of the same', async () => {
    const docker = (password: string) => JSON.stringify({ auths: { [registry.host]: { username: 'other', password } } });
    const by = (password: string) => ({ dockerConfigFile: '/config.json', readFile: async () => docker(password) });
    const { it } = await restarted(by('first'));
    await it.close();
    expect(sent).toEqual([undefined]);
    const again = of.start({ afterMs: 180_000, ...by('second') });
    await of.scanned(again);
    await again.close();
    expect(sent).toEqual([undefined, '"v1"']);
  });

  test('with a clock that was set back is read again', async () => {
    await of.firstRun({ afterMs: 7_200_000 });
    sent.length = 0;
    const it = of.start();
    await of.scanned(it);
    await it.close();
    expect(sent).toEqual([undefined]);
  });

  test('is not used when its entity tag could not be sent', async () => {
    await of.firstRun();
    const key = `flux/1/scan/${registry.name}`;
    const seal = createSeal(SECRET);
    const text = Buffer.from(seal.open(key, store.entries.get(key) ?? Buffer.of()) ?? []).toString();
    store.entries.set(key, seal.seal(key, Buffer.from(text.replace('v1', 'v1\r\nx: y'))));
    sent.length = 0;
    const it = of.start({ afterMs: 90_000 });
    await of.scanned(it);
    await it.close();
    expect(sent).toEqual([undefined]);
  });
});
