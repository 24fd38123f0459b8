import { describe, expect, test } from 'vitest';
import {
  parseSignaturePolicy,
  parseSignatureRule,
  parseTagPattern,
  type SignatureDemands,
  signaturePoliciesFor,
} from '../../src/policy/index.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';

describe('a policy', () => {
  test.each([
    ['cosign:acme', { kind: 'key', key: 'acme' }],
    ['cosign:acme-2026.q1', { kind: 'key', key: 'acme-2026.q1' }],
    [
      'cosign-keyless:jane@acme.org@https://accounts.google.com',
      { identity: 'jane@acme.org', issuer: 'https://accounts.google.com' },
    ],
    [
      `cosign-keyless:https://github.com/acme/web/.github/workflows/release.yml@refs/tags/*@${GITHUB}`,
      { identity: 'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/*', issuer: GITHUB },
    ],
  ])('%s', (text, policy) => {
    expect(parseSignaturePolicy(text)).toMatchObject({ text, ...policy });
  });

  test.each([
    '',
    'acme',
    'cosign:',
    'cosign:../acme',
    'cosign:-acme',
    'cosign:a b',
    'cosign:acme ',
    'cosign:acme\n',
    'Cosign:acme',
    'notation:acme',
    'cosign-keyless:',
    'cosign-keyless:jane@acme.org',
    `cosign-keyless:@${GITHUB}`,
    'cosign-keyless:jane@acme.org@http://accounts.google.com',
    'cosign-keyless:jane acme@https://accounts.google.com',
    `cosign-keyless:*@${GITHUB}`,
    `cosign-keyless:***@${GITHUB}`,
    `cosign-keyless:*@*@${GITHUB}`,
    `cosign-keyless:*://*@${GITHUB}`,
    `cosign:${'a'.repeat(2000)}`,
  ])('is not %j', (text) => {
    expect(parseSignaturePolicy(text)).toMatchObject({ text, problem: expect.any(String) });
  });
});

describe('a rule', () => {
  test.each([
    ['ghcr.io/acme/*=cosign:acme', 'ghcr.io/acme/*'],
    ['docker.io/library/alpine=cosign:acme', 'index.docker.io/library/alpine'],
    ['docker.io/alpine=cosign:acme', 'index.docker.io/library/alpine'],
    ['docker.io/*=cosign:acme', 'index.docker.io/*'],
    ['*.example.org/*=cosign:acme', '*.example.org/*'],
    ['*=cosign:acme', '*'],
    ['localhost/web=cosign:acme', 'localhost/web'],
    ['registry:5000/web=cosign:acme', 'registry:5000/web'],
    ['GHCR.io/acme/*=cosign:acme', 'ghcr.io/acme/*'],
    ['ghcr.io:443/acme/*=cosign:acme', 'ghcr.io/acme/*'],
    ['Docker.io/alpine=cosign:acme', 'index.docker.io/library/alpine'],
  ])('%s', (text, images) => {
    expect(parseSignatureRule(text)).toMatchObject({ images, policy: { key: 'acme' } });
  });

  test.each([
    '',
    'cosign:acme',
    '=cosign:acme',
    'acme/*=cosign:acme',
    'alpine=cosign:acme',
    'ghcr.io=cosign:acme',
    'docker.io*=cosign:acme',
    'registry-1.docker.io/acme/*=cosign:acme',
    'docker.io/acme/web:1=cosign:acme',
    'ghcr.io/acme/web@sha256:aa=cosign:acme',
    'ghcr.io/*=acme',
    // No image has such a name, so they would demand nothing.
    'ghcr.io/Acme/*=cosign:acme',
    'ghcr.io/acme/{web,api}=cosign:acme',
    'ghcr.io/acme/web?=cosign:acme',
    'ghcr.io/acme/[a-z]*=cosign:acme',
    'ghcr.io/acme/* =cosign:acme',
    ' ghcr.io/acme/*=cosign:acme',
    'https://ghcr.io/acme/*=cosign:acme',
    'ghcr.io//acme/*=cosign:acme',
    'ghcr.io/acme/=cosign:acme',
    '/ghcr.io/acme/*=cosign:acme',
  ])('is not %j', (text) => {
    expect(parseSignatureRule(text)).toMatchObject({ problem: expect.any(String) });
  });
});

test('the policies of a container are those of the daemon and its own', () => {
  const rules = ['ghcr.io/*=cosign:a', 'ghcr.io/acme/*=cosign:b', 'quay.io/*=cosign:c'].flatMap((text) => {
    const rule = parseSignatureRule(text);
    return 'problem' in rule ? [] : [rule];
  });
  const demands: SignatureDemands = { rules, keys: ['a', 'b', 'c', 'd'], keyless: false };
  const namesOf = (annotations: Readonly<Record<string, string>>, image = 'ghcr.io/acme/web') => {
    const found = signaturePoliciesFor(new Map(Object.entries(annotations)), 'web', image, demands);
    return 'problem' in found ? found.problem : found.map(({ text }) => text);
  };
  expect(namesOf({})).toEqual(['cosign:a', 'cosign:b']);
  expect(namesOf({ 'verify.web': 'cosign:d' })).toEqual(['cosign:a', 'cosign:b', 'cosign:d']);
  expect(namesOf({ 'verify.web': 'cosign:a' })).toEqual(['cosign:a', 'cosign:b']);
  expect(namesOf({ 'verify.other': 'cosign:d' })).toEqual(['cosign:a', 'cosign:b']);
  expect(namesOf({}, 'docker.io/acme/web')).toEqual([]);
  expect(namesOf({ 'verify.web': '' })).toContain('is neither');
  expect(namesOf({ 'verify.web': 'cosign:e' })).toContain('fluxd does not have');
  expect(namesOf({ 'verify.web': `cosign-keyless:jane@acme.org@${GITHUB}` })).toBe('needs --registry-verify-trust-root');
});

test.each([
  ['ghcr.io/acme/web', 'ghcr.io/acme/web'],
  ['ghcr.io/acme/web', 'GHCR.io/acme/web'],
  ['ghcr.io/acme/*', 'ghcr.io:443/acme/web'],
  ['ghcr.io/acme/web', 'ghcr.io/acme/web@sha512'],
  ['docker.io/acme/*', 'registry-1.docker.io/acme/web'],
  ['docker.io/acme/*', 'registry.hub.docker.com/acme/web'],
  ['*', 'ghcr.io/acme/web'],
])('the rule of %s holds for %s', (glob, image) => {
  const rule = parseSignatureRule(`${glob}=cosign:a`);
  if ('problem' in rule) throw new Error(rule.problem);
  const demands = { rules: [rule], keys: ['a'], keyless: false };
  expect(signaturePoliciesFor(new Map(), 'web', image, demands)).toMatchObject([{ text: 'cosign:a' }]);
});

test('no pattern matches the tags of signatures', () => {
  const digest = 'a'.repeat(64);
  for (const pattern of ['glob:*', 'glob:sha256-*', 'regexp:.*'])
    for (const tag of [`sha256-${digest}`, `sha256-${digest}.sig`, `sha256-${digest}.att`])
      expect(parseTagPattern(pattern).matches(tag)).toBe(false);
  expect(parseTagPattern('glob:*').matches('sha256-abc')).toBe(true);
});
