import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { LiveReads } from '../../../src/controller/index.ts';
import { liveReadsOf } from '../../api/live-reads.ts';
import { until } from '../../support/until.ts';
import { browserOfFile, createShop, inOrder, type Opened, type OpenOptions } from './fixture.ts';
import { violationsOn } from './violations.ts';

const open = browserOfFile();
const VIEW = '#/objects/shop%3Adeployment%2Fcart';
const LOG = `${VIEW}?pod=cart-1&container=cart`;

type Report = Awaited<ReturnType<LiveReads['pods']>>;
type Pod = Report['pods'][number];
type Container = Pod['containers'][number];
type LogQuestion = Parameters<LiveReads['logs']>[0];

const container = (parts: Partial<Container> = {}): Container => ({
  name: 'cart',
  image: 'acme/cart:1',
  type: 'main',
  ready: true,
  restarts: 0,
  now: { state: 'running' },
  requests: { cpu: 0.1, memory: 64 * 2 ** 20 },
  limits: { cpu: 1, memory: 128 * 2 ** 20 },
  usage: { cpu: 0.25, memory: 124 * 2 ** 20 },
  ...parts,
});

const pod = (name: string, ...containers: readonly Container[]): Pod => ({
  name,
  node: 'node-1',
  phase: 'Running',
  ready: true,
  ending: false,
  createdAt: Date.now() - 3_600_000,
  containers,
});

const PODS: Report = {
  pods: [
    pod(
      'cart-1',
      container({
        restarts: 3,
        last: { reason: 'OOMKilled', exitCode: 137, message: '' },
      }),
      container({ name: 'proxy', type: 'sidecar', requests: {}, limits: {}, usage: { cpu: 0.004, memory: 9_000_000 } }),
    ),
    {
      ...pod(
        'cart-2',
        container({ ready: false, now: { state: 'waiting', reason: 'ImagePullBackOff', message: 'no such tag' } }),
      ),
      ready: false,
    },
  ],
  isCut: false,
  usage: { state: 'read' },
};

/** A log that the test writes while it is read. */
function writable() {
  const lines: { readonly at: number; readonly text: string }[] = [];
  const previous = ['2030-01-01T00:00:00.000000001Z before'];
  const asked: LogQuestion[] = [];
  let wake: (() => void)[] = [];
  let cut = false;
  let clock = Date.parse('2030-01-01T00:00:00Z');
  const line = ({ at, text }: { readonly at: number; readonly text: string }) =>
    `${new Date(at).toISOString().replace('Z', '000001Z')} ${text}`;
  const change = () => {
    for (const each of wake) each();
    wake = [];
  };
  const logs: LiveReads['logs'] = async (question, { signal }) => {
    asked.push(question);
    cut = false;
    const since = question.sinceTime === undefined ? 0 : Date.parse(question.sinceTime);
    return (async function* () {
      if (question.previous) {
        yield { type: 'lines', lines: previous } as const;
        yield { type: 'end', reason: 'ended' } as const;
        return;
      }
      let at = question.tailLines === undefined ? 0 : Math.max(0, lines.length - question.tailLines);
      while (!signal.aborted) {
        const more = lines.slice(at).filter((each) => each.at >= since);
        at = lines.length;
        for (let from = 0; from < more.length; from += 500)
          yield { type: 'lines', lines: more.slice(from, from + 500).map(line) } as const;
        if (cut) throw new FluxError('API server: connection reset', { code: 'cluster/unreachable' });
        if (!question.follow) break;
        await new Promise<void>((resolve) => {
          wake.push(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      }
      yield { type: 'end', reason: 'ended' } as const;
    })();
  };
  return {
    logs,
    asked,
    write(...texts: readonly string[]) {
      for (const text of texts) {
        clock += 1;
        lines.push({ at: clock, text });
      }
      change();
    },
    breakOff() {
      cut = true;
      change();
    },
  };
}

async function look(parts: Partial<LiveReads>, fragment = VIEW, options: OpenOptions = {}): Promise<Opened> {
  const shop = createShop();
  shop.live = liveReadsOf({
    object: async () => ({ exists: true, fields: [], isCut: false, events: { state: 'read', value: [] } }),
    pods: async () => PODS,
    ...parts,
  });
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart', namespace: 'shop' } };
  shop.others = {
    manifest: async () => ({ object }),
    why: async () => inOrder('shop:deployment/cart'),
  };
  const opened = await open({ shop, ...options });
  await opened.page.goto(`${opened.origin}/ui/${fragment}`);
  return opened;
}

const logOn = (page: Page) => page.getByRole('log', { name: /^Log of/ });
const textOf = (text: string) => text.replace(/\s+/g, ' ');

test('pods are shown with the state of their containers, and what they use of what they may', async () => {
  await using opened = await look({});
  const pods = opened.page.getByRole('region', { name: 'Pods', exact: true });
  await pods.getByText('cart-1').first().waitFor();
  const text = textOf(await pods.innerText());
  expect(text).toMatch(/cart-1 Ready on node-1, made 1 hour ago/);
  expect(text).toMatch(/cart Running, 3 restarts, before that OOMKilled \(exit code 137\)/);
  expect(text).toMatch(
    /CPU 250m request 100m, limit 1 above its request Memory 124 MiB request 64 MiB, limit 128 MiB near its limit/,
  );
  expect(text).toMatch(/proxy sidecar Running .* CPU 4m no request, no limit Memory 8.58 MiB/);
  expect(text).toMatch(/cart-2 Not ready .* cart ImagePullBackOff no such tag/);
  expect(opened.complaints).toEqual([]);
});

test.each<[Report['usage'], string]>([
  [{ state: 'not-served' }, 'The cluster has no metrics-server'],
  [{ state: 'unread', reason: 'ann may not list pods.metrics.k8s.io' }, 'could not be read: Ann may not list'],
])('usage that is %j is said to be, and is not zero', async (usage, text) => {
  const { usage: _, ...unmeasured } = container();
  await using opened = await look({ pods: async () => ({ pods: [pod('cart-1', unmeasured)], isCut: false, usage }) });
  const pods = opened.page.getByRole('region', { name: 'Pods', exact: true });
  await pods.getByText(text).waitFor();
  expect(textOf(await pods.innerText())).toMatch(/CPU request 100m, limit 1 Memory request 64 MiB, limit 128 MiB/);
});

test('a missing right to pods is named, and the rest of the view is there', async () => {
  await using opened = await look({
    pods: async () => {
      throw new FluxError('ann may not list pods in namespace shop', { code: 'api/forbidden', fault: 'user' });
    },
  });
  await opened.page.getByText('Ann may not list pods in namespace shop.').waitFor();
  await opened.page.getByRole('heading', { name: 'In Git and in the cluster' }).waitFor();
});

describe('a log', () => {
  test('is opened by a link, followed, and has an address of its own', async () => {
    const log = writable();
    log.write('one', 'two');
    await using opened = await look(log);
    const { page } = opened;
    await page.getByRole('link', { name: 'Log of cart in cart-1', exact: true }).click();
    const lines = page.getByRole('log', { name: 'Log of cart in cart-1' });
    await lines.getByText('two').waitFor();
    expect(new URL(page.url()).hash).toBe(LOG);
    log.write('three');
    await lines.getByText('three').waitFor();
    expect(await lines.locator('.log-text').allTextContents()).toEqual(['one', 'two', 'three']);
    await page.reload();
    await lines.getByText('three').waitFor();
    await page.getByLabel('Container').selectOption('proxy');
    await until('the other one is read', () => log.asked.at(-1)?.container === 'proxy');
    await page.getByRole('link', { name: 'Close' }).click();
    await lines.waitFor({ state: 'detached' });
    expect(new URL(page.url()).hash).toBe(VIEW);
    expect(opened.complaints).toEqual([]);
  });

  test('of which the reading breaks off goes on, with no line twice and none lost', async () => {
    const log = writable();
    log.write('one', 'again', 'again');
    await using opened = await look(log, LOG);
    const { page } = opened;
    const lines = logOn(page);
    await lines.getByText('one').waitFor();
    log.breakOff();
    await page.getByText('API server: connection reset. Not live').waitFor();
    log.write('again', 'last');
    await lines.getByText('last').waitFor();
    expect(await lines.locator('.log-text').allTextContents()).toEqual(['one', 'again', 'again', 'again', 'last']);
    expect(log.asked.at(-1)?.sinceTime).toBe('2029-12-31T23:59:59Z');
    await page.getByText('Live.', { exact: true }).waitFor();
  });

  test('before the last restart is another one, and is not followed', async () => {
    const log = writable();
    log.write('after');
    await using opened = await look(log, LOG);
    const { page } = opened;
    await logOn(page).getByText('after').waitFor();
    await page.getByLabel('Before the last restart').check();
    await logOn(page).getByText('before').waitFor();
    await page.getByText('This is the end of the log.').waitFor();
    expect(new URL(page.url()).hash).toBe(`${LOG}&previous=true`);
    expect(await page.getByLabel('Follow').count()).toBe(0);
  });

  test('is filtered by text, which is marked', async () => {
    const log = writable();
    log.write('GET /a', 'POST /b', 'get /<b>c</b>');
    await using opened = await look(log, LOG);
    const { page } = opened;
    const lines = logOn(page);
    await lines.getByText('POST').waitFor();
    await page.getByLabel('Filter').fill('GET');
    await lines.getByText('POST').waitFor({ state: 'detached' });
    expect(await lines.locator('.log-text').allTextContents()).toEqual(['GET /a', 'get /<b>c</b>']);
    expect(await lines.locator('mark').allTextContents()).toEqual(['GET', 'get']);
    log.write('gets', 'puts');
    await lines.getByText('gets').waitFor();
    await page.getByLabel('Filter').fill('nothing like it');
    await lines.getByText('No line has this text.').waitFor();
  });

  test('stands still while a person reads above its end, and goes on at its end', async () => {
    const log = writable();
    log.write(...Array.from({ length: 300 }, (_, index) => `line ${index}`));
    await using opened = await look(log, LOG);
    const { page } = opened;
    const lines = logOn(page);
    await lines.getByText('line 299').waitFor();
    // Of many lines the last ones are drawn first.
    await lines.getByText('line 0', { exact: true }).waitFor();
    await until('the end is in sight', () =>
      lines.evaluate((each) => each.scrollHeight - each.scrollTop - each.clientHeight < 30),
    );
    await lines.focus();
    await page.keyboard.press('Home');
    // Chromium scrolls there smoothly.
    await until('its beginning is in sight', () => lines.evaluate((each) => each.scrollTop === 0));
    await page.getByText('paused while you read').waitFor();
    log.write('much later');
    await page.getByRole('button', { name: 'Go to the newest line (1 new line)' }).waitFor();
    expect(await lines.getByText('much later').count()).toBe(0);
    await page.getByRole('button', { name: /Go to the newest line/ }).press('Enter');
    await lines.getByText('much later').waitFor();
    await page.getByText('Live.', { exact: true }).waitFor();
  });

  test('is saved as a file', async () => {
    const log = writable();
    log.write('one', '<b>two</b>');
    await using opened = await look(log, LOG);
    const { page } = opened;
    await logOn(page).getByText('one').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(download.suggestedFilename()).toBe('cart-1-cart.log');
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^2030\S+ one\n2030\S+ <b>two<\/b>\n$/);
    await page.getByText('Saved the whole log, 2 lines.').waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test('of which lines come by thousands keeps the page quick, and draws the last', async () => {
    const log = writable();
    await using opened = await look(log, LOG);
    const { page } = opened;
    await page.getByText('Nothing has been written.').waitFor();
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask',
      });
    });
    for (let batch = 0; batch < 8; batch += 1)
      log.write(...Array.from({ length: 1_000 }, (_, index) => `batch ${batch} line ${index} ${'x'.repeat(100)}`));
    await logOn(page).getByText('batch 7 line 999').waitFor();
    expect(await page.locator('.log-line').count()).toBeLessThanOrEqual(1_000);
    await page.getByText('Earlier lines are not drawn.').waitFor();
    // None is over 50 ms at 10,000 such lines a second on two cores; here, that they are bounded at all.
    const tasks = await page.evaluate(() => (globalThis as typeof globalThis & { tasks: number[] }).tasks);
    expect(tasks.filter((duration) => duration > 500)).toEqual([]);
  });

  test.each<[string, string]>([
    ['live/no-pod', 'Shop:deployment/cart has no pod.'],
    ['api/forbidden', 'Ann may not.'],
  ])('that may not be read because of %s says so', async (code, text) => {
    const message = text.charAt(0).toLowerCase() + text.slice(1, -1);
    await using opened = await look(
      {
        logs: async () => {
          throw new FluxError(message, { code, fault: code === 'live/no-pod' ? 'missing' : 'user' });
        },
      },
      LOG,
    );
    await opened.page.getByText(new RegExp(text, 'i')).waitFor();
  });

  const HOSTILE = [
    '<img src=x onerror="hit=1">',
    '</div><script>hit=1</script>',
    '\u202egnihton',
    '__proto__',
    'x'.repeat(5_000),
    ' \t ',
  ];

  test('with hostile text runs nothing, and breaks no layout', async () => {
    const log = writable();
    log.write(...HOSTILE);
    await using opened = await look(
      {
        ...log,
        pods: async () => ({
          pods: [
            ...PODS.pods,
            ...HOSTILE.map((text) =>
              pod(text, container({ name: text, image: text, now: { state: 'waiting', reason: text, message: text } })),
            ),
          ],
          isCut: true,
          usage: { state: 'unread', reason: HOSTILE[0] ?? '' },
        }),
      },
      LOG,
      { context: { viewport: { width: 360, height: 800 } } },
    );
    const { page } = opened;
    await logOn(page).getByText('__proto__').waitFor();
    await page.getByLabel('Filter').fill('<script>');
    await logOn(page).locator('mark').waitFor();
    expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
    expect(await page.evaluate(() => document.querySelectorAll('main :is(script, img)').length)).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(opened.complaints).toEqual([]);
  });
});

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([360, 768, 1280, 2560])('at %d px nothing is cut off, and axe finds nothing', async (width) => {
    const log = writable();
    log.write('GET /cart 200', 'POST /cart 500 the payment service does not answer', 'GET /cart 200');
    await using opened = await look(log, LOG, { context: { viewport: { width, height: 900 }, colorScheme, bypassCSP: true } });
    const { page } = opened;
    await page.getByLabel('Filter').fill('post');
    await logOn(page).locator('mark').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(await violationsOn(page)).toEqual([]);
  });
});
