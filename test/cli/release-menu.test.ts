import { describe, expect, test } from 'vitest';
import type { Keyboard } from '../../src/cli/index.ts';
import { GoFluxd, REVISION } from '../conformance/go-fluxd.ts';
import { fluxctl } from './daemon.ts';

const update = (Container: string, from: string, to: string) => ({
  Container,
  Current: `acme/${Container}:${from}`,
  Target: `acme/${Container}:${to}`,
});
const PLAN = {
  'shop:deployment/cart': { Status: 'success', PerContainer: [update('cart', '1.3', '1.4'), update('setup', '0.2', '0.3')] },
  'shop:deployment/mail': { Status: 'success', PerContainer: [update('mail', '2', '3')] },
  'shop:deployment/old': { Status: 'skipped', Error: 'locked', PerContainer: null },
};
const job = { Result: { revision: REVISION, result: {} }, Err: '', StatusString: 'succeeded' };

class Keys implements Keyboard {
  closed = false;
  readonly #pressed: readonly string[];
  constructor(pressed: readonly string[]) {
    this.#pressed = pressed;
  }
  get keys(): AsyncIterable<string> {
    const pressed = this.#pressed;
    return (async function* () {
      yield* pressed;
    })();
  }
  close(): void {
    this.closed = true;
  }
}

const release = async (
  keys: readonly string[],
  flags: readonly string[] = [],
  { all = true, columns = 200, plan = PLAN as object } = {},
) => {
  await using fluxd = await GoFluxd.start({
    'GET /flux/v6/jobs': [{ Result: { result: plan }, Err: '', StatusString: 'succeeded' }, job],
  });
  const keyboard = new Keys(keys);
  const line = ['release', ...(all ? ['--all'] : []), '--update-all-images', '--interactive', '--user=Ann', ...flags];
  const ran = await fluxctl(line, { FLUX_URL: fluxd.url }, { columns, keyboard: () => keyboard });
  expect(keyboard.closed).toBe(true);
  const updates = fluxd.updates.map((body) => JSON.parse(body));
  return { ...ran, plan: updates[0], selected: updates[1]?.spec.ContainerSpecs, updates };
};

const ENTER = '\r';
const [UP, DOWN] = ['\u001b[A', '\u001b[B'];
const HINT = 'Use arrow keys and [Space] to toggle updates; hit [Enter] to release selected.';

describe('an interactive release', () => {
  test('plans, shows what could be updated, and releases what stays checked', async () => {
    const { code, stdout, stderr, updates } = await release([DOWN, ' ', ENTER], ['--force', '--workload=deployment/x'], {
      all: false,
    });
    expect(code).toBe(0);
    expect(updates).toEqual([
      {
        type: 'image',
        cause: { Message: '', User: 'Ann' },
        spec: { ServiceSpecs: ['default:deployment/x'], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: true },
      },
      {
        type: 'containers',
        cause: { Message: '', User: 'Ann' },
        spec: {
          Kind: 'execute',
          ContainerSpecs: {
            'shop:deployment/cart': [update('cart', '1.3', '1.4')],
            'shop:deployment/mail': [update('mail', '2', '3')],
          },
          SkipMismatches: false,
          Force: true,
        },
      },
    ]);
    const first = [
      '    WORKLOAD              STATUS   UPDATES',
      '⇒ ◉ shop:deployment/cart  success  cart: acme/cart:1.3 -> 1.4',
      '  ◉                                setup: acme/setup:0.2 -> 0.3',
      '  ◉ shop:deployment/mail  success  mail: acme/mail:2 -> 3',
      '',
      HINT,
      '',
    ];
    const moved = first.with(1, first[1]?.replace('⇒', ' ') ?? '').with(2, first[2]?.replace(' ', '⇒') ?? '');
    const toggled = moved.with(2, moved[2]?.replace('◉', '◯') ?? '');
    const menu = `${first.join('\n')}\u001b[?25l\u001b[6A${moved.join('\n')}\u001b[6A${toggled.join('\n')}\n\u001b[?25h`;
    expect(stdout).toBe(`${menu}WORKLOAD   STATUS   UPDATES\n`);
    expect(stderr).toBe(
      'Warning: --force will not ignore container image tags when used with --update-all-images\nSubmitting dry-run release ...\nSubmitting selected release ...\nCommit pushed:\t4be1f0c\nCommit applied:\t4be1f0c\n',
    );
  });

  test.each<[string, string[], string[]]>([
    ['accepts all at once', [], ['cart', 'setup', 'mail']],
    ['toggles and toggles back', [' ', ' '], ['cart', 'setup', 'mail']],
    ['goes on by j, Tab and either arrow', ['j', '\t', ' ', '\u001bOA', ' '], ['cart']],
    ['goes round upwards', [UP, ' '], ['cart', 'setup']],
    ['goes round downwards', [DOWN, DOWN, DOWN, ' '], ['setup', 'mail']],
    ['goes back by k', [DOWN, 'k', ' '], ['setup', 'mail']],
    ['disregards other keys', ['x', '\u001b[C', ' '], ['setup', 'mail']],
  ])('%s', async (_name, keys, containers) => {
    const { selected } = await release([...keys, ENTER]);
    const found = Object.values(selected as Record<string, { Container: string }[]>).flat();
    expect(found.map(({ Container }) => Container)).toEqual(containers);
  });

  test('may leave nothing checked, which the daemon answers', async () => {
    expect((await release([' ', DOWN, ' ', DOWN, ' ', ENTER])).selected).toEqual({});
  });

  test.each([['q'], ['\u001b'], ['\u0003']])('%j aborts', async (key) => {
    const { code, stdout, stderr, updates } = await release([key]);
    expect([code, stderr]).toEqual([0, 'Submitting dry-run release ...\nAborted.\n']);
    expect(stdout.endsWith('\u001b[?25l\u001b[?25h')).toBe(true);
    expect(updates).toHaveLength(1);
  });

  test('a terminal that goes away aborts', async () => {
    expect(await release([DOWN])).toMatchObject({ code: 0, stderr: 'Submitting dry-run release ...\nAborted.\n' });
  });

  test('nothing to choose ends it', async () => {
    const { code, stdout, stderr } = await release([ENTER], ['-vv'], { plan: { 'a:deployment/b': PLAN['shop:deployment/old'] } });
    expect([code, stdout, stderr]).toEqual([0, '', 'Submitting dry-run release ...\nNo changes found.\n']);
  });

  test('what cannot be chosen is shown when asked for, and the cursor passes it', async () => {
    const { stdout, selected } = await release([UP, ' ', ENTER], ['-v']);
    expect(stdout).toContain('\n    shop:deployment/old   skipped  locked\n');
    expect(Object.keys(selected)).toEqual(['shop:deployment/cart']);
  });

  test('a dry run stays one', async () => {
    expect((await release([ENTER], ['--dry-run'])).updates[1]).toMatchObject({ type: 'containers', spec: { Kind: 'plan' } });
  });

  test('lines are cut where the terminal ends, so that the next drawing covers them', async () => {
    const { stdout } = await release(['q'], [], { columns: 30 });
    const lines = (stdout.split('\u001b')[0] ?? '').split('\n');
    expect(lines).toHaveLength(7);
    expect(Math.max(...lines.map((line) => [...line].length))).toBe(30);
  });

  test('a terminal that was given no size shows whole lines', async () => {
    const [{ stdout: unsized }, { stdout: wide }] = [await release(['q'], [], { columns: 0 }), await release(['q'])];
    expect(unsized).toBe(wide);
  });

  test('without a terminal nobody is asked', async () => {
    await using fluxd = await GoFluxd.start();
    const ran = await fluxctl(['release', '--all', '--update-all-images', '--interactive'], { FLUX_URL: fluxd.url });
    expect(ran).toMatchObject({
      code: 1,
      stderr: "Error: --interactive needs a terminal, and there is none\nRun 'fluxctl release --help' for usage.\n",
    });
    expect(fluxd.asked).toEqual([]);
  });
});
