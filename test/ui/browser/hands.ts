import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

/** How a person uses the page. */
export interface Hands {
  /** Opens a link, or presses a button. */
  use(target: Locator): Promise<void>;
  write(field: Locator, text: string): Promise<void>;
  /** Chooses an entry of a list by its words. */
  choose(list: Locator, entry: string): Promise<void>;
  /** Opens one of several links that are a single stop of the tabulator. */
  walk(links: Locator, target: Locator): Promise<void>;
}

/** Clicks where the target is once it has come to rest, and types only into what it clicked. */
export function byMouse(page: Page): Hands {
  return {
    use: (target) => target.click(),
    async write(field, text) {
      await field.click();
      await page.keyboard.type(text);
    },
    // The list itself is drawn by the system, out of reach of a test.
    choose: async (list, entry) => void (await list.selectOption({ label: entry })),
    walk: (_, target) => target.click(),
  };
}

/** Stops of the tabulator after which a target counts as out of reach. */
const MAX_STOPS = 120;

/** Goes by the tabulator alone, and sees where it is. */
export function byKeyboard(page: Page): Hands {
  const hasFocus = (target: Locator) => target.evaluate((element) => element === document.activeElement);
  const reach = async (target: Locator) => {
    await target.waitFor();
    for (let stops = 0; stops < MAX_STOPS; stops += 1) {
      if (await hasFocus(target)) {
        const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
        expect(outline, 'the focus can be seen').not.toBe('none');
        return;
      }
      await page.keyboard.press('Tab');
    }
    throw new Error(`not reached after ${MAX_STOPS} stops: ${target}`);
  };
  return {
    async use(target) {
      await reach(target);
      await page.keyboard.press('Enter');
    },
    async write(field, text) {
      await reach(field);
      await page.keyboard.type(text);
    },
    async choose(list, entry) {
      await reach(list);
      await page.keyboard.type(entry);
    },
    async walk(links, target) {
      await reach(links.and(page.locator('[tabindex="0"]')));
      for (let steps = 0; !(await hasFocus(target)); steps += 1) {
        if (steps === MAX_STOPS) throw new Error(`not reached by arrows: ${target}`);
        await page.keyboard.press('ArrowRight');
      }
      await page.keyboard.press('Enter');
    },
  };
}
