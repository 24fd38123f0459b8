import { expect, test } from 'vitest';
import { negotiate } from '../../src/api/negotiate.ts';

test.each([
  ['application/json;q=1.0,text/html;q=0.9, text/plain', ['a/b'], undefined],
  ['application/json,a/b,text/html', ['a/b', 'application/json'], 'a/b'],
  ['a/b;q=0.5, c/d', ['a/b', 'c/d'], 'c/d'],
  ['a/b;q=0', ['a/b'], undefined],
  ['a/b;q=x', ['a/b'], undefined],
  ['A/B ; Q=0.3', ['a/b'], 'a/b'],
  ['*/*', ['a/b'], undefined],
  ['', ['a/b'], undefined],
  [undefined, ['a/b'], undefined],
])('Accept %s of %j is %s', (accept, offers, chosen) => expect(negotiate(accept, offers)).toBe(chosen));
