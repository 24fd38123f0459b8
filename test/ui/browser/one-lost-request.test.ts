import type { Route } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { browserOfFile } from './fixture.ts';

const open = browserOfFile();

/** What the page asks for while it opens. */
const REQUESTS = ['**/ui/sessions', '**/api/v1/overview', '**/api/v1/events'];

/** How a request may be lost before the daemon has it. */
const LOSSES: Readonly<Record<string, (route: Route) => Promise<void>>> = {
  'no connection': (route) => route.abort('connectionrefused'),
  'a connection that breaks': (route) => route.abort('connectionreset'),
  'a proxy that has no daemon': (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }),
  'a proxy that says 200 to everything': (route) =>
    route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign in</h1>' }),
  'a daemon that is busy': (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: '{"status":503,"detail":"busy","code":"api/busy"}',
    }),
  'an answer that is cut': (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"sources":[' }),
};

describe.each(REQUESTS)('a lost request for %s', (url) => {
  test.each(Object.entries(LOSSES))('by %s', async (_, lose) => {
    await using opened = await open({ stay: true });
    const { page } = opened;
    let lost = 0;
    await page.route(url, (route) => {
      lost += 1;
      return lost === 1 ? lose(route) : route.continue();
    });
    await page.goto(await opened.link());
    await expect.poll(() => lost, { timeout: 15_000 }).toBeGreaterThan(0);
    // Without help: a code that was not used is sent again.
    await page.getByText('Nothing failed').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });
});

test('a code whose answer was lost is used, and the page says how to go on', async () => {
  await using opened = await open({ stay: true });
  const { page } = opened;
  let lost = 0;
  await page.route('**/ui/sessions', async (route) => {
    lost += 1;
    if (lost > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await page.goto(await opened.link());
  await page.getByRole('alert').getByText('The code is not valid.').waitFor();
  await page.goto(await opened.link());
  await page.getByText('Nothing failed').waitFor();
});
