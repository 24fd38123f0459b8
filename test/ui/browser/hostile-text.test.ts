import { expect, test } from 'vitest';
import { browserOfFile, createShop, failed } from './fixture.ts';

const open = browserOfFile();

const MARKS = [
  '<script>parent.hit=1;hit=1</script>',
  '<img src=x onerror="hit=1">',
  '"><svg onload=hit=1>',
  "'-hit=1-'",
  '<iframe srcdoc="<script>parent.hit=1</script>">',
  '<a href="javascript:hit=1">x</a>',
  '{{constructor.constructor("hit=1")()}}',
  '</title><script>hit=1</script>',
  '<style>*{display:none}</style>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '\u202egnihton\u202c',
  '\u0000\u001b[31m',
  '__proto__',
  'constructor',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=hit=1>',
  'data:text/html,<script>hit=1</script>',
  '\ud800',
  'x'.repeat(5_000),
  '\n\n\n\t',
];
/** Each mark in ten surroundings. */
const SURROUNDINGS = ['@', 'a @', '@ b', '"@"', "'@'", '<@>', '&lt;@', '@\n@', '[@](@)', '`@`'];
const HOSTILE = MARKS.flatMap((mark) => SURROUNDINGS.map((around) => around.replaceAll('@', () => mark)));

test('200 hostile strings run nothing, load nothing, and break no layout', async () => {
  expect(HOSTILE.length).toBe(200);
  const loaded: string[] = [];
  for (let at = 0; at < HOSTILE.length; at += 50) {
    const shop = createShop();
    const texts = HOSTILE.slice(at, at + 50);
    shop.objects = texts.map((text, index) => failed(`shop:configmap/${index}-${text}`, text, text));
    shop.others = {
      gitConfig: async () => ({ url: texts[0] ?? '', branch: '', paths: [], state: { status: 'ready' } as never, publicKey: '' }),
      syncedCommit: async () => ({
        revision: 'r',
        subject: texts.join(' '),
        author: { name: texts[1] ?? '', email: '' },
        committedAt: 0,
        trailers: [],
        ours: false,
      }),
    };
    await using opened = await open({ shop, stay: true, context: { viewport: { width: 800, height: 600 } } });
    const { page } = opened;
    page.on('request', (request) => loaded.push(new URL(request.url()).origin === opened.origin ? '' : request.url()));
    await page.goto(await opened.link());
    await page.locator('.trouble').nth(40).waitFor();
    expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
    expect(
      await page.evaluate(() => document.querySelectorAll('main :is(script, img, iframe, style, base, meta, form, a)').length),
    ).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(await page.getByRole('heading', { name: 'Needs attention' }).isVisible()).toBe(true);
    expect(opened.complaints).toEqual([]);
  }
  expect(loaded.filter((url) => url !== '')).toEqual([]);
});
