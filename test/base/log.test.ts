import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogger, FluxError, type Logger, type LogOptions, Secret, silentLogger } from '../../src/base/index.ts';

interface Written {
  readonly log: Logger;
  /** Whole lines written so far, without their ends. */
  lines(): readonly string[];
}

async function logger(
  format: 'fmt' | 'json',
  options: { readonly isTTY?: boolean } & Pick<LogOptions, 'level'> = {},
): Promise<Written> {
  const { isTTY = false, ...rest } = options;
  const destination = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const log = await createLogger({ format, destination, ...rest });
  let text = '';
  return {
    log,
    lines() {
      text += destination.read() ?? '';
      if (text !== '' && !text.endsWith('\n')) throw new Error(`an unfinished line: ${text}`);
      return text.split('\n').slice(0, -1);
    },
  };
}

/** The fields of a logfmt line, as a reader of logfmt sees them. */
function fieldsOf(line = ''): Record<string, string> {
  const fields: Record<string, string> = {};
  const pair = /([^\s"=]+)=("(?:[^"\\]|\\.)*"|[^\s"=]*)(?: |$)/y;
  while (pair.lastIndex < line.length) {
    const match = pair.exec(line);
    if (!match) throw new Error(`not logfmt: ${line}`);
    const [, key = '', value = ''] = match;
    fields[key] = value.startsWith('"') ? String(JSON.parse(value)) : value;
  }
  return fields;
}

const jsonOf = (line = '') => JSON.parse(line) as Record<string, unknown>;

const expected = () => new FluxError('git: clone failed', { code: 'git/clone-failed', help: 'Check the deploy key.' });

/** Characters that end a line, quote, drive a terminal, or reorder text. */
const HOSTILE =
  'a\nb\r\nts=1 level=error msg="forged"\t\\ \u0000\u0007\u001b[2J\u007f\u0085\u009b31m\u2028\u2029\u202e\u2066\ufeff é😀';
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe('the fmt log', () => {
  test('writes a line of logfmt: time, level, component, message, fields', async () => {
    const { log, lines } = await logger('fmt');
    log
      .child({ component: 'git' })
      .warn({ revision: 'abc123', files: 2, done: true, none: null, left: undefined }, 'sync started');
    expect(lines()).toEqual([
      expect.stringMatching(
        /^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=warn component=git msg="sync started" revision=abc123 files=2 done=true none=null$/,
      ),
    ]);
  });

  test.each([
    ['plain', 'plain'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a=b', '"a=b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['back\\slash', 'back\\slash'],
    ['\\ ', '"\\\\ "'],
    ['é😀', 'é😀'],
    ['\u001b[31m', '"\\u001b[31m"'],
    ['\u009b', '"\\u009b"'],
    ['\u2028', '"\\u2028"'],
    ['\u202e', '"\\u202e"'],
    [[1, 'x'], '"[1,\\"x\\"]"'],
    [{ a: 1 }, '"{\\"a\\":1}"'],
  ])('writes %j as %s', async (value, text) => {
    const { log, lines } = await logger('fmt');
    log.info({ value }, 'x');
    expect(lines()[0]).toMatch(/ msg=x value=/);
    expect(lines()[0]?.split(' value=')[1]).toBe(text);
  });

  test('a FluxError is told by message and help, without a stack', async () => {
    const { log, lines } = await logger('fmt');
    log.warn({ step: 'sync', err: expected() }, 'step failed');
    expect(lines()).toEqual([
      expect.stringMatching(/ level=warn msg="step failed" step=sync err="git: clone failed" help="Check the deploy key."$/),
    ]);
  });

  test('any other error brings its stack, on the same line', async () => {
    const { log, lines } = await logger('fmt');
    log.error({ err: new TypeError('x is not a function') }, 'step failed');
    expect(lines()).toHaveLength(1);
    expect(fieldsOf(lines()[0])).toMatchObject({
      err: 'x is not a function',
      stack: expect.stringMatching(/^TypeError: x is not a function\n +at .*log\.test\.ts/),
    });
  });

  test('an error under the name `error` is told just as well', async () => {
    const { log, lines } = await logger('fmt');
    log.warn({ error: expected() }, 'note could not be pushed');
    expect(fieldsOf(lines()[0])).toMatchObject({ error: 'git: clone failed', help: 'Check the deploy key.' });
  });

  test('a text in place of an error stays one, and help beside it is not lost', async () => {
    const { log, lines } = await logger('fmt');
    log.warn({ err: 'timed out', help: 'Wait.' }, 'a');
    log.warn({ error: 'timed out', help: 'Wait.', stack: 'mine' }, 'b');
    expect(lines().map((line) => fieldsOf(line))).toEqual([
      expect.objectContaining({ msg: 'a', err: 'timed out', help: 'Wait.' }),
      expect.objectContaining({ msg: 'b', error: 'timed out', help: 'Wait.', stack: 'mine' }),
    ]);
  });

  test('an error alone is message and error', async () => {
    const { log, lines } = await logger('fmt');
    log.error(expected());
    expect(fieldsOf(lines()[0])).toMatchObject({ msg: 'git: clone failed', err: 'git: clone failed' });
  });

  test('whatever is logged is one line that reads back as the same', async () => {
    const { log, lines } = await logger('fmt');
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant(HOSTILE));
    let count = 0;
    fc.assert(
      fc.property(text, text, (value, msg) => {
        log.info({ value }, `m${msg.replaceAll('%', '')}`);
        count += 1;
        expect(lines()).toHaveLength(count);
        const line = lines().at(-1);
        expect(line).not.toMatch(UNPRINTABLE);
        // What is no Unicode text becomes U+FFFD on its way out.
        expect(fieldsOf(line)).toMatchObject({
          msg: `m${msg.replaceAll('%', '')}`.toWellFormed(),
          value: value.toWellFormed(),
        });
      }),
    );
  });

  test('a hostile name of a field cannot forge another', async () => {
    const { log, lines } = await logger('fmt');
    log.info({ [`k${HOSTILE}`]: 1, '': 2, 'a b=c "d"': 3, __proto__x: 4 }, 'x');
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).not.toMatch(UNPRINTABLE);
    const fields = fieldsOf(lines()[0]);
    expect(fields).toMatchObject({ level: 'info', msg: 'x' });
    expect(Object.keys(fields)).toHaveLength(7);
  });
});

describe('the json log', () => {
  test('writes one object a line, level by name, time as ISO 8601, without pid and host', async () => {
    const { log, lines } = await logger('json');
    log.child({ component: 'git' }).info({ revision: 'abc123' }, 'sync started');
    expect(lines()).toHaveLength(1);
    expect(jsonOf(lines()[0])).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      component: 'git',
      revision: 'abc123',
      msg: 'sync started',
    });
  });

  test('is the same on a terminal', async () => {
    const { log, lines } = await logger('json', { isTTY: true });
    log.info('x');
    expect(jsonOf(lines()[0])).toMatchObject({ msg: 'x' });
  });

  test('a FluxError has code, message and help; any other error has its stack', async () => {
    const { log, lines } = await logger('json');
    log.warn({ err: expected(), error: expected() }, 'x');
    log.warn({ err: new TypeError('boom'), error: new TypeError('boom') }, 'x');
    log.warn({ err: 'text', error: 'text' }, 'x');
    const known = { code: 'git/clone-failed', message: 'git: clone failed', help: 'Check the deploy key.' };
    const unknown = { message: 'boom', stack: expect.stringContaining('log.test.ts') };
    expect(lines().map(jsonOf)).toEqual([
      expect.objectContaining({ err: known, error: known }),
      expect.objectContaining({ err: unknown, error: unknown }),
      // `err` is an object always: stores of logs want one type for a name.
      expect.objectContaining({ err: { message: 'text' }, error: 'text' }),
    ]);
  });

  test('hostile names and values stay in their place, printable', async () => {
    const { log, lines } = await logger('json');
    log.info({ [HOSTILE]: HOSTILE, deep: { [HOSTILE]: [HOSTILE] }, err: new FluxError(HOSTILE, { code: 'a/b' }) }, HOSTILE);
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).not.toMatch(UNPRINTABLE);
    expect(jsonOf(lines()[0])).toMatchObject({
      [HOSTILE]: HOSTILE,
      deep: { [HOSTILE]: [HOSTILE] },
      err: { code: 'a/b', message: HOSTILE },
      msg: HOSTILE,
    });
  });

  test('what JSON cannot hold does not stop the log', async () => {
    const { log, lines } = await logger('json');
    const round: Record<string, unknown> = { big: 12n };
    round.self = round;
    log.info({ round, broken: { toJSON: () => Reflect.get(Object(null), 'x').y } }, 'x');
    expect(jsonOf(lines()[0])).toMatchObject({ msg: 'x' });
  });
});

describe('the log on a terminal', () => {
  test('is a line to read: time of day, level, component, message, fields', async () => {
    const { log, lines } = await logger('fmt', { isTTY: true });
    log.child({ component: 'git' }).info({ revision: 'abc123', files: ['a', 'b'] }, 'sync started');
    log.warn('no more');
    expect(lines().map(uncoloured)).toEqual([
      expect.stringMatching(/^\[\d\d:\d\d:\d\d\] INFO: git: sync started \{"revision":"abc123","files":\["a","b"\]\}$/),
      expect.stringMatching(/^\[\d\d:\d\d:\d\d\] WARN: no more$/),
    ]);
  });

  test('an error is told on the same line, as in logfmt', async () => {
    const { log, lines } = await logger('fmt', { isTTY: true });
    log.warn({ step: 'sync', err: expected() }, 'step failed');
    log.error({ err: new TypeError('boom') }, 'step failed');
    log.warn({ error: expected() }, 'not pushed');
    const [known, unknown, other, ...rest] = lines().map(uncoloured);
    expect(rest).toEqual([]);
    expect(known).toContain('step failed {"step":"sync","err":"git: clone failed","help":"Check the deploy key."}');
    expect(unknown).toMatch(/step failed \{"err":"boom","stack":"TypeError: boom\\n +at .*log\.test\.ts/);
    expect(other).toContain('{"error":"git: clone failed","help":"Check the deploy key."}');
  });

  test('hostile text stays on the line and does not reach the terminal as it is', async () => {
    const { log, lines } = await logger('fmt', { isTTY: true });
    log.info({ value: HOSTILE, [HOSTILE]: 1, deep: { [HOSTILE]: [HOSTILE] } }, 'x');
    log.warn({ err: new FluxError(HOSTILE, { code: 'a/b' }), error: new Error(HOSTILE) }, 'y');
    log.error(new Error(HOSTILE));
    expect(lines()).toHaveLength(3);
    for (const line of lines().map(uncoloured)) expect(line).not.toMatch(UNPRINTABLE);
  });
});

/** Without the colours that pino-pretty puts around level and message. */
function uncoloured(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how colours are written
  return line.replace(/\u001b\[\d+m/g, '');
}

describe('every log', () => {
  const kinds = [
    { kind: 'fmt', format: 'fmt', isTTY: false },
    { kind: 'terminal', format: 'fmt', isTTY: true },
    { kind: 'json', format: 'json', isTTY: false },
  ] as const;

  test.each(kinds)('hides what is below its level: $kind', async ({ format, isTTY }) => {
    const quiet = await logger(format, { isTTY });
    quiet.log.debug('no');
    quiet.log.info('yes');
    const loud = await logger(format, { isTTY, level: 'debug' });
    loud.log.debug('yes');
    expect([quiet.lines().length, loud.lines().length]).toEqual([1, 1]);
  });

  test.each(kinds)('shows no secret: $kind', async ({ format, isTTY }) => {
    const { log, lines } = await logger(format, { isTTY });
    const leaky = new Error('GET https://ann:hunter2@host/x?token=hunter2: refused');
    log.warn({ password: new Secret('hunter2'), deep: { list: [new Secret('hunter2')] } }, 'a');
    log.warn({ err: leaky, error: leaky }, 'b');
    log.warn({ err: new FluxError(leaky.message, { code: 'a/b', help: 'See https://ann:hunter2@host/.' }) }, 'c');
    log.warn({ url: 'https://ann:hunter2@host/', error: leaky.message, err: leaky.message }, 'd');
    log.error(leaky);
    expect(lines()).toHaveLength(5);
    expect(lines().join('\n')).toContain('ann:***@host');
    expect(lines().join('\n')).not.toContain('hunter2');
  });
});

test('the silent logger takes everything and says nothing', () => {
  const log = silentLogger();
  expect(log.isLevelEnabled('fatal')).toBe(false);
  expect(() => log.child({ a: 1 }).fatal({ err: new Error('x') }, 'x')).not.toThrow();
});
