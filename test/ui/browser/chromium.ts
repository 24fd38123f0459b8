import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium. Root may not use its sandbox; the pages that it shows are our own. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.TEST_BROWSER ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}
