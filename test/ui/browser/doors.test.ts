import { describe, expect, test } from 'vitest';
import { browserOfFile, publish } from './fixture.ts';

const open = browserOfFile();

describe('over loopback', () => {
  test('a link opens the page once, and the code leaves the address bar and the history', async () => {
    await using opened = await open({ stay: true });
    const { page } = opened;
    const link = await opened.link();
    await page.goto(link);
    await page.getByText('Nothing failed').waitFor();
    expect(page.url()).toBe(`${opened.origin}/ui/`);
    await page.reload();
    await page.getByText('Nothing failed').waitFor();

    const other = await page.context().newPage();
    await other.goto(link);
    await other.getByRole('alert').getByText('The code is not valid.').waitFor();
    await other.getByText('fluxctl ui', { exact: true }).waitFor();
  });

  test('without a link the page says how to get one, and shows nothing', async () => {
    await using opened = await open({ stay: true });
    await opened.page.goto(`${opened.origin}/ui`);
    await opened.page.getByText('Open this page from a terminal').waitFor();
    expect(await opened.page.locator('body').innerText()).not.toContain('acme');
  });

  test('who signs out has to open it again', async () => {
    await using opened = await open();
    await opened.page.getByRole('button', { name: 'Sign out' }).click();
    await opened.page.getByText('Open this page from a terminal').waitFor();
    await opened.page.reload();
    await opened.page.getByText('Open this page from a terminal').waitFor();
  });

  test.each([
    ['no loss', 0],
    ['a lost request', 1],
  ])('the token of who signs out is not valid any more, with %s', async (_, losses) => {
    await using opened = await open();
    const { page } = opened;
    const token = await page.evaluate(() => sessionStorage.getItem('flux-token'));
    let asked = 0;
    await page.route('**/ui/session', (route) => {
      asked += 1;
      return asked > losses ? route.continue() : route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Open this page from a terminal').waitFor();
    const status = async () => {
      const headers = { authorization: `Bearer ${token}`, origin: opened.origin };
      return (await fetch(`${opened.origin}/api/v1/overview`, { headers })).status;
    };
    await expect.poll(status, { timeout: 10_000 }).toBe(403);
  });

  test('a link that is not valid any more leaves the session that there is', async () => {
    await using opened = await open();
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/#code=old`);
    await page.getByText('Nothing failed').waitFor();
    await page.reload();
    await page.getByText('Nothing failed').waitFor();
  });

  test('by TLS, the page asks for a link, as no Kubernetes token is accepted there', async () => {
    await using opened = await open({ tls: 'loopback', stay: true });
    await opened.page.goto(`${opened.origin}/ui/`);
    await opened.page.getByText('Open this page from a terminal').waitFor();
  });

  test('the page works in a browser that blocks what sites keep', async () => {
    await using opened = await open({ stay: true });
    const { page } = opened;
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, {
          get: () => {
            throw new DOMException('denied', 'SecurityError');
          },
        });
    });
    await page.goto(await opened.link());
    await page.getByText('Nothing failed').waitFor();
    await page.getByLabel('Theme').selectOption('dark');
    expect(await page.getByLabel('Theme').inputValue()).toBe('dark');
    expect(opened.complaints).toEqual([]);
  });

  test('another page on the machine can neither read nor frame it', async () => {
    await using opened = await open();
    await using other = await open({ stay: true });
    await other.page.goto(`${other.origin}/healthz`);
    const read = await other.page.evaluate(
      (url) => fetch(url, { credentials: 'include' }).then((answer) => answer.text(), String),
      `${opened.origin}/api/v1/overview`,
    );
    expect(read).toContain('TypeError');
    await other.page.evaluate((url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
    }, `${opened.origin}/ui/`);
    await expect.poll(() => other.page.frames().length).toBe(2);
    const inner = other.page.frames()[1];
    expect(await inner?.locator('body').innerText()).not.toContain('Flux');
  });
});

describe('by TLS', () => {
  test('a token that ends ends the session, and the page says why', async () => {
    await using opened = await open({ tls: 'network', stay: true });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByLabel('Kubernetes token').fill('reader');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing failed').waitFor();
    const body = JSON.stringify({ status: 401, detail: 'the token is not valid', code: 'api/bad-token' });
    await page.route('**/api/v1/overview', (route) =>
      route.fulfill({ status: 401, contentType: 'application/problem+json', body }),
    );
    publish(opened.shop);
    await page.getByRole('alert').getByText('The token is not valid.').waitFor();
    await page.reload();
    await page.getByLabel('Kubernetes token').waitFor();
  });

  test('a token opens it, and the page names its user', async () => {
    await using opened = await open({ tls: 'network', stay: true });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByLabel('Kubernetes token').fill('reader');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing failed').waitFor();
    expect(await page.getByRole('banner').innerText()).toContain('reader');
    expect(await page.context().cookies()).toEqual([]);
  });

  test.each([
    ['wrong', 'The token is not valid.'],
    ['nothing', 'Nothing may not get /fluxd/api/v1/ui/session.'],
  ])('the token %s does not, and the page says why', async (token, why) => {
    await using opened = await open({ tls: 'network', stay: true });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByLabel('Kubernetes token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText(why).waitFor();
  });
});
