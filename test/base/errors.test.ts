import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { asFluxError, FluxError, messageOf } from '../../src/base/index.ts';

describe('a FluxError', () => {
  test('is an Error with a code; the fault is the server’s unless said otherwise', () => {
    const error = new FluxError('git: clone failed', { code: 'git/clone-failed' });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'FluxError', message: 'git: clone failed', code: 'git/clone-failed', fault: 'server' });
    expect(error.help).toBeUndefined();
    expect(Object.hasOwn(error, 'cause')).toBe(false);
    expect(error.stack).toMatch(/errors\.test\.ts/);
  });

  test('keeps fault, help and cause', () => {
    const cause = new Error('exit 128');
    const error = new FluxError('git: clone failed', { code: 'git/x', fault: 'user', help: 'Check the URL.', cause });
    expect(error).toMatchObject({ fault: 'user', help: 'Check the URL.' });
    expect(error.cause).toBe(cause);
  });
});

describe('the message of what was thrown', () => {
  test.each<[string, unknown, string]>([
    ['an error', new TypeError('boom'), 'boom'],
    ['an error without a message', new TypeError(), 'TypeError'],
    ['an error of another realm', runInNewContext('new Error("far")'), 'Error: far'],
    ['a text', 'boom', 'boom'],
    ['a number', 7, '7'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('x'), 'Symbol(x)'],
    ['an object', {}, '[object Object]'],
    ['an object without a prototype', Object.create(null), '[object Object]'],
    [
      'an object whose conversion throws',
      {
        toString() {
          throw new Error('no');
        },
      },
      '[object Object]',
    ],
    ['an object whose conversion is no function', { toString: 1, valueOf: 2 }, '[object Object]'],
  ])('of %s', (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});

describe('wrapping what was thrown', () => {
  test('a FluxError passes unchanged', () => {
    const error = new FluxError('x: y', { code: 'a/b', fault: 'missing' });
    expect(asFluxError(error, { code: 'c/d', fault: 'user' })).toBe(error);
  });

  test.each([new Error('boom'), 'boom'])('anything else becomes the cause', (thrown) => {
    const error = asFluxError(thrown, { code: 'c/d', fault: 'user', help: 'Try again.' });
    expect(error).toMatchObject({ message: 'boom', code: 'c/d', fault: 'user', help: 'Try again.' });
    expect(error.cause).toBe(thrown);
  });
});
