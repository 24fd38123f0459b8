import type { Page } from 'playwright-core';
import * as z from 'zod';
import { startChromium } from '../../test/ui/browser/chromium.ts';
import { atMost, type Case } from '../case.ts';
import { type Fluxd, startFluxd } from '../contenders/fluxd.ts';
import type { Lab } from '../lab.ts';
import { mixedManifests } from '../manifests.ts';
import { type Ground, onEmbedded } from '../on-embedded.ts';

const OBJECTS = 5_000;
const FIRST_PICTURE_MS = 1_000;
/** Chromium calls a task long from here on. */
const LONG_TASK_MS = 50;

export const page: Case = {
  name: 'page',
  title: 'The web page of 5,000 objects in Chromium: the first picture of each view, and the longest task',
  async run(lab) {
    await lab.close();
    return onEmbedded((ground) => measure(lab, ground));
  },
};

/** What a person does, and what is on the page when it is there. */
interface Step {
  readonly name: string;
  /** Whether it draws a view for the first time. */
  readonly isPicture: boolean;
  act(page: Page): Promise<unknown>;
  seen(page: Page): Promise<unknown>;
}

const card = (page: Page) => page.locator('.card').first();
const view = (name: string) => (page: Page) => page.getByRole('navigation').getByRole('link', { name }).click();
const search = (text: string) => (page: Page) => page.getByLabel('Search').fill(text);

const STEPS: readonly Step[] = [
  { name: 'topology', isPicture: true, act: view('Topology'), seen: (page) => card(page).waitFor() },
  {
    name: 'into a folder',
    isPicture: false,
    act: (page) => page.locator('.card-folder, .card').last().click(),
    seen: (page) => card(page).waitFor(),
  },
  { name: 'topology as a tree', isPicture: true, act: (page) => page.getByRole('link', { name: 'Tree' }).click(), seen: treeOf },
  { name: 'objects', isPicture: true, act: view('Objects'), seen: (page) => page.locator('.folder-name').first().waitFor() },
  {
    name: 'search in objects',
    isPicture: false,
    act: search('configmap'),
    seen: (page) => page.getByText(/^\d.* of .* objects$/).waitFor(),
  },
  {
    name: 'images',
    isPicture: true,
    act: view('Images'),
    seen: (page) => page.getByRole('heading', { name: 'Containers' }).waitFor(),
  },
  { name: 'overview', isPicture: true, act: view('Overview'), seen: (page) => page.getByRole('article').waitFor() },
];

function treeOf(page: Page): Promise<unknown> {
  return page.getByRole('treeitem').first().waitFor();
}

async function measure(lab: Lab, { server, repository }: Ground): ReturnType<Case['run']> {
  const size = lab.scaled(OBJECTS);
  await repository.commit('Everything', mixedManifests(size, 'drawn'));
  const fluxd = await startFluxd({ kubeconfig: server.kubeconfig, repository });
  const browser = await startChromium();
  try {
    lab.say('in the browser');
    const page = await browser.newPage();
    await page.addInitScript(OBSERVE_TASKS);
    // What the browser does once for its first page.
    await page.goto(`${new URL('/ui/', fluxd.url)}`);
    await longestTask(page);
    const link = await linkOf(fluxd);
    const rows: (readonly [step: Pick<Step, 'name' | 'isPicture'>, ms: number, longest: number])[] = [];
    const step = async ({ act, seen, ...named }: Step) => {
      const begin = performance.now();
      await act(page);
      await seen(page);
      rows.push([named, performance.now() - begin, await longestTask(page)]);
    };
    await step({
      name: 'the first page',
      isPicture: true,
      act: () => page.goto(link),
      seen: (page) => page.getByRole('article').waitFor(),
    });
    for (const each of STEPS) await step(each);
    const pictures = rows.filter(([{ isPicture }]) => isPicture);
    return {
      tables: [
        {
          header: [`${size} objects`, 'until it is there ms', 'longest task ms'],
          rows: rows.map(([{ name }, ms, longest]) => [name, ms.toFixed(0), longest === 0 ? 'under 50' : longest.toFixed(0)]),
        },
      ],
      notes: ['fluxd, the embedded API and Chromium share the cores; tasks are counted until a second after the view is there.'],
      bounds: [
        atMost('the first picture of each view within 1 s', Math.max(...pictures.map(([, ms]) => ms)), FIRST_PICTURE_MS, {
          unit: 'ms',
        }),
        atMost('no task over 50 ms', Math.max(...rows.map(([, , longest]) => longest)), LONG_TASK_MS, { unit: 'ms' }),
      ],
    };
  } finally {
    await browser.close();
    await fluxd.end();
  }
}

/** Runs in the page. */
const OBSERVE_TASKS = `
  globalThis.tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
`;

/** The longest task since the last question, once the page has come to rest; 0 if none is long. */
async function longestTask(page: Page): Promise<number> {
  await page.waitForTimeout(1_000);
  return z.number().parse(await page.evaluate('Math.max(0, ...tasks.splice(0))'));
}

async function linkOf({ url }: Fluxd): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/ui/codes`, { method: 'POST', headers, body: '{}' });
  const { code } = z.object({ code: z.string() }).parse(await response.json());
  return `${new URL('/ui/', url)}#code=${code}`;
}
