import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { browserOfFile, createShop, failed } from './fixture.ts';

const open = browserOfFile();
/** What axe finds in the document. */
async function violationsOn(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

declare const axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

function troubledShop() {
  const shop = createShop();
  const objects = [
    failed(`shop:deployment/${'long-name-'.repeat(6)}`, `denied: ${'x'.repeat(300)}`),
    ...Array.from({ length: 12 }, (_, index) =>
      failed(`shop:configmap/c-${index}`, `reason ${index} of some length, so that it wraps`),
    ),
  ];
  shop.objects = [...objects, { id: 'shop:configmap/old', state: 'held', since: 0, reason: 'too many deletions' }];
  return shop;
}

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([360, 768, 1280, 2560])('at %d px nothing is cut off, and axe finds nothing', async (width) => {
    await using opened = await open({
      shop: troubledShop(),
      context: { viewport: { width, height: 800 }, colorScheme, bypassCSP: true },
    });
    const { page } = opened;
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    const clipped = await page.evaluate(() =>
      [...document.querySelectorAll('main *')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow !== 'visible')
        .filter((element) => !element.classList.contains('unseen'))
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(clipped).toEqual([]);
    expect(await violationsOn(page)).toEqual([]);
  });
});

test('the doors have no violations either', async () => {
  for (const tls of [undefined, true] as const) {
    await using opened = await open({ stay: true, context: { bypassCSP: true }, ...(tls ? { tls } : {}) });
    const { page } = opened;
    await page.goto(`${opened.origin}/ui/`);
    await page.getByRole('heading', { name: 'Flux' }).waitFor();
    expect(await violationsOn(page)).toEqual([]);
  }
});

test('everything can be reached by keyboard, in the order in which it stands', async () => {
  await using opened = await open();
  const { page } = opened;
  const reached: (string | null)[] = [];
  for (let index = 0; index < 3; index += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.tagName ?? null));
  }
  expect(reached).toEqual(['A', 'SELECT', 'BUTTON']);
  await page.keyboard.press('Enter');
  await page.getByText('Open this page from a terminal').waitFor();
});
