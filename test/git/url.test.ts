import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { safeUrl, sameRepository, syncSetName } from '../../src/git/index.ts';
import { gitAddress } from '../../src/git/validate-url.ts';

test('a variable that Kubernetes left in a URL is named, with what is missing, and without the rest of the URL', () => {
  const refuse = () => gitAddress('https://ann:s3cret@$(GIT_HOST)/o/r');
  expect(refuse).toThrow(/it contains \$\(GIT_HOST\), a variable without a value/);
  expect(refuse).not.toThrow(/s3cret/);
  expect(() => gitAddress('https://$(GIT_AUTHUSER):$(GIT_AUTHKEY)@example.org/o/r')).toThrow(
    expect.objectContaining({ code: 'git/bad-url', help: expect.stringMatching(/envFrom.*--git-token-file/) }),
  );
  expect(() => gitAddress('https://ann:pa$$(x@example.org/o/r')).not.toThrow();
});

describe('safe URL', () => {
  test.each([
    ['git@github.com:o/r', 'ssh://git@github.com/o/r'],
    ['git@github.com:o/r.git', 'ssh://git@github.com/o/r.git'],
    ['git@github.com:/o/r', 'ssh://git@github.com/o/r'],
    ['host:r', 'ssh://host/r'],
    ['https://u:p@h/r.git', 'https://u@h/r.git'],
    ['https://u:p%40%2F@h:8443/r.git', 'https://u@h:8443/r.git'],
    ['https://u:p@ss@h/r.git', 'https://u@h/r.git'],
    ['https://tok@h/x', 'https://tok@h/x'],
    ['https://:p@h/x', 'https://h/x'],
    ['HTTPS://h/x', 'https://h/x'],
    ['ssh://git@h:2222/x.git', 'ssh://git@h:2222/x.git'],
    ['git+ssh://git@h/x', 'git+ssh://git@h/x'],
    ['git://h/x', 'git://h/x'],
    ['https://h/a b', '<unparseable: https://h/a b>'],
    ['https://h', 'https://h'],
    ['https://[::1]:80/x', 'https://[::1]:80/x'],
    ['https://h/x?a=b#c', 'https://h/x?a=b#c'],
    ['/srv/x.git', 'file:///srv/x.git'],
    ['/srv/my repo?', 'file:///srv/my%20repo%3F'],
    ['srv/x', 'file://srv/x'],
    ['file:///srv/x', 'file:///srv/x'],
    ['', 'file:'],
    ['codecommit::eu-west-1://repo', 'file://codecommit::eu-west-1://repo'],
  ])('of %s is %s', (url, safe) => {
    expect(safeUrl(url)).toBe(safe);
  });

  test('of a malformed URL still hides the password', () => {
    expect(safeUrl('https://u:hunter2@h:port/x')).toBe('<unparseable: https://u:***@h:port/x>');
  });

  test('never shows the password, whatever else is odd', () => {
    const part = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~%?#[]@:/ ') });
    fc.assert(
      fc.property(part, part, (host, path) => {
        expect(safeUrl(`https://user:hunter2@${host}/${path}`)).not.toContain('hunter2');
      }),
    );
  });
});

describe('the same repository', () => {
  test.each([
    ['git@github.com:o/r', 'https://github.com/o/r.git', true],
    ['ssh://git@github.com/o/r', 'git@github.com:/o/r.git', true],
    ['https://u:p@h/r', 'https://h/r', true],
    ['ssh://git@h:2222/x', 'ssh://git@h/x', false],
    ['git@github.com:o/r', 'git@gitlab.com:o/r', false],
    ['git@github.com:o/r.git', 'git@GitHub.com:O/R.GIT', true],
    ['/srv/x.git', 'file:///srv/x', true],
  ])('%s and %s: %s', (a, b, same) => {
    expect(sameRepository(a, b)).toBe(same);
    expect(sameRepository(b, a)).toBe(same);
  });
});

test('the sync-set name is that of Flux v1', () => {
  const source = { safeUrl: safeUrl('git@example.org:acme/conf'), branch: 'master', paths: ['apps', 'base'] };
  expect(syncSetName(source)).toBe('xbB77xd7g_-OHj_gZs2MERCxO-HcGxIHpkDjHCDrECU');
});
