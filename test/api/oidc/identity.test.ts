import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { identityOf } from '../../../src/api/oidc/identity.ts';

/** Texts that come near to a reserved name, at either side of a prefix. */
const near = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    's',
    'system',
    'system:',
    'system:masters',
    ':masters',
    'ystem:x',
    'SYSTEM:masters',
    'oidc:',
    'jane',
    'a b',
  ),
);

test('no name is empty or reserved, none lacks its prefix, and no sign-in is half refused (S-073)', async () => {
  await fc.assert(
    fc.property(near, near, near, fc.array(near, { maxLength: 4 }), (username, prefix, sub, groups) => {
      const wanted = { user: username + sub, groups: groups.map((group) => prefix + group) };
      const isReserved = [wanted.user, ...wanted.groups].some((name) => name.startsWith('system:'));
      const isName = (text: string) => text !== '' && !/\p{C}/u.test(text);
      const isGood = !isReserved && [sub, ...groups].every(isName) && /^[\x20-\x7e]*$/.test(sub);
      if (isGood) expect(identityOf({ sub, groups }, { username, groups: prefix })).toEqual(wanted);
      else expect(() => identityOf({ sub, groups }, { username, groups: prefix })).toThrow(/claim|system:/);
    }),
  );
});
