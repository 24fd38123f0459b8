import { describe, expect, test } from 'vitest';
import { googleTokens } from '../../../src/registry-watch/credentials/google.ts';
import { renewed } from '../../../src/registry-watch/credentials/provider.ts';
import { sampled } from '../../support/sampled.ts';
import { type Answer, type Asked, cloudClient, LOSSES, startCloud } from './cloud-server.ts';

const PATH = '/computeMetadata/v1/instance/service-accounts/default/token';
const FLAVOR = { 'metadata-flavor': 'Google' };

/** As Google's: it refuses requests without the header, which a web page or a redirect cannot set. */
function metadata({ url, headers }: Asked): Answer {
  if (headers['metadata-flavor'] !== 'Google') return { status: 403, body: 'Missing Metadata-Flavor:Google header.' };
  if (url.pathname !== PATH) return { status: 404 };
  return { headers: FLAVOR, body: { access_token: 'ya29.t0ken', expires_in: 3599, token_type: 'Bearer' } };
}

async function setup(answer: (asked: Asked) => Answer = metadata) {
  const cloud = await startCloud(answer);
  const { clock, ask } = cloudClient();
  const service = googleTokens({ environment: { GCE_METADATA_HOST: cloud.host }, ask });
  return { cloud, clock, service, provider: renewed(service, clock) };
}

test.each<[string, boolean]>([
  ['gcr.io', true],
  ['eu.gcr.io', true],
  ['europe-west1-docker.pkg.dev', true],
  ['docker.pkg.dev', false],
  ['gcr.io.evil.com', false],
  ['evilgcr.io', false],
  ['a.b.gcr.io', false],
  ['gcr.io:8443', false],
  ['x-docker.pkg.dev.evil.com', false],
  ['-docker.pkg.dev', false],
  ['ghcr.io', false],
])('the token is for %s: %s (S-057)', async (host, expected) => {
  const { ask } = cloudClient();
  expect(googleTokens({ environment: {}, ask }).serves(host)).toBe(expected);
});

test('the token is that of the metadata service, which is at its own name by default', async () => {
  const { provider, cloud } = await setup();
  const credential = await provider.credential('gcr.io');
  expect([credential?.username, credential?.password.reveal(), credential?.host]).toEqual([
    'oauth2accesstoken',
    'ya29.t0ken',
    'gcr.io',
  ]);
  expect(cloud.requests).toHaveLength(1);
  const asked: string[] = [];
  const service = googleTokens({
    environment: {},
    ask: async ({ url }) => {
      asked.push(url.href);
      throw new Error('not reached');
    },
  });
  await expect(service.request('gcr.io')).rejects.toThrow();
  expect(asked).toEqual([`http://metadata.google.internal${PATH}`]);
});

describe('an answer without a token is named', () => {
  test.each<[string, Answer, string]>([
    ['of another server', { body: { access_token: 'x', expires_in: 100 } }, 'status 200, but not the expected answer'],
    ['without an end', { headers: FLAVOR, body: { access_token: 'x' } }, 'not the expected answer'],
    ['that is no object', { headers: FLAVOR, body: [] }, 'not the expected answer'],
    ['that is refused', { status: 403, headers: FLAVOR, body: { error: 'forbidden' } }, 'status 403, forbidden'],
    ['that is a redirect', { status: 302, headers: { ...FLAVOR, location: 'http://127.0.0.1:1/' } }, 'status 302'],
  ])('%s', async (_name, answer, message) => {
    const { provider } = await setup(() => answer);
    await expect(provider.credential('gcr.io')).rejects.toMatchObject({
      code: 'registry/no-credential',
      message: expect.stringContaining(message),
      help: expect.stringContaining('imagePullSecret'),
    });
  });
});

test.for(sampled('ways to lose the request', LOSSES, 3))('one request that %s changes nothing', async ([, fault]) => {
  const { provider, cloud } = await setup();
  cloud.lose(1, fault);
  expect((await provider.credential('gcr.io'))?.password.reveal()).toBe('ya29.t0ken');
});
