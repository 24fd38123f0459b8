import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { browserOfFile } from './fixture.ts';
import { startIdentityProvider } from './identity-provider.ts';
import { startPathProxy } from './path-proxy.ts';

const open = browserOfFile();

async function start() {
  const provider = await startIdentityProvider();
  const opened = await open({ tls: 'network', stay: true, oidc: provider.oidc });
  await provider.serve(opened.origin);
  await opened.page.goto(`${opened.origin}/ui/#/objects?state=synced`);
  return {
    provider,
    opened,
    page: opened.page,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

const toProvider = (page: Page) => page.getByRole('button', { name: /^Sign in at localhost:/ }).click();

/** The pages of the provider: who it is, and that they agree. */
async function identify(page: Page, name = 'jane'): Promise<void> {
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('a user signs in at the provider, comes back to the same view, and signs out (S-073)', async () => {
  await using it = await start();
  const { page, opened } = it;
  await toProvider(page);
  const asked = new URL(await page.waitForURL(/^https:\/\/localhost/).then(() => page.url()));
  expect(asked.origin).toBe(it.provider.issuer);
  await identify(page);
  await page.getByRole('banner').getByText('oidc:jane').waitFor();
  expect(page.url()).toBe(`${opened.origin}/ui/#/objects?state=synced`);
  expect(await page.context().cookies(opened.origin)).toEqual([]);
  await page.reload();
  await page.getByRole('banner').getByText('oidc:jane').waitFor();
  const token = await page.evaluate(() => sessionStorage.getItem('flux-token'));
  const kept = await page.evaluate(() => sessionStorage.getItem('flux-sign-in'));
  expect({ isOurs: token?.startsWith('flux-session.'), kept }).toEqual({ isOurs: true, kept: null });

  const ended = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await page.getByRole('button', { name: 'Sign out' }).click();
  expect((await ended).status()).toBe(204);
  await page.getByLabel('Kubernetes token').fill(token ?? '');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').getByText('The session is over.').waitFor();
  expect(opened.complaints).toEqual([]);
});

test('the way back may lose a request', async () => {
  await using it = await start();
  let asked = 0;
  await it.page.route('**/ui/oidc/sessions', (route) => {
    asked += 1;
    return asked > 1 ? route.continue() : route.abort('connectionreset');
  });
  await toProvider(it.page);
  await identify(it.page);
  await it.page.getByRole('banner').getByText('oidc:jane').waitFor();
  expect(asked).toBe(2);
});

test('where the answer is lost, the user signs in again', async () => {
  await using it = await start();
  let asked = 0;
  await it.page.route('**/ui/oidc/sessions', async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await toProvider(it.page);
  await identify(it.page);
  await it.page.getByRole('alert').getByText('invalid_grant').waitFor();
  // The provider takes back what was granted with a code that is used twice (RFC 6749, section 4.1.2).
  await toProvider(it.page);
  await it.page.getByRole('button', { name: 'Continue' }).click();
  await it.page.getByRole('banner').getByText('oidc:jane').waitFor();
});

test('a provider with new keys signs users in', async () => {
  await using it = await start();
  await toProvider(it.page);
  await identify(it.page);
  await it.page.getByRole('banner').getByText('oidc:jane').waitFor();
  await it.page.getByRole('button', { name: 'Sign out' }).click();
  it.provider.pass(10_000);
  await it.provider.serve(it.opened.origin);
  await toProvider(it.page);
  await identify(it.page, 'joe');
  await it.page.getByRole('banner').getByText('oidc:joe').waitFor();
});

test('a user signs in where a proxy serves the page below a path of its own', async () => {
  await using provider = await startIdentityProvider();
  await using opened = await open({ tls: 'network', stay: true, oidc: provider.oidc });
  await using proxy = await startPathProxy('/flux', opened.origin);
  const { page } = opened;
  await provider.serve(proxy.origin, '/flux/ui/');
  await page.goto(`${proxy.origin}/flux/ui/#/objects?state=synced`);
  await toProvider(page);
  await identify(page);
  await page.getByRole('banner').getByText('oidc:jane').waitFor();
  expect(page.url()).toBe(`${proxy.origin}/flux/ui/#/objects?state=synced`);
  await page.getByText('2 objects', { exact: true }).waitFor();
  // The worker of the graph is a file of the page as well.
  await page.getByRole('link', { name: 'Topology' }).click();
  await page.locator('.card').first().waitFor();
  await page.reload();
  await page.getByRole('banner').getByText('oidc:jane').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: /^Sign in at localhost:/ }).waitFor();
  expect(proxy.strays).toEqual([]);
  expect(opened.complaints).toEqual([]);
});

describe('the page says why no one is signed in', () => {
  test('where the user changes their mind', async () => {
    await using it = await start();
    await toProvider(it.page);
    await it.page.getByText('[ Cancel ]').click();
    await it.page.getByRole('alert').getByText('The provider refused the sign-in: access_denied.').waitFor();
    expect(it.page.url()).toBe(`${it.opened.origin}/ui/#/objects?state=synced`);
  });

  test.each([
    ['of another site', '?code=evil&state=evil'],
    ['without a state', '?code=evil'],
    ['with words of its own', '?error=Call%20555-1234&state=evil'],
  ])('where a link %s leads to it: nothing is exchanged', async (_, query) => {
    await using it = await start();
    let asked = 0;
    await it.page.route('**/ui/oidc/sessions', (route) => {
      asked += 1;
      return route.continue();
    });
    await it.page.goto(`${it.opened.origin}/ui/${query}`);
    await it.page.getByRole('alert').getByText('belongs to no sign-in of this tab').waitFor();
    expect({ asked, url: it.page.url() }).toEqual({ asked: 0, url: `${it.opened.origin}/ui/` });
    expect(await it.page.locator('body').innerText()).not.toContain('555');
  });

  test('where an answer is used again, in another tab or after going back', async () => {
    await using it = await start();
    const answers: string[] = [];
    it.page.on('request', (request) => {
      if (/\/ui\/\?code=/.test(request.url())) answers.push(request.url());
    });
    await toProvider(it.page);
    await identify(it.page);
    await it.page.getByRole('banner').getByText('oidc:jane').waitFor();
    const other = await it.page.context().newPage();
    await other.goto(answers[0] ?? '');
    await other.getByRole('alert').getByText('belongs to no sign-in of this tab').waitFor();
    // The session that there is goes on.
    await it.page.goto(answers[0] ?? '');
    await it.page.getByRole('banner').getByText('oidc:jane').waitFor();
  });

  test('where the provider is down', async () => {
    const provider = await startIdentityProvider();
    await using opened = await open({ tls: 'network', stay: true, oidc: provider.oidc });
    await opened.page.goto(`${opened.origin}/ui/`);
    await toProvider(opened.page);
    await opened.page.getByRole('alert').getByText('Cannot read the OpenID Connect provider').waitFor();
    await opened.page.getByLabel('Kubernetes token').fill('reader');
    await opened.page.keyboard.press('Enter');
    await opened.page.getByText('Nothing failed').waitFor();
    await provider[Symbol.asyncDispose]();
  });
});
