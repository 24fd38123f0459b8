import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { SyncReport } from '../../../src/controller/index.ts';
import { browserOfFile, createShop, REVISION } from './fixture.ts';
import { LOSSES } from './losses.ts';

const open = browserOfFile();

const report = (others: Partial<SyncReport> = {}): SyncReport => ({
  id: 's-1',
  state: 'done',
  revision: REVISION,
  counts: { unchanged: 2 },
  changes: [],
  errors: [],
  warnings: [],
  ...others,
});

/** A daemon that remembers what it was asked for. */
function shopOfActs() {
  const shop = createShop();
  const acts: unknown[] = [];
  const automation = (by?: object) =>
    [{ source: 'default', memory: { in: 'cluster' }, ...(by ? { suspension: by } : {}) }] as never;
  let held = true;
  shop.others = {
    startSync: () => {
      acts.push('sync');
      return report({ state: 'running' });
    },
    sync: () => report(),
    suspendAutomation: async (who) => {
      acts.push(['suspend', who]);
      return automation({ ...who, since: 0 });
    },
    heldDeletions: () =>
      held ? { hash: '0123456789abcdef', deletions: [{ id: 'shop:configmap/old', reason: 'too many' }] } : { deletions: [] },
    approveDeletions: (hash) => {
      acts.push(['approve', hash]);
      held = false;
      return report({ state: 'running' });
    },
    update: async (spec) => {
      acts.push(spec);
      return 'job-1';
    },
    job: async () => ({ state: 'succeeded', error: '', revision: REVISION }),
    why: async () => ({
      answer: 'nothing is wrong',
      state: 'ok',
      cause: 'ok',
      id: 'shop:deployment/cart',
      links: [
        { kind: 'policies', state: 'ok', code: 'ok', text: 'automated', facts: [{ name: 'automated', value: 'true' }] },
        { kind: 'decision', container: 'cart', state: 'ok', code: 'newest', text: 'the newest', facts: [] },
      ],
      tags: [],
      others: [],
    }),
  };
  return { shop, acts };
}

const dialog = (page: Page) => page.getByRole('dialog');

describe('with --ui=full', () => {
  test('a sync is asked for after a word of warning, by mouse', async () => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.getByRole('button', { name: 'Sync now' }).click();
    expect(await dialog(page).innerText()).toContain('puts back what differs in the cluster');
    expect(acts).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Sync now' }).click();
    await dialog(page).getByText('Nothing had to be changed. 3f7ab57').waitFor();
    expect(acts).toEqual(['sync']);
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    expect(opened.complaints).toEqual([]);
  });

  test('automation is suspended by keyboard alone, with a name that is marked', async () => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.getByRole('button', { name: 'Suspend automation' }).press('Enter');
    await dialog(page).getByLabel('Your name').press('J');
    await page.keyboard.type('ane');
    await page.keyboard.press('Tab');
    await page.keyboard.type('a fire');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('Automation is suspended.').waitFor();
    expect(acts).toEqual([['suspend', { user: 'Jane (unverified)', message: 'a fire' }]]);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
  });

  test('a policy is committed, and the commit is named', async () => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Deautomate' }).click();
    await dialog(page).getByRole('button', { name: 'Deautomate' }).click();
    await dialog(page).getByText('It is committed. 3f7ab57').waitFor();
    expect(acts).toMatchObject([
      { type: 'policy', cause: { User: '', Message: '' }, spec: { 'shop:deployment/cart': { remove: { automated: 'true' } } } },
    ]);
  });

  test('held deletions are approved, and the outcome outlasts their list', async () => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#/deletions`);
    await page.getByRole('button', { name: 'Delete 1 object' }).click();
    expect(await dialog(page).innerText()).toContain('This cannot be undone.');
    await dialog(page).getByRole('button', { name: 'Delete 1 object' }).click();
    await dialog(page).getByText('Nothing had to be changed.').waitFor();
    expect(acts).toEqual([['approve', '0123456789abcdef']]);
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await page.reload();
    await page.getByText('No deletion is held.').waitFor();
  });

  test('what fluxd refuses is said in its words', async () => {
    const { shop } = shopOfActs();
    const error = new FluxError('the queue of jobs is full', { code: 'job/queue-full', fault: 'user' });
    shop.others = { ...shop.others, update: () => Promise.reject(error) };
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByText('The queue of jobs is full.').waitFor();
  });
});

describe('a change that is carried out', () => {
  /** A job that ends when it is told to. */
  function slowShop() {
    const { shop, acts } = shopOfActs();
    let isOver = false;
    shop.others = {
      ...shop.others,
      job: async () => (isOver ? { state: 'succeeded', error: '', revision: REVISION } : { state: 'running', error: '' }),
    };
    const end = () => {
      isOver = true;
    };
    return { shop, acts, end };
  }

  const lock = async (page: Page, origin: string) => {
    await page.goto(`${origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByText('fluxd is at it…').waitFor();
  };

  test('comes back with its outcome when it was closed meanwhile', async () => {
    const { shop, acts, end } = slowShop();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await lock(page, opened.origin);
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'detached' });
    // Another change waits for its end.
    await page.getByRole('button', { name: 'Deautomate' }).click();
    await dialog(page).getByText('fluxd is at it…').waitFor();
    await page.keyboard.press('Escape');
    end();
    await dialog(page).getByText('It is committed.').waitFor();
    expect(acts).toHaveLength(1);
  });

  test('has its outcome shown once after a new sign-in, and is not begun again', async () => {
    const { shop, acts, end } = slowShop();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await lock(page, opened.origin);
    // As when the session ended at fluxd.
    await opened.stop();
    await opened.start();
    await page.getByText('Open this page from a terminal').waitFor();
    end();
    const link = await opened.link();
    await page.evaluate((code) => {
      location.hash = code;
    }, new URL(link).hash);
    await page.getByRole('heading', { name: /^Sources?$/ }).waitFor();
    await dialog(page).getByText('The answer of fluxd was lost, so it may have been done.').waitFor();
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    expect(acts).toHaveLength(1);
  });

  test('that was only considered ends with the session', async () => {
    const { shop } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await opened.stop();
    await opened.start();
    await page.getByText('Open this page from a terminal').waitFor();
    expect(await dialog(page).count()).toBe(0);
    const link = await opened.link();
    await page.evaluate((code) => {
      location.hash = code;
    }, new URL(link).hash);
    await page.getByRole('heading', { name: /^Sources?$/ }).waitFor();
    expect(await dialog(page).count()).toBe(0);
  });
});

test('an error of a proxy does not say that nothing was done', async () => {
  const { shop } = shopOfActs();
  await using opened = await open({ shop, may: 'full' });
  const { page } = opened;
  await page.route('**/api/flux/v9/update-manifests', (route) =>
    route.fulfill({ status: 504, contentType: 'application/json', body: '{"error":"upstream timed out"}' }),
  );
  await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
  await page.getByRole('button', { name: 'Lock' }).click();
  await dialog(page).getByRole('button', { name: 'Lock' }).click();
  await dialog(page).getByText('The answer of fluxd was lost, so it may have been done.').waitFor();
});

test('a page that may only read has no such buttons', async () => {
  const { shop } = shopOfActs();
  await using opened = await open({ shop });
  const { page } = opened;
  expect(await page.getByRole('button', { name: 'Sync now' }).count()).toBe(0);
  await page.goto(`${opened.origin}/ui/#/deletions`);
  await page.getByText('fluxctl gc approve').waitFor();
  expect(await page.getByRole('button', { name: /^Delete/ }).count()).toBe(0);
});

describe.each(Object.entries(LOSSES))('a request that is lost %s', (_, lose) => {
  test('is not sent again, and the page says what that means', async () => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    let sent = 0;
    await page.route('**/api/flux/v9/update-manifests', (route) => {
      sent += 1;
      return lose(route);
    });
    await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByText('The answer of fluxd was lost, so it may have been done.').waitFor();
    expect([sent, acts.length <= 1]).toEqual([1, true]);
  });

  test.each(['**/api/flux/v6/jobs*'])('while a change is followed (%s) does not matter', async (url) => {
    const { shop, acts } = shopOfActs();
    await using opened = await open({ shop, may: 'full' });
    const { page } = opened;
    let sent = 0;
    await page.route(url, (route) => {
      sent += 1;
      return sent === 1 ? lose(route) : route.continue();
    });
    await page.goto(`${opened.origin}/ui/#/objects/shop%3Adeployment%2Fcart`);
    await page.getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByRole('button', { name: 'Lock' }).click();
    await dialog(page).getByText('It is committed.').waitFor();
    expect(acts).toHaveLength(1);
  });
});
