import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { createApiServer, type HttpListener, readAssets } from '../../../src/api/index.ts';
import type { Oidc } from '../../../src/api/oidc/index.ts';
import { openPageProxy } from '../../../src/api/proxy/index.ts';
import { FluxError, silentLogger, systemClock } from '../../../src/base/index.ts';
import { type Daemon, EventLog, type LiveReads, objectKey } from '../../../src/controller/index.ts';
import { buildUi } from '../../../tools/build-ui.mjs';
import { daemonOf } from '../../api/daemon-fixture.ts';
import { reviewByRbac } from '../../api/rbac.ts';
import { certificateFiles } from '../../support/certificate-files.ts';
import { startChromium } from './chromium.ts';

export const REVISION = '3f7ab571aa00bb11cc22dd33ee44ff5566778899';

type Objects = ReturnType<Daemon['objects']>;
export type ObjectEntry = Objects['objects'][number];

/** The state of a daemon that the test may change while the page shows it. */
export interface Shop {
  objects: readonly ObjectEntry[];
  others: Partial<Daemon>;
  /** Read by `fluxctl ui`, or by TLS; absent where nothing reads the cluster. */
  live?: LiveReads;
  readonly events: EventLog;
}

export const failed = (id: string, message: string, help = 'Correct the file.'): ObjectEntry => ({
  id,
  state: 'failed',
  since: Date.now() - 300_000,
  place: { file: 'shop/cart.yaml', document: 0, line: 1 },
  error: new FluxError(message, { code: 'cluster/denied', fault: 'user', help }),
});

const synced = (id: string): ObjectEntry => ({ id, state: 'synced', since: 0, place: { file: 'a.yaml', document: 0, line: 1 } });

export function createShop(): Shop {
  return { objects: [synced('shop:deployment/cart'), synced('shop:service/cart')], others: {}, events: new EventLog() };
}

/** Why a workload is as it is, of which there is nothing to say. */
export const inOrder = (id: string): Awaited<ReturnType<Daemon['why']>> => ({
  id,
  answer: 'it runs as in Git',
  state: 'ok',
  cause: 'ok',
  links: [{ kind: 'policies', state: 'ok', code: 'ok', text: 'not automated', facts: [] }],
  tags: [],
  others: [],
});

/** Something that the page hears of through its stream. */
export function publish({ events }: Shop): void {
  const metadata = { revision: REVISION, corrections: [{ id: 'shop:deployment/cart', reason: 'changed' }] };
  events.add({ type: 'drift_corrected', objects: ['shop:deployment/cart'], startedAt: 0, endedAt: 1, metadata });
}

function daemonFor(shop: Shop): Daemon {
  const parts = (): Partial<Daemon> => ({
    gitConfig: async () => ({
      url: 'git@github.com:acme/shop',
      branch: 'main',
      paths: [],
      state: { status: 'ready', url: 'git@github.com:acme/shop' } as never,
      publicKey: '',
    }),
    syncedCommit: async () => ({
      revision: REVISION,
      subject: 'Release cart 1.4.0',
      author: { name: 'Jane Doe', email: 'jane@example.org' },
      committedAt: Date.now() - 240_000,
      trailers: [],
      ours: false,
    }),
    events: shop.events,
    objects: () => ({
      follows: [{ name: 'main' }],
      revision: REVISION,
      syncedAt: Date.now() - 60_000,
      objects: shop.objects.toSorted((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1)),
    }),
    ...shop.others,
  });
  return new Proxy(daemonOf(), {
    get: (target, name) => (name === 'of' ? () => daemonFor(shop) : Reflect.get({ ...target, ...parts() }, name)),
  });
}

export interface Opened extends AsyncDisposable {
  readonly page: Page;
  readonly shop: Shop;
  /** What a page must never do: errors, and violations of its policy. */
  readonly complaints: readonly string[];
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  link(): Promise<string>;
  /** As a fluxd that ends, and one that starts in its place. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface OpenOptions {
  readonly shop?: Shop;
  readonly context?: BrowserContextOptions;
  /** By TLS, from there. */
  readonly tls?: 'network' | 'loopback';
  /** Leaves it to the test to go anywhere. */
  readonly stay?: true;
  readonly may?: 'read-only' | 'full';
  /** Where users may sign in by TLS. */
  readonly oidc?: Oidc;
}

/** A browser for the tests of a file, and pages in it beside an API of their own. */
export function browserOfFile() {
  let browser: Browser;
  const directory = mkdtempSync(join(tmpdir(), 'flux-ui-'));
  beforeAll(async () => {
    [browser] = await Promise.all([startChromium(), buildUi(directory)]);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(directory, { recursive: true });
  });

  return async function open({
    shop = createShop(),
    context = {},
    tls,
    stay,
    may = 'read-only',
    oidc,
  }: OpenOptions = {}): Promise<Opened> {
    using cleanup = new DisposableStack();
    const files = tls && cleanup.use(certificateFiles());
    files?.renew();
    const assets = await readAssets(directory);
    let server: HttpListener;
    let port = 0;
    const start = async () => {
      server = createApiServer({
        daemon: daemonFor(shop),
        log: silentLogger(),
        ui: { assets, may },
        ...(files
          ? { tls: { ...files, review: reviewByRbac, ...(shop.live ? { live: shop.live } : {}), ...(oidc ? { oidc } : {}) } }
          : {}),
        ...(tls === 'network' ? { localAddressOf: () => '10.1.2.3' } : {}),
      });
      ({ port } = await server.listen({ host: '127.0.0.1', port }));
    };
    await start();
    const upstream = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    const proxy = shop.live && !tls ? await openPageProxy({ upstream, reads: shop.live, clock: systemClock }) : undefined;
    const origin = proxy?.url ?? upstream;
    const link = async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${origin}/api/v1/ui/codes`, { method: 'POST', headers, body: '{}' });
      return `${origin}/ui/#code=${((await response.json()) as { code: string }).code}`;
    };
    const tab = await browser.newContext({ ignoreHTTPSErrors: true, ...context });
    const page = await tab.newPage();
    page.setDefaultTimeout(15_000);
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
    });
    const done = cleanup.move();
    if (!stay) {
      await page.goto(await link());
      await page.getByRole('heading', { name: /^Sources?$/ }).waitFor();
    }
    return {
      page,
      shop,
      complaints,
      origin,
      link,
      start,
      stop: () => server.close(),
      async [Symbol.asyncDispose]() {
        await tab.close();
        proxy?.close();
        await server.close();
        done[Symbol.dispose]();
      },
    };
  };
}
