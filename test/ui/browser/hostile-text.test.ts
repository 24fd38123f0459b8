import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { PodState } from '../../../src/resource/index.ts';
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

function podOf(text: string): PodState {
  const now = { state: 'waiting', reason: text, message: text } as const;
  const containers = [{ name: text, image: text, ready: false, restarts: 0, now }];
  return { name: text, phase: text, ready: false, ending: false, containers };
}

test('200 hostile strings run nothing, load nothing, and break no layout', async () => {
  expect(HOSTILE.length).toBe(200);
  const loaded: string[] = [];
  for (let at = 0; at < HOSTILE.length; at += 50) {
    const shop = createShop();
    const texts = HOSTILE.slice(at, at + 50);
    const [first = '', second = ''] = texts;
    shop.objects = [
      ...texts.map((text, index) => failed(`shop:configmap/${index}-${text}`, text, text)),
      failed('shop:deployment/x', first),
    ];
    shop.others = {
      relations: async () => texts.map((text) => ({ from: 'shop:deployment/x', to: `shop:${text}/${text}`, type: 'uses' })),
      owned: async () => ({
        isCut: true,
        uids: new Map(),
        objects: texts.map((text) => ({
          ...{ kind: 'Pod', name: text, uid: text },
          owner: { kind: 'Deployment', name: 'x', uid: text },
          pod: podOf(text),
        })),
      }),
      why: async () => ({
        answer: first,
        state: 'held',
        cause: first,
        next: { text: second },
        links: texts.map((text) => ({ kind: 'place', state: 'ok', code: text, text, facts: [{ name: text, value: text }] })),
        tags: [{ container: first, tags: texts.map((text) => ({ tag: text, code: 'banned' as const, verdict: text })) }],
        others: [],
      }),
      objectCommits: async () => ({
        place: { revision: first, file: second, line: 1 },
        commits: texts.map((text) => ({
          revision: text,
          subject: text,
          author: { name: text, email: text },
          committedAt: 0,
          trailers: [],
          ours: false,
        })),
        isCut: true,
      }),
      heldDeletions: () => ({
        deletions: texts.map((text) => ({ id: text, reason: text })),
        orphans: texts.map((id) => ({ id })),
      }),
      history: async () => ({
        entries: [
          {
            kind: 'synced',
            record: {
              version: 1,
              daemon: first,
              revision: second,
              startedAt: new Date().toISOString(),
              durationMs: 1,
              counts: {},
              changes: texts.map((text) => ({ id: text, outcome: text, place: text, reason: text })),
              imageUpdates: texts.map((text) => ({ commit: text, workload: text, container: text, from: text, to: text })),
            },
          },
        ],
      }),
      imageScans: () =>
        texts.map((name) => ({ name, tags: 1, scanning: false, error: new FluxError(name, { code: 'x' }) }) as never),
      registryHosts: () => texts.map((name) => ({ name, repositories: 1, failed: 0, budgets: [] })),
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
    for (const view of [
      '#/',
      '#/topology',
      '#/topology?as=tree',
      '#/objects',
      '#/objects/x',
      '#/syncs',
      '#/deletions',
      '#/images',
    ]) {
      await page.goto(`${opened.origin}/ui/${view}`);
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0);
      expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
      expect(
        await page.evaluate(
          () => document.querySelectorAll('main :is(script, img, iframe, style, base, meta, form:not(.filters))').length,
        ),
      ).toBe(0);
      const links = await page.evaluate(() => [...document.querySelectorAll('a')].map((link) => link.getAttribute('href')));
      expect(links.filter((href) => !href?.startsWith('#/'))).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), view).toBe(
        0,
      );
    }
    expect(opened.complaints).toEqual([]);
  }
  expect(loaded.filter((url) => url !== '')).toEqual([]);
});
