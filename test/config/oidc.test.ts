import { describe, expect, test } from 'vitest';
import { parseFlags } from '../../src/config/index.ts';

const GOOD = {
  'tls-cert-file': '/tls.crt',
  'tls-private-key-file': '/tls.key',
  'ui-oidc-issuer': 'https://id.example.org/realms/a',
  'ui-oidc-client-id': 'flux',
  'ui-oidc-username-prefix': 'oidc:',
  'ui-oidc-groups-prefix': 'team:',
};

function parse(changes: Readonly<Record<string, string | undefined>> = {}) {
  const flags = Object.entries({ ...GOOD, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
  return parseFlags(flags, { version: '1', environment: {}, readFile: () => '' });
}

test('all flags of OpenID Connect together become its configuration', () => {
  const oidc = { issuer: GOOD['ui-oidc-issuer'], clientId: 'flux', usernamePrefix: 'oidc:', groupsPrefix: 'team:' };
  expect(parse()).toMatchObject({ config: { uiOidc: oidc } });
  expect(parse({ 'ui-oidc-client-secret-file': '/s' })).toMatchObject({
    config: { uiOidc: { ...oidc, clientSecretFile: '/s' } },
  });
});

describe('fluxd does not start', () => {
  test.each([
    ['ui-oidc-issuer', undefined],
    ['ui-oidc-client-id', undefined],
    ['ui-oidc-username-prefix', undefined],
    ['ui-oidc-groups-prefix', undefined],
    ['ui-oidc-groups-prefix', ''],
    ['tls-cert-file', undefined],
    ['ui', 'off'],
    ['ui-oidc-issuer', 'http://id.example.org'],
    ['ui-oidc-issuer', 'https://a:b@id.example.org'],
    ['ui-oidc-issuer', 'https://id.example.org?tenant=a'],
    ['ui-oidc-issuer', 'https://id.example.org#a'],
    ['ui-oidc-issuer', 'id.example.org'],
    ['ui-oidc-username-prefix', 'system:'],
    ['ui-oidc-groups-prefix', 'system:x'],
  ])('with --%s=%s', (name, value) => {
    const parsed = parse({ [name]: value });
    if (!('exit' in parsed)) throw new Error('it starts');
    expect(parsed.stderr).toMatch(/--ui-oidc-[a-z-]+: /);
    expect(parsed.stderr).toContain(name);
  });

  test('with a secret alone', () => {
    const parsed = parseFlags(['--ui-oidc-client-secret-file=/s'], { version: '1', environment: {}, readFile: () => '' });
    expect(parsed).toMatchObject({ exit: 1, stderr: expect.stringContaining('it needs --ui-oidc-issuer') });
  });
});
