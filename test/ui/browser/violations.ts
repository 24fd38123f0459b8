import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

declare const axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds in the document. */
export async function violationsOn(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: AXE });
  return page.evaluate(async () => {
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}
