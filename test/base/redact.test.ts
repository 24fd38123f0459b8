import { inspect } from 'node:util';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { redact, Secret, withoutSecret } from '../../src/base/index.ts';
import { processorMs } from '../support/processor.ts';

test('a secret that the far side says back is hidden, as it is and encoded', () => {
  const said = `"pa ss%/" cGEgc3MlLw== cGEgc3MlLw pa%20ss%25%2F`;
  expect(withoutSecret(said, 'pa ss%/')).toBe('"***" *** *** ***');
  expect(withoutSecret('a short one would hide anything', 'a')).toBe('a short one would hide anything');
});

describe('redacting URLs', () => {
  test.each<[text: string, redacted: string]>([
    ['https://user:pass@host/path', 'https://user:***@host/path'],
    ['https://user:pass@host:8443/path?q#f', 'https://user:***@host:8443/path?q#f'],
    ['HTTPS://User:Pass@Host/', 'HTTPS://User:***@Host/'],
    ['git+ssh://git:pass@host:22/o/r.git', 'git+ssh://git:***@host:22/o/r.git'],
    ['amqp://u:p@[::1]:5672/', 'amqp://u:***@[::1]:5672/'],
    ['https://:token@host/', 'https://:***@host/'],
    ['https://x-access-token:ghs_abc@github.com/o/r', 'https://x-access-token:***@github.com/o/r'],
    ['https://user:pa:ss@host/', 'https://user:***@host/'],
    ['https://user:p%40ss%2F@host/', 'https://user:***@host/'],
    ['https://user:pässwörd✓@host/', 'https://user:***@host/'],
    ['https://user:p"a\'s`s<>{}|^\\@host/', 'https://user:***@host/'],
    ['https://user:p@ss@host/', 'https://user:***@host/'],
    ['https://user:@@@@host/', 'https://user:***@host/'],
    ['https://me@corp.example:pass@host/', 'https://me@corp.example:***@host/'],
    ['https://user:pa/ss@host/o/r', 'https://user:***@host/o/r'],
    ['https://user:pa/s@s@host/o/r', 'https://user:***@host/o/r'],
    ['https://user:pa?ss@host/', 'https://user:***@host/'],
    ['https://user:pa#ss@host/', 'https://user:***@host/'],
    ['https://user:/pass@host/', 'https://user:***@host/'],
    ['https://us@er:pa/ss@host/', 'https://us@er:***@host/'],
    ['a https://u:p1@h/, b http://v:p2@i; c', 'a https://u:***@h/, b http://v:***@i; c'],
    ['https://u:p1@h,https://v:p2@i', 'https://u:***@h,https://v:***@i'],
    ['https://proxy/?to=https://u:p@h/', 'https://proxy/?to=https://u:***@h/'],
    ["fatal: unable to access 'https://u:p@h/o/r.git/': 403", "fatal: unable to access 'https://u:***@h/o/r.git/': 403"],
    ['{"url":"https://u:p@h/"}', '{"url":"https://u:***@h/"}'],
    ['line one\nhttps://u:p@h/\nline three', 'line one\nhttps://u:***@h/\nline three'],
  ])('%j becomes %j', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  test.each([
    'https://host/path',
    'https://host:8443/path',
    'https://user@host/path',
    'ssh://git@github.com/o/r',
    'git@github.com:o/r',
    'ssh://git@host:22/o/r@v1',
    'https://registry:5000/v2/app@sha256:0123456789abcdef',
    'http://[::1]:5000/v2/app@sha256:0123456789abcdef',
    'oci://registry/app:1.2@sha256:0123456789abcdef',
    'Get "https://registry:5000/v2/": dial tcp 10.0.0.1:5000: connection refused',
    'see http://host:80, or mail me@host',
    'file:///srv/a:b@c',
    'https://host/a:b@c',
    'https://host?a:b@c',
    'shop:deployment/cart',
    '12:30 at the pub',
    '',
  ])('%j holds no password and stays', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('a password of any characters is gone', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).map((any) => any.replace(/\s/g, '_').replaceAll('://', '_'));
    const password = fc.oneof(
      text.map((any) => any.replace(/[/?#]/g, '@')),
      // With a `/`, `?` or `#`, what stands before must not read as a host: digits are a port, an `@` ends a password.
      text.map((any) => `p${any.replaceAll('@', '/')}`),
    );
    fc.assert(
      fc.property(password, fc.constantFrom('user', '', 'me@corp.example', 'a%20b'), (secret, user) => {
        expect(redact(`x https://${user}:${secret}@host/path y`)).toBe(`x https://${user}:***@host/path y`);
      }),
      { numRuns: 500 },
    );
  });

  test.each([1000, 1025, 4000, 100_000])('a password, a user or a token of %d characters is found too', (length) => {
    const long = 'k'.repeat(length);
    expect(redact(`https://AWS:${long}@host/`)).toBe('https://AWS:***@host/');
    expect(redact(`https://${long}:p@host/`)).toBe(`https://${long}:***@host/`);
    expect(redact(`Bearer ${long}!`)).toBe('Bearer ***!');
  });

  test('what is redacted stays as it is when redacted again', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('https://', 'u', ':', 'p', '@', '/', 'h', ' ', '8', '?', '[', ']', 'Bearer ', 'abcdefgh1', 'token='),
          {
            maxLength: 14,
          },
        ),
        (pieces) => {
          const once = redact(pieces.join(''));
          expect(redact(once)).toBe(once);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('redacting tokens', () => {
  test.each<[text: string, redacted: string]>([
    ['Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln', 'Authorization: Bearer ***'],
    ['authorization: bearer   abcdefgh', 'authorization: bearer   ***'],
    ['Authorization: Basic dXNlcjpwYXNzd29yZA==', 'Authorization: Basic ***'],
    ['GET /x?token=abcdefgh&y=1', 'GET /x?token=***&y=1'],
    ['GET /x?access_token=abcdefgh&y=1', 'GET /x?access_token=***&y=1'],
    ['GET /x?private_token=glpat-abc', 'GET /x?private_token=***'],
    ['https://x.blob.core.windows.net/c?sv=1&sig=abc%2Fdef%3D&se=2', 'https://x.blob.core.windows.net/c?sv=1&sig=***&se=2'],
    ['https://s3/x?X-Amz-Signature=0123abcd&a=b', 'https://s3/x?X-Amz-Signature=***&a=b'],
    ['https://s3/x?X-Amz-Security-Token=0123abcd', 'https://s3/x?X-Amz-Security-Token=***'],
    ['grant_type=password&username=u&password=hunter2', 'grant_type=password&username=u&password=***'],
    ['client_secret=abc;', 'client_secret=***;'],
    ['{"token":"eyJhbGci","expires_in":300}', '{"token":"***","expires_in":300}'],
    ['{"access_token": "eyJ\\"hb", "x": 1}', '{"access_token": "***", "x": 1}'],
  ])('%j becomes %j', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  test.each([
    'invalid token: expected a string',
    'unexpected token } in JSON',
    'secret "pull" not found',
    'design=flat&config=x',
    'bearer of news',
    'a basic check',
  ])('%j holds no token and stays', (text) => {
    expect(redact(text)).toBe(text);
  });
});

// The bound is far above what a loaded machine needs for a scan; matching that backtracks takes minutes.
test.each([
  ['schemes', 'a://'.repeat(100_000)],
  ['letters of a scheme', 'a'.repeat(400_000)],
  ['colons', `https://${':'.repeat(400_000)}`],
  ['ats', `https://u:${'@'.repeat(400_000)} `],
  ['slashes', `https://u:p${'/'.repeat(400_000)}`],
  ['bearers', 'bearer '.repeat(60_000)],
  ['spaces after a bearer', `bearer${' '.repeat(400_000)}`],
  ['quotes', '"token":"'.repeat(50_000)],
  ['backslashes', `"token":"${'\\'.repeat(400_001)}`],
])('redacting costs nothing on hostile text: %s', (_what, text) => {
  expect(processorMs(() => redact(text))).toBeLessThan(5000);
});

describe('a Secret', () => {
  const secret = new Secret('hunter2');

  test('reveals its value only when asked', () => {
    expect(secret.reveal()).toBe('hunter2');
  });

  test.each<[string, string]>([
    ['a template string', `${secret}`],
    ['concatenation', 'x'.concat(String(secret))],
    ['String()', String(secret)],
    ['join()', [secret, secret].join()],
    ['JSON', JSON.stringify({ secret, list: [secret] })],
    ['inspect', inspect({ secret, deep: { list: [secret] } }, { depth: 9 })],
    ['inspect with everything', inspect(secret, { showHidden: true, customInspect: true, getters: true })],
    ['inspect without custom inspection', inspect({ secret }, { customInspect: false, showHidden: true })],
    ['its properties', JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret), Object.assign({}, secret)])],
    ['a copy by structure', inspect(structuredClone(secret))],
    ['an error', String(new Error(`failed with ${secret}`))],
  ])('is not shown by %s', (_way, text) => {
    expect(text).not.toContain('hunter2');
  });

  test('is not shown by pino, whatever it is part of', () => {
    let written = '';
    const log = pino({}, { write: (line: string) => (written += line) });
    log.info({ secret, deep: { list: [secret] } }, 'x');
    log.info(secret);
    log.child({ secret }).info('%s %o %j', secret, secret, secret);
    expect(written).toContain('***');
    expect(written).not.toContain('hunter2');
  });
});
