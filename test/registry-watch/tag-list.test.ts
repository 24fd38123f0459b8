import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { FakeRegistry, json } from './fake-registry.ts';
import { type Setup, setup } from './watch-of.ts';

let registry: FakeRegistry;
let it: Setup;

beforeEach(async () => {
  registry = await new FakeRegistry().listen();
  it = setup();
  it.watch.watch([{ name: registry.name, pullSecrets: [] }]);
});

afterEach(async () => {
  await it.close();
  await registry.close();
});

const known = () => it.watch.repository(registry.name);

/** Answers tag lists from pages: by query, tags and the `Link` header. Everything else is a 404 of manifests. */
function pages(answer: (query: URLSearchParams) => { readonly tags: unknown; readonly link?: string; readonly status?: number }) {
  registry.intercept = (request, response) => {
    const url = new URL(request.url ?? '', 'http://registry');
    if (!url.pathname.endsWith('/tags/list')) return false;
    const { tags, link, status = 200 } = answer(url.searchParams);
    json(response, status, { tags }, link === undefined ? {} : { link });
    return true;
  };
}

async function scan() {
  await it.watch.scanNow();
  return known();
}

describe('a tag list', () => {
  test.each<[string, (path: string) => string]>([
    ['relative', (path) => `<${path}>; rel="next"`],
    ['absolute', (path) => `<http://${registry.host}${path}>; rel="next"`],
    ['absolute without its port', (path) => `<http://127.0.0.1${path}>; rel="next"`],
    ['among others', (path) => `</first>; rel="first", <${path}>; title="x"; rel=next`],
  ])('in pages is followed by %s links', async (_name, link) => {
    pages((query) => {
      const page = Number(query.get('page') ?? 0);
      return { tags: [`t${page}`], ...(page < 3 ? { link: link(`/v2/team/web/tags/list?page=${page + 1}`) } : {}) };
    });
    expect(await scan()).toMatchObject({ tags: ['t0', 't1', 't2', 't3'] });
  });

  test.each<[string, string[][], string]>([
    ['links to itself', [['a'], ['a']], 'leads back to a page already read'],
    [
      'goes round in a circle',
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      'leads back to a page already read',
    ],
  ])('that %s is refused by name (S-052)', async (_name, [from = [], to = []], message) => {
    pages((query) => {
      const at = from.indexOf(query.get('page') ?? 'a');
      return { tags: ['t'], link: `<?page=${to[at]}>; rel="next"` };
    });
    expect((await scan())?.error).toMatchObject({ code: 'registry/endless-tag-list', message: expect.stringContaining(message) });
    expect(registry.requests.length).toBeLessThan(6);
  });

  test('that leads to another host is refused (S-052)', async () => {
    pages(() => ({ tags: ['t'], link: '<http://169.254.169.254/v2/team/web/tags/list?page=2>; rel="next"' }));
    expect((await scan())?.error?.message).toContain('leads to another host');
  });

  test('of endless pages stops at a limit, which is named (S-052)', async () => {
    pages((query) => {
      const page = Number(query.get('page') ?? 0);
      return { tags: [`t${page}`], link: `<?page=${page + 1}>; rel="next"` };
    });
    expect((await scan())?.error?.message).toContain('has more than 1000 pages');
    expect(known()?.tags).toEqual([]);
    expect(registry.requests).toHaveLength(1000);
  });

  test('of more than 100,000 tags is refused', async () => {
    pages(() => ({ tags: Array.from({ length: 100_001 }, (_, index) => `t${index}`) }));
    expect((await scan())?.error?.message).toContain('has more than 100000 entries');
  });

  test('is read without page size where the registry refuses ours', async () => {
    pages((query) => (query.has('n') ? { tags: null, status: 400 } : { tags: ['t'] }));
    expect((await scan())?.tags).toEqual(['t']);
  });

  test('whose full page names no next one is asked for what may follow (S-052)', async () => {
    const tags = Array.from({ length: 1500 }, (_, index) => `t${String(index).padStart(4, '0')}`);
    pages((query) => {
      const start = tags.indexOf(query.get('last') ?? '') + 1;
      return { tags: tags.slice(start, start + 1000) };
    });
    expect((await scan())?.tags).toEqual(tags);
  });

  test('that always answers the same full page ends', async () => {
    pages(() => ({ tags: Array.from({ length: 1000 }, (_, index) => `t${index}`) }));
    expect((await scan())?.tags).toHaveLength(1000);
    expect(registry.requests.filter((request) => request.includes('tags/list'))).toHaveLength(2);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['never answered', () => undefined],
    ['refused first', (response) => json(response, 500, {})],
  ])('asks for a page before the one that names it is read, whose own error comes first: it is %s', async (_name, second) => {
    let isOver = false;
    registry.intercept = (request, response) => {
      if (!request.url?.includes('page=2')) {
        json(response, 200, { name: 'team/other', tags: ['a'] }, { link: '<?page=2>; rel="next"' });
        return true;
      }
      response.on('close', () => {
        isOver = true;
      });
      second(response);
      return true;
    };
    expect((await scan())?.error?.code).toBe('registry/other-repository');
    await until('the page ahead was asked for and given up', () => isOver, 10_000);
  });

  test('drops what is no tag (S-056)', async () => {
    const bad = [
      '',
      'a\u0000b',
      'a\u202eb',
      'latest; rm',
      '../../x',
      '$' + '{x}',
      '<script>',
      'a/b',
      '-a',
      '.a',
      'ä',
      'a'.repeat(129),
      'a b',
    ];
    pages(() => ({ tags: [...bad, 'good', '_ok', 'A.b-c_1', 'a'.repeat(128), 'good'] }));
    expect((await scan())?.tags).toEqual(['good', '_ok', 'A.b-c_1', 'a'.repeat(128)]);
  });

  test.each([null, []])('of %j is an empty repository', async (tags) => {
    pages(() => ({ tags }));
    expect(await scan()).toMatchObject({ tags: [], scannedAt: it.clock.now() });
  });
});

describe('an answer that is no tag list', () => {
  test.each<[string, number, string]>([
    ['an HTML page', 200, '<html>login</html>'],
    ['half of one', 200, '{"tags":["a","b'],
    ['of the wrong shape', 200, '{"tags":{"a":1}}'],
    ['of numbers', 200, '{"tags":[1,1e999]}'],
    ['invalid UTF-8', 200, '{"tags":["\xff"]}'],
    ['nothing', 200, ''],
    ['a server error', 500, 'oops'],
    ['a missing repository', 404, '{"errors":[{"code":"NAME_UNKNOWN","message":"gone"}]}'],
    ['a hostile error', 400, `{"errors":[{"code":{},"message":"\\u0000\\n\\u001b[31m${'x'.repeat(5000)}"}]}`],
    ['an error of the wrong shape', 418, '{"errors":null}'],
  ])('(%s) leaves what was known (R-051)', async (_name, status, body) => {
    registry.push('1', '2024-01-01T00:00:00Z');
    await scan();
    const scannedAt = it.clock.now();
    it.clock.advance(5000);
    registry.intercept = (_request, response) => {
      response.writeHead(status);
      response.end(Buffer.from(body, 'latin1'));
      return true;
    };
    const after = await scan();
    expect(after).toMatchObject({ tags: ['1'], scannedAt });
    expect(after?.error?.message).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/v2\/team\/web\/tags\/list: [ -~]{5,300}…?$/);
    registry.intercept = () => false;
    await it.watch.scanNow();
    expect(known()?.error).toBeUndefined();
  });

  test('because the second page failed leaves what was known (R-051)', async () => {
    pages(() => ({ tags: ['old'] }));
    await scan();
    pages((query) => (query.has('page') ? { tags: null, status: 502 } : { tags: ['new'], link: '<?page=2>; rel="next"' }));
    expect(await scan()).toMatchObject({ tags: ['old'], error: { code: 'registry/unavailable' } });
  });
});

test.each([
  'registry.example/UPPER',
  'registry.example/a//b',
  'registry.example/../x',
  'registry.example/a?b',
  'user@registry.example/x',
  'registry.example/a#b',
  'nohost',
  '/x',
  `registry.example/${'a'.repeat(300)}`,
])('the name %.40s is never asked for', async (name) => {
  it.watch.watch([{ name, pullSecrets: [] }]);
  await it.watch.scanNow();
  expect(it.watch.repository(name)?.error?.code).toBe('registry/bad-name');
});

describe('a registry that is too busy (R-050)', () => {
  const busy = (headers: Record<string, string>) => {
    registry.intercept = (_request, response) => {
      json(response, 429, { errors: [{ code: 'TOOMANYREQUESTS', message: 'slow down' }] }, headers);
      return true;
    };
  };

  test('is left alone for as long as it asks', async () => {
    busy({ 'retry-after': '120' });
    await it.watch.scanNow();
    expect(known()?.error?.code).toBe('registry/rate-limited');
    await it.watch.scanNow();
    expect(registry.requests).toHaveLength(1);
    it.clock.advance(120_000);
    registry.intercept = () => false;
    await it.watch.scanNow();
    expect(known()?.error).toBeUndefined();
  });

  test('is scanned again in its turn, after the pause', async () => {
    busy({ 'retry-after': '3600' });
    it.watch.start();
    while (known()?.error === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
    it.clock.advance(3_599_000);
    await it.watch.scanNow('x/x');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(registry.requests).toHaveLength(1);
    it.clock.advance(1000);
    while (registry.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test('ends the reading of images, and the tags are kept', async () => {
    for (let number = 0; number < 50; number += 1) registry.push(`t${number}`, '2024-01-01T00:00:00Z');
    await it.close();
    it = setup({ burst: 4 });
    it.watch.watch([{ name: registry.name, pullSecrets: [], needsTimes: () => true }]);
    let reads = 0;
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      reads += 1;
      json(response, 429, {}, { 'retry-after': '600' });
      return true;
    };
    let done = false;
    const scanned = it.watch.scanNow().then(() => {
      done = true;
    });
    while (!done) {
      it.clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await scanned;
    expect(known()).toMatchObject({ tags: expect.arrayContaining(['t0']), error: { code: 'registry/rate-limited' } });
    expect(reads).toBeLessThanOrEqual(4);
  });
});
