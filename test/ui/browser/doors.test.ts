import { describe, expect, test } from 'vitest';
import { browserOfFile } from './fixture.ts';

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
  test('a token opens it, and the page names its user', async () => {
    await using opened = await open({ tls: true, stay: true });
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
    await using opened = await open({ tls: true, stay: true });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByLabel('Kubernetes token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText(why).waitFor();
  });
});
