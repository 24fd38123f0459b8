import { describe, expect, test } from 'vitest';
import type { WhyWire } from '../../src/api/wire/index.ts';
import { formatWhy } from '../../src/cli/why-report.ts';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const WHY = 'GET /v1/why';
const now = Date.parse('2026-12-01T12:00:00Z');

const answer: WhyWire = {
  answer: 'shop:deployment/web is not updated: tag 1.2.0 is banned.',
  state: 'held',
  cause: 'decision/banned',
  id: 'shop:deployment/web',
  container: 'web',
  next: { text: 'The next tag that is not banned is taken.', at: '2026-12-01T12:30:00Z' },
  links: [
    {
      kind: 'place',
      state: 'ok',
      code: 'in-git',
      text: 'deploy/web.yaml:2',
      since: '2026-11-28T12:00:00Z',
      facts: [{ name: 'author', value: 'Ann' }],
    },
    {
      kind: 'decision',
      container: 'web',
      state: 'held',
      code: 'banned',
      text: 'tag 1.2.0 is banned',
      facts: [
        {
          name: 'passed over',
          value: '1.2.0 is banned, 1.1.5 does not match the pattern, 1.0.0 is not newer than the image in Git',
        },
      ],
    },
    { kind: 'sync', state: 'ok', code: 'in-sync', text: 'as in revision 536e0c9', since: '2026-12-01T11:59:30Z', facts: [] },
  ],
  tags: [{ container: 'web', tags: [{ tag: '1.2.0', code: 'banned', verdict: 'is banned' }] }],
  others: [{ id: 'shop:deployment/api', state: 'ok', text: 'nothing is wrong with shop:deployment/api.' }],
};

const plain = { paint: (_style: unknown, text: string) => text, now };

test('the answer comes first, then the chain with what its cause knows, within 80 columns', () => {
  const text = formatWhy(answer, { ...plain, width: 80, all: false });
  expect(text).toBe(`shop:deployment/web is not updated: tag 1.2.0 is banned.

place     ok    3d   deploy/web.yaml:2
decision  held       tag 1.2.0 is banned
                     passed over  1.2.0 is banned, 1.1.5 does not match the
                                  pattern, 1.0.0 is not newer than the image in
                                  Git
sync      ok    30s  as in revision 536e0c9

Next: The next tag that is not banned is taken. (2026-12-01T12:30:00Z, in 30m)

Others:
ok        nothing is wrong with shop:deployment/api.
`);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('-o wide shows what each link knows, and the tags', () => {
  const text = formatWhy(answer, { ...plain, width: undefined, all: true });
  expect(text).toContain('author  Ann');
  expect(text).toContain('Tags of web, newest first:\n  1.2.0 is banned\n');
});

test('names containers where a workload has several, and removes what controls a terminal', () => {
  const [place, decision] = answer.links;
  if (!place || !decision) throw new Error('links');
  const links = [place, decision, { ...decision, container: 'side\u001b[31mcar', text: 'a\u001b]0;title\u0007b' }];
  const text = formatWhy({ ...answer, links }, { ...plain, width: 80, all: false });
  expect(text).toContain('decision web ');
  expect(text).toContain('decision sidecar ');
  expect(text).not.toContain('\u001b');
});

describe('the command', () => {
  const run = async (script: Script, ...line: string[]) => {
    await using daemon = await ScriptedDaemon.start(script);
    const ran = await fluxctl([...line, '--url', daemon.url]);
    return { ...ran, paths: daemon.requests.map(({ path }) => path) };
  };

  test.each([
    [['shop:deployment/web'], 'id=shop%3Adeployment%2Fweb'],
    [['-n', 'shop', 'deployment/web', '-c', 'web'], 'id=shop%3Adeployment%2Fweb&container=web'],
    [['--image=acme/web:1.2.0', '-n', 'shop'], 'image=acme%2Fweb%3A1.2.0&namespace=shop'],
    [['--file=deploy/web.yaml:2'], 'file=deploy%2Fweb.yaml%3A2'],
  ])('why %s', async (words, query) => {
    const { code, stdout, paths } = await run({ [WHY]: [answer] }, 'why', ...words);
    expect({ code, first: stdout.split('\n')[0], paths }).toEqual({ code: 0, first: answer.answer, paths: [`/v1/why?${query}`] });
  });

  test('prints the data for other programs', async () => {
    const { stdout } = await run({ [WHY]: [answer] }, 'why', 'shop:deployment/web', '-o', 'json');
    expect(JSON.parse(stdout)).toEqual(answer);
  });

  test.each([
    [[], 'expected one object, or --image, or --file'],
    [['a:b/c', '--image=web'], 'expected one object, or --image, or --file'],
    [['a:b/c', 'a:b/d'], 'expected one object, or --image, or --file'],
    [['--image=web', '-c', 'web'], '--container needs an object'],
  ])('refuses %j', async (words, message) => {
    const { code, stderr, paths } = await run({ [WHY]: [answer] }, 'why', ...words);
    expect({ code, paths }).toEqual({ code: 1, paths: [] });
    expect(stderr).toContain(message);
  });

  test('an older daemon cannot explain', async () => {
    const { code, stderr } = await run({}, 'why', 'a:b/c');
    expect(code).toBe(1);
    expect(stderr).toContain('this daemon cannot explain');
  });
});

describe('other commands point to it', () => {
  const failed = {
    id: 'shop:deployment/cart',
    state: 'failed',
    since: '2026-12-01T11:00:00Z',
    error: { code: 'x/y', message: 'denied' },
  };
  const container = {
    Name: 'web',
    Current: { ID: 'acme/web:1.0.0' },
    Available: [{ ID: 'acme/web:1.0.0' }],
    NotUpdated: 'locked',
  };
  const script: Script = {
    'GET /v1/objects': [{ revision: 'r', objects: [failed] }],
    'GET /flux/v10/images': [[{ ID: 'shop:deployment/web', Containers: [container] }]],
  };
  test.each([
    [['status'], 'Run `fluxctl why shop:deployment/cart` to see why.\n'],
    [['status', '-o', 'json'], ''],
    [['list-images', '-n', 'shop'], 'Run `fluxctl why shop:deployment/web` to see why.\n'],
    [['list-images', '-n', 'shop', '-o', 'json'], ''],
  ])('%j', async (line, expected) => {
    await using daemon = await ScriptedDaemon.start(script);
    const { code, stderr } = await fluxctl([...line, '--url', daemon.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expected });
  });
});
